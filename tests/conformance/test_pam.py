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


@pytest.fixture(params=[PyinfraEngine, AnsibleEngine], ids=["pyinfra", "ansible"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works, "ENGINE", request.param)


def observed(host: Host, *keys: str) -> dict[str, object]:
    script = PamStack().command(frozenset(keys), Form.POSIX).text
    done = host.run(["sh", "-c", f"cd $(mktemp -d) && {{ {script}\n}}"])
    found = PamStack().parse(
        Raw(Form.POSIX, done.stdout, b"", done.returncode, ended=True), frozenset(keys)
    )
    return {key: one.value if isinstance(one, Observed) else one for key, one in found.items()}


def test_the_policy_is_put_in_use_and_then_left_alone(lab: Lab, host: Host, engine: None) -> None:
    wanted = {key: POLICY.expectation("pam_stack", key) for key in POLICY.keys(PamStack)}
    before = observed(host, "login member kit-2fa", "login lockout")
    assert before == {"login member kit-2fa": PASSWORD, "login lockout": "none"}
    done = run_engine(lab, [work(host, [OATH, ARTEFACT])])
    assert done.states(host.name) == {"package:libpam-oath": "done", TARGET: "done"}, done.log
    assert observed(host, *wanted) == {key: one.value for key, one in wanted.items()}
    assert observed(host, "login anyone", "sshd anyone") == {
        "login anyone": PASSWORD,
        "sshd anyone": PASSWORD,
    }
    files = host.run(FILES).stdout
    assert run_engine(lab, [work(host, [ARTEFACT])]).states(host.name) == {TARGET: "unchanged"}
    assert host.run(FILES).stdout == files


def test_a_profile_that_is_not_wanted_any_more_goes(lab: Lab, host: Host, engine: None) -> None:
    run_engine(lab, [work(host, [OATH, ARTEFACT])])
    less = PamArtefact(profiles=POLICY.profiles()[:2])
    assert run_engine(lab, [work(host, [less])]).states(host.name) == {TARGET: "done"}
    assert observed(host, "login member kit-2fa")["login member kit-2fa"] == PASSWORD
    assert b"pam_oath" not in host.run(["cat", "/etc/pam.d/common-auth"]).stdout


def test_files_edited_by_hand_are_left_alone_and_named(lab: Lab, host: Host, engine: None) -> None:
    host.run(["sed", "-i", "1,/pam_unix/s/^auth.*pam_unix.*/&\\nauth optional pam_warn.so/",
              "/etc/pam.d/common-auth"])  # fmt: skip
    files = host.run(FILES).stdout
    done = run_engine(lab, [work(host, [ARTEFACT])])
    assert done.codes(host.name) == {TARGET: "validator_refused"}
    assert host.run(FILES).stdout == files


def test_without_its_module_nothing_is_changed(lab: Lab, host: Host, engine: None) -> None:
    files = host.run(FILES).stdout
    done = run_engine(lab, [work(host, [ARTEFACT])])
    assert done.codes(host.name) == {TARGET: "validator_refused"}
    (failure,) = (one.failure for one in done.outcomes[host.name].results)
    assert failure is not None
    assert failure.detail == "pam_oath.so"
    assert host.run(FILES).stdout == files


def test_what_turns_out_otherwise_is_put_back(lab: Lab, host: Host, engine: None) -> None:
    """An account phase that refuses: found by calling it, and undone."""
    su = "auth sufficient pam_rootok.so\naccount required pam_deny.so\n"
    host.write("/etc/pam.d/su", f"{su}session required pam_permit.so\n")
    run_engine(lab, [work(host, [OATH])])
    files = host.run(FILES).stdout
    done = run_engine(lab, [work(host, [ARTEFACT])])
    assert done.codes(host.name) == {TARGET: "validator_refused"}
    assert host.run(FILES).stdout == files
