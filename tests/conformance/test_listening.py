"""From what Ansible tells to outcomes, without Ansible."""

from __future__ import annotations

from typing import Any

import pytest

from kit.engines.ansible.listening import DeviceListening
from kit.engines.base import ChangeState, Ending, Event, Work
from kit.engines.failures import FailureCode
from kit.model.artefact import Artefact, FileArtefact, PackageArtefact, SysctlArtefact
from kit.model.device import Connection
from kit.redaction import Redactor
from tests.engines.works import change

FILE = FileArtefact(path="/etc/x", content="x")
VALUE = SysctlArtefact(name="kernel.kptr_restrict", value="2")
FIRST = PackageArtefact(name="first", state="present")
SECOND = PackageArtefact(name="second", state="present")


class Heard:
    """A device that is listened to."""

    def __init__(self, *artefacts: Artefact, overheard: str = "", jump: str = "") -> None:
        connection = {"address": "192.0.2.9", **({"proxy_jump": jump} if jump else {})}
        self.work = Work(
            device="h1",
            connection=Connection(**connection),
            account="esms",
            host_keys=(),
            changes=tuple(map(change, artefacts)),
        )
        self.events: list[Event] = []
        self.listening = DeviceListening(
            self.work, Redactor(["pass-word-1"]), self.events.append, lambda: overheard
        )

    def ready(self, *artefacts: Artefact) -> None:
        steps = [
            {"target": f"{one.kind}:{change(one).target}", "artefact": {"kind": one.kind}}
            for one in artefacts
        ]
        self.facts(kit_artefacts_ready=steps)

    def facts(self, **facts: Any) -> None:
        self.listening.hear("runner_on_ok", {"res": {"ansible_facts": facts}})

    def told(self, target: str, state: str, **failure: str) -> None:
        one: dict[str, Any] = {"target": target, "state": state, "message": ""}
        self.facts(kit_artefacts_results=[{**one, **({"failure": failure} if failure else {})}])

    def states(self, *, stopped: bool = False) -> tuple[Ending, dict[str, str]]:
        outcome = self.listening.outcome(stopped=stopped)
        return outcome.ending, {one.target: one.state.value for one in outcome.results}


def test_a_run_that_went_well():
    heard = Heard(FILE, VALUE)
    heard.ready(FILE)
    heard.told("file:/etc/x", "done")
    heard.ready(VALUE)
    heard.told("sysctl:kernel.kptr_restrict", "unchanged")
    assert heard.states() == (
        Ending.DONE,
        {"file:/etc/x": "done", "sysctl:kernel.kptr_restrict": "unchanged"},
    )
    assert [event.state for event in heard.events] == [
        ChangeState.STARTED, ChangeState.DONE, ChangeState.STARTED, ChangeState.UNCHANGED,
    ]  # fmt: skip


def test_packages_are_told_one_by_one_and_only_once():
    heard = Heard(FIRST, SECOND)
    heard.ready(FIRST, SECOND)
    step = {"target": "package:first"}
    result = {"kit_artefacts_step": step, "changed": True, "along": ["other"]}
    heard.listening.hear("runner_item_on_ok", {"res": result, "task_action": "kit_package"})
    heard.told("package:first", "done")
    assert [(event.target, event.state.value) for event in heard.events] == [
        ("package:first", "started"),
        ("package:first", "done"),
        ("package:second", "started"),
    ]
    assert heard.events[1].message == "other"
    assert heard.states()[1]["package:second"] == "unknown"


def test_a_connection_lost_in_the_middle():
    heard = Heard(FILE, VALUE)
    heard.ready(FILE)
    heard.listening.hear("runner_on_unreachable", {"res": {"msg": "Shared connection closed"}})
    assert heard.states() == (
        Ending.INTERRUPTED,
        {"file:/etc/x": "unknown", "sysctl:kernel.kptr_restrict": "skipped"},
    )
    assert heard.listening.outcome(stopped=False).failure.code is FailureCode.CONNECTION_LOST


def test_nothing_heard_is_never_a_success():
    ending, states = Heard(FILE).states()
    assert (ending, states) == (Ending.INTERRUPTED, {"file:/etc/x": "skipped"})
    assert Heard(FILE).listening.outcome(stopped=False).failure.code is FailureCode.WORKER_DIED
    assert Heard(FILE).listening.outcome(stopped=True).failure.code is FailureCode.STOPPED


def test_an_unknown_code_is_unexpected_and_secrets_are_masked():
    heard = Heard(FILE)
    heard.ready(FILE)
    heard.told("file:/etc/x", "failed", code="no_such_code", detail="it said pass-word-1")
    (result,) = heard.listening.outcome(stopped=False).results
    assert result.failure.code is FailureCode.UNEXPECTED
    assert "pass-word-1" not in result.failure.detail


@pytest.mark.parametrize(
    ("said", "code", "ending"),
    [
        ("ssh: connect to host x port 22: No route to host", "not_reached", "not_reached"),
        ("Host key verification failed.", "key_changed", "failed"),
        ("esms@x: Permission denied (publickey).", "login_refused", "failed"),
        ("Connection timed out during banner exchange", "no_answer", "failed"),
        ("what was that?", "no_answer", "failed"),
    ],
)
def test_the_way_to_a_device(said: str, code: str, ending: str):
    heard = Heard(FILE)
    heard.listening.hear("runner_on_unreachable", {"res": {"msg": said}})
    outcome = heard.listening.outcome(stopped=False)
    assert (outcome.failure.code, outcome.ending) == (code, ending)


@pytest.mark.parametrize(
    ("said", "code", "subject"),
    [
        ("Host key verification failed.", "key_changed", "192.0.2.1"),
        ("me@192.0.2.1: Permission denied (publickey).", "login_refused", "me"),
        ("open failed: connect failed\nstdio forwarding failed", "not_reached", "192.0.2.9"),
        ("administratively prohibited\nstdio forwarding failed", "jump_failed", "192.0.2.1"),
    ],
)
def test_the_way_through_a_jump_host(said: str, code: str, subject: str):
    heard = Heard(FILE, overheard=said, jump="me@192.0.2.1")
    heard.listening.hear("runner_on_unreachable", {"res": {"msg": "Connection closed"}})
    failure = heard.listening.outcome(stopped=False).failure
    assert (failure.code, failure.subject) == (code, subject)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Missing sudo password", "sudo_refused"),
        ("python missing: /usr/bin/python3 is not on this host.", "python_missing"),
        ("python too old: it is Python 3.5", "python_too_old"),
        ("something else", "unexpected"),
    ],
)
def test_a_device_that_cannot_be_worked_on(said: str, code: str):
    heard = Heard(FILE)
    heard.listening.hear("runner_on_failed", {"res": {"msg": said}, "task": "Stop"})
    outcome = heard.listening.outcome(stopped=False)
    assert (outcome.ending, outcome.failure.code) == (Ending.FAILED, code)
