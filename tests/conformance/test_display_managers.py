"""The graphical log-in: the real PAM files of LightDM and GDM, and PAM itself asked as they ask.

The programs are not there (they need a screen); what decides whom they let in is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.catalogue.templates import build
from kit.engines.pyinfra.engine import PyinfraEngine
from kit.model.artefact import PackageArtefact, PamArtefact
from kit.reads.pam_stack import CODE, PamStack
from kit.resources.pam_policy import PamPolicy
from tests.conformance.test_pam import observed
from tests.engines import works
from tests.engines.works import run_engine, work
from tests.lab.bench import Lab
from tests.lab.debian import files_of_debian, install_debian
from tests.lab.hosts import Host
from tests.loop.test_second_factor import Phone

pytestmark = [pytest.mark.lab, pytest.mark.full, pytest.mark.timeout(600)]
PACKAGES = {"lightdm": "lightdm", "gdm-password": "gdm3"}
PERSON, PASSWORD = "mdurand", "lab-Durand-4711"
SEED = "3132333435363738393031323334353637383930"
POLICY = build(
    {
        "type": "pam_policy",
        "services": ["login", "sshd", "sudo", *PACKAGES],
        "group": "kit-2fa",
        "exempt": ["esms", "secours"],
        "never_locked": ["secours"],
    },
    {},
)
assert isinstance(POLICY, PamPolicy)


def asked(host: Host, service: str, account: str, *answers: str) -> bool:
    """Whether PAM lets the account in through the service, given these answers."""
    words = ["pamtester", service, account, "authenticate", "acct_mgmt"]
    given = "".join(f"{one}\n" for one in answers).encode()
    return host.run(words, input=given, check=False).returncode == 0


def test_lightdm_and_gdm_ask_for_the_code(
    lab: Lab, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(works, "ENGINE", PyinfraEngine)
    for service, package in PACKAGES.items():
        files = files_of_debian(tmp_path, package, "etc/pam.d")
        assert f"/etc/pam.d/{service}" in files
        for path, content in files.items():
            host.write(path, content)
    install_debian(host, tmp_path / "debian", "pamtester")
    for account in (PERSON, "secours"):
        host.run(["useradd", "-m", account])
        host.run(["chpasswd"], input=f"{account}:{PASSWORD}\n".encode())
    host.run(["groupadd", "-U", PERSON, "kit-2fa"])
    assert all(asked(host, service, PERSON, PASSWORD) for service in PACKAGES)

    host.write("/etc/users.oath", f"HOTP/T30/6 {PERSON} - {SEED}\n", 0o600)
    oath = PackageArtefact(name="libpam-oath", state="present")
    done = run_engine(lab, [work(host, [oath, PamArtefact(profiles=POLICY.profiles())])])
    assert set(done.states(host.name).values()) == {"done"}, done.outcomes
    wanted = {key: POLICY.expectation("pam_stack", key).value for key in POLICY.keys(PamStack)}
    found = observed(host, *wanted)
    assert found == wanted
    for service in PACKAGES:
        assert found[f"{service} member kit-2fa"] == CODE

    phone = Phone(SEED)
    for service in PACKAGES:
        code = phone.code()
        assert asked(host, service, PERSON, PASSWORD, code), service
        assert not asked(host, service, PERSON, PASSWORD, code), "replayed"
        assert not asked(host, service, PERSON, PASSWORD), "missing"
        assert asked(host, service, PERSON, PASSWORD, phone.code()), "and not locked"
        assert asked(host, service, "secours", PASSWORD), "the account of last resort"
        assert not asked(host, service, "secours", "wrong")
