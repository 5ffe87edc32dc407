"""What PAM asks, brought about by each engine on a real host; and what is never touched."""

from __future__ import annotations

import pytest

from kit.catalogue.templates import build
from kit.engines.ansible.engine import AnsibleEngine
from kit.engines.pyinfra.engine import PyinfraEngine
from kit.model.artefact import PackageArtefact, PamArtefact
from kit.model.observation import Observed
from kit.model.read import Form, Raw
from kit.reads.pam_stack import PASSWORD, PamStack
from kit.resources.pam_policy import PamPolicy
from tests.engines import works
from tests.engines.works import run_engine, work
from tests.lab.bench import Lab
from tests.lab.hosts import Host

pytestmark = pytest.mark.lab
POLICY = build(
    {
        "type": "pam_policy",
        "services": ["login", "sshd", "sudo"],
        "group": "kit-2fa",
        "exempt": ["esms", "kit-secours"],
        "never_locked": ["kit-secours"],
    },
    {},
)
assert isinstance(POLICY, PamPolicy)
ARTEFACT = PamArtefact(profiles=POLICY.profiles())
OATH = PackageArtefact(name="libpam-oath", state="present")
TARGET = "pam:esms-kit"
FILES = ["sh", "-c", "cd / && sha256sum etc/pam.d/* var/lib/pam/* usr/share/pam-configs/*"]


# What pyinfra does is shown by the other tests here, and by those of the whole loop.
@pytest.fixture(
    params=[pytest.param(PyinfraEngine, marks=pytest.mark.full), AnsibleEngine],
    ids=["pyinfra", "ansible"],
)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works, "ENGINE", request.param)


def observed(host: Host, *keys: str) -> dict[str, object]:
    script = PamStack().command(frozenset(keys), Form.POSIX).text
    done = host.run(["sh", "-c", f"cd $(mktemp -d) && {{ {script}\n}}"])
    found = PamStack().parse(
        Raw(Form.POSIX, done.stdout, b"", done.returncode, ended=True), frozenset(keys)
    )
    return {key: one.value if isinstance(one, Observed) else one for key, one in found.items()}


def refused(lab: Lab, host: Host, *artefacts: object) -> str:
    """What is said when the policy is refused; nothing may have changed."""
    files = host.run(FILES).stdout
    done = run_engine(lab, [work(host, [*artefacts, ARTEFACT])])  # type: ignore[list-item]
    assert done.codes(host.name) == {TARGET: "validator_refused"}
    assert host.run(FILES).stdout == files
    failures = [one.failure for one in done.outcomes[host.name].results if one.failure]
    return failures[-1].detail


def test_the_policy_is_put_in_use_and_then_left_alone(lab: Lab, host: Host, engine: None) -> None:
    wanted = {key: POLICY.expectation("pam_stack", key) for key in POLICY.keys(PamStack)}
    before = observed(host, "login member kit-2fa", "login lockout")
    assert before == {"login member kit-2fa": PASSWORD, "login lockout": "none"}
    done = run_engine(lab, [work(host, [OATH, ARTEFACT])])
    assert done.states(host.name) == {"package:libpam-oath": "done", TARGET: "done"}, done.log
    assert observed(host, *wanted) == {key: one.value for key, one in wanted.items()}
    others = observed(host, "login anyone", "sshd anyone")
    assert set(others.values()) == {PASSWORD}

    files = host.run(FILES).stdout
    assert run_engine(lab, [work(host, [ARTEFACT])]).states(host.name) == {TARGET: "unchanged"}
    assert host.run(FILES).stdout == files


def test_what_was_edited_by_hand_is_left_and_what_turns_out_otherwise_put_back(
    lab: Lab, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(works, "ENGINE", PyinfraEngine)
    refused_for_what_is_on_the_host(lab, host)


@pytest.mark.full
def test_the_same_with_ansible(lab: Lab, host: Host) -> None:
    refused_for_what_is_on_the_host(lab, host)


def refused_for_what_is_on_the_host(lab: Lab, host: Host) -> None:
    assert refused(lab, host) == "pam_oath.so"  # its package is not there yet
    su = host.run(["cat", "/etc/pam.d/su"]).stdout
    wrong = "auth sufficient pam_rootok.so\naccount required pam_deny.so\n"
    host.write("/etc/pam.d/su", f"{wrong}session required pam_permit.so\n")
    run_engine(lab, [work(host, [OATH])])
    assert refused(lab, host)  # the account phase refuses: found by calling it, and undone
    host.write("/etc/pam.d/su", su)
    assert run_engine(lab, [work(host, [ARTEFACT])]).states(host.name) == {TARGET: "done"}
    less = PamArtefact(profiles=POLICY.profiles()[:2])
    assert run_engine(lab, [work(host, [less])]).states(host.name) == {TARGET: "done"}
    assert observed(host, "login member kit-2fa")["login member kit-2fa"] == PASSWORD
    assert b"pam_oath" not in host.run(["cat", "/etc/pam.d/common-auth"]).stdout
    edit = r"1,/pam_unix/s/^auth.*pam_unix.*/&\nauth optional pam_warn.so/"
    host.run(["sed", "-i", edit, "/etc/pam.d/common-auth"])
    assert "pam-auth-update" in refused(lab, host)
