"""The steps of one device: tried in order, blocked, stopped, lost; each told and accounted for."""

from __future__ import annotations

import pytest

from kit.engines.base import ChangeState, Ending, Event, Limits, Work
from kit.engines.failures import FailureCode
from kit.engines.pyinfra.device import DeviceRun
from kit.engines.pyinfra.session import Done, SessionFailed
from kit.engines.watchdog import Watchdog
from kit.model.artefact import FileArtefact, LinesArtefact, PackageArtefact, SysctlArtefact
from kit.model.device import Connection
from kit.redaction import MASK, Redactor
from tests.engines.works import change, pin

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def made(*changes, **others):
    return Work(
        device="pc-1",
        connection=Connection(address="192.0.2.1"),
        account="esms",
        host_keys=(pin("pc-1", KEY),),
        changes=changes,
        **others,
    )


def file(name, after=(), reload=None):
    return change(FileArtefact(path=f"/etc/{name}", reload=reload), after=after)


class Device:
    """Answers each script with the next of ``answers``; keeps what it was told."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.jobs = []
        self.seconds = []

    def run(self, job, seconds, given=b""):
        self.jobs.append(job)
        self.seconds.append(seconds)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Done) else Done(0, answer, b"")


DONE, UNCHANGED = b"done\t\t\t\n", b"unchanged\t\t\t\n"
FULL = b"failed\tdisk_full\t/etc/a\tno room\n"


def carry(work, device, *, stop_after=99, secrets=(), limits=None):
    events: list[Event] = []
    log: list[str] = []
    run = DeviceRun(
        work,
        limits or Limits(),
        Redactor(secrets),
        events.append,
        log.append,
        lambda: len(device.jobs) >= stop_after,
        Watchdog(work, limits or Limits(), "a" * 32, again=None),
    )
    return run.carry_out(device), events, log


def shape(outcome):
    return [(r.target.rpartition("/")[2], r.state.value) for r in outcome.results]


def test_each_change_is_told_before_and_after():
    device = Device(DONE, UNCHANGED)
    outcome, events, _log = carry(made(file("a"), file("b")), device)
    assert outcome.ending is Ending.DONE
    assert [(e.target, e.state.value) for e in events] == [
        ("file:/etc/a", "started"),
        ("file:/etc/a", "done"),
        ("file:/etc/b", "started"),
        ("file:/etc/b", "unchanged"),
    ]


def test_a_failure_blocks_what_needs_it_and_what_needs_that():
    work = made(
        file("a", reload="journald"),
        file("b", ["file:/etc/a"]),
        file("c", ["file:/etc/b"]),
        file("d"),
    )
    outcome, _events, _log = carry(work, Device(FULL, DONE))
    assert outcome.ending is Ending.FAILED
    assert shape(outcome) == [
        ("a", "failed"),
        ("reload:journald", "skipped"),
        ("b", "skipped"),
        ("c", "skipped"),
        ("d", "done"),
    ]
    by_target = {result.target: result.failure for result in outcome.results}
    assert by_target["file:/etc/c"].code is FailureCode.BLOCKED_BY
    assert by_target["file:/etc/c"].subject == "file:/etc/b"


def test_a_run_that_is_stopped_begins_nothing_more():
    outcome, _events, _log = carry(
        made(file("a"), file("b"), file("c")), Device(DONE), stop_after=1
    )
    assert outcome.ending is Ending.INTERRUPTED
    assert shape(outcome) == [("a", "done"), ("b", "skipped"), ("c", "skipped")]


def test_a_stop_after_the_last_change_is_no_interruption():
    outcome, _events, _log = carry(made(file("a")), Device(DONE), stop_after=1)
    assert outcome.ending is Ending.DONE


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (FailureCode.CONNECTION_LOST, FailureCode.CONNECTION_LOST),
        (FailureCode.BROKEN_ANSWER, FailureCode.BROKEN_ANSWER),
        (FailureCode.NO_ANSWER, FailureCode.CONNECTION_LOST),
    ],
)
def test_a_lost_device_leaves_the_change_at_hand_unknown(code, told):
    device = Device(DONE, SessionFailed(code, "x"))
    outcome, _events, _log = carry(made(file("a"), file("b"), file("c")), device)
    assert outcome.ending is Ending.INTERRUPTED
    assert shape(outcome) == [("a", "done"), ("b", "unknown"), ("c", "skipped")]
    assert outcome.results[1].failure.code is told


def test_work_that_stops_at_a_failure_does():
    outcome, _events, _log = carry(made(file("a"), file("b"), on_failure="stop"), Device(FULL))
    assert outcome.ending is Ending.FAILED
    assert shape(outcome) == [("a", "failed"), ("b", "skipped")]


def test_data_that_cannot_be_sent_fails_alone_and_sends_nothing():
    bad = change(LinesArtefact(path="/etc/a", present=("a\nb",)))
    device = Device(DONE)
    outcome, _events, _log = carry(made(bad, file("b")), device)
    assert shape(outcome) == [("a", "failed"), ("b", "done")]
    assert outcome.results[0].failure.code is FailureCode.UNSUPPORTED
    assert len(device.jobs) == 1


def test_packages_have_their_own_time():
    work = made(
        change(PackageArtefact(name="telnet", state="absent")),
        change(SysctlArtefact(name="kernel.x", value="1"), 40),
    )
    device = Device(DONE, DONE)
    carry(work, device, limits=Limits(change_seconds=5, package_seconds=500))
    assert device.seconds == [500, 5]


def test_what_a_device_says_is_redacted_and_plain():
    said = b"failed\tunexpected\t\x1b[2Jhunter2hunter2\tthe \x07code is 123456\n"
    outcome, events, log = carry(
        made(file("a")), Device(Done(0, said, b"hello\n")), secrets=["hunter2hunter2"]
    )
    failure = outcome.results[0].failure
    assert (failure.subject, failure.detail) == (MASK, f"the code is {MASK}")
    assert events[-1].failure == failure
    assert log == ["pc-1 file:/etc/a\nhello"]


def test_records_go_through_json_and_back():
    outcome, events, _log = carry(made(file("a")), Device(FULL))
    assert type(outcome).model_validate_json(outcome.model_dump_json()) == outcome
    assert [Event.model_validate_json(e.model_dump_json()) for e in events] == events
    work = made(file("a", ["file:/etc/b"], "ssh"))
    assert Work.model_validate_json(work.model_dump_json()) == work
    assert ChangeState("unknown") is ChangeState.UNKNOWN
