"""Whatever the worker does, every device has an outcome and nothing is told in clear."""

from __future__ import annotations

import os
import sys
import time

import pytest

from kit.engines import process
from kit.engines.base import ChangeState, Ending, Event, Limits, Outcome
from kit.engines.failures import FailureCode
from kit.engines.job import Message
from kit.engines.pyinfra.engine import PyinfraEngine
from kit.errors import EngineError
from kit.model.artefact import AccountArtefact
from kit.model.device import Connection, Sudo
from kit.model.secret import SecretReference
from kit.redaction import MASK, Redactor
from kit.secrets.reference import SecretResolver
from tests.engines.test_device import file, made
from tests.engines.works import change

SHORT = Limits(
    connect_seconds=1, login_seconds=1, change_seconds=1, package_seconds=1, lock_seconds=1
)
STARTED = Message(event=Event(device="pc-1", target="file:/etc/a", state=ChangeState.STARTED))
DONE = Message(event=Event(device="pc-1", target="file:/etc/a", state=ChangeState.DONE))
OUTCOME = Message(outcome=Outcome(device="pc-1", ending=Ending.DONE))


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """Puts a made-up program in the worker's place."""

    def put(body: str) -> None:
        path = tmp_path / "worker"
        path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{body}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))

    return put


def says(*messages: Message) -> str:
    text = "".join(f"{message.model_dump_json()}\n" for message in messages)
    return f"sys.stdin.readline(); sys.stdout.write({text!r}); sys.stdout.flush()"


def run(tmp_path, works=(), *, environment=None, on_event=lambda _event: None):
    log: list[str] = []
    engine = PyinfraEngine(Redactor(), log.append)
    resolver = SecretResolver(tmp_path, environment or {})
    given = list(works) or [made(file("a"), file("b"))]
    return engine.run(given, resolver, SHORT, on_event), log


def states(outcome):
    return [result.state.value for result in outcome.results]


def test_events_and_outcomes_are_passed_on(tmp_path, worker):
    worker(says(STARTED, DONE, OUTCOME))
    seen = []
    outcomes, _log = run(tmp_path, on_event=seen.append)
    assert outcomes == {"pc-1": OUTCOME.outcome}
    assert seen == [STARTED.event, DONE.event]


def test_a_worker_that_dies_leaves_an_account_as_far_as_told(tmp_path, worker):
    worker(says(STARTED) + "; os._exit(3)")
    outcomes, _log = run(tmp_path)
    assert outcomes["pc-1"].ending is Ending.INTERRUPTED
    assert outcomes["pc-1"].failure.code is FailureCode.WORKER_DIED
    assert states(outcomes["pc-1"]) == ["unknown", "skipped"]


def test_a_worker_that_never_begins_leaves_everything_skipped(tmp_path, worker):
    worker("sys.exit(1)")
    outcomes, _log = run(tmp_path)
    assert states(outcomes["pc-1"]) == ["skipped", "skipped"]
    assert outcomes["pc-1"].ending is Ending.INTERRUPTED


def test_a_mute_worker_is_ended(tmp_path, worker, monkeypatch):
    monkeypatch.setattr(process, "ENDING_SECONDS", 1)
    worker(says(STARTED) + "; time.sleep(600)")
    begun = time.monotonic()
    outcomes, _log = run(tmp_path)
    assert time.monotonic() - begun < 30
    assert outcomes["pc-1"].failure.code is FailureCode.WORKER_DIED


def test_what_is_no_message_goes_to_the_log_and_nowhere_else(tmp_path, worker):
    worker(
        "print('{\"event\": 1}'); print('\\x1b[2Jgarbage'); print('chatter', file=sys.stderr);"
        + says(OUTCOME)
    )
    outcomes, log = run(tmp_path)
    assert outcomes == {"pc-1": OUTCOME.outcome}
    assert {'{"event": 1}', "garbage", "chatter"} <= set(log)


def test_devices_nobody_asked_about_are_left_out(tmp_path, worker):
    other = Message(outcome=Outcome(device="pc-9", ending=Ending.DONE))
    worker(says(other, OUTCOME))
    assert set(run(tmp_path)[0]) == {"pc-1"}


def with_password():
    connection = Connection(
        address="192.0.2.1", sudo=Sudo.PASSWORD, sudo_password=SecretReference(env="SUDO")
    )
    return made(file("a")).model_copy(update={"connection": connection})


def test_a_password_goes_by_standard_input_alone_and_never_into_the_log(tmp_path, worker):
    os.environ["SUDO"] = "hunter2hunter2"
    try:
        worker(
            "job = sys.stdin.readline(); print('in job', 'hunter2hunter2' in job);"
            "print('elsewhere', 'hunter2hunter2' in repr(os.environ) + repr(sys.argv));"
            "print('said hunter2hunter2', file=sys.stderr);"
            f"sys.stdout.write({OUTCOME.model_dump_json()!r}); sys.stdout.flush()"
        )
        outcomes, log = run(tmp_path, [with_password()], environment={"SUDO": "hunter2hunter2"})
    finally:
        del os.environ["SUDO"]
    assert {"in job True", "elsewhere False", f"said {MASK}"} <= set(log)
    assert outcomes["pc-1"].ending is Ending.DONE


def test_a_missing_secret_fails_its_device_and_starts_nothing(tmp_path, worker):
    worker("open(sys.argv[-1] + '/../started', 'w')")
    outcomes, _log = run(tmp_path, [with_password()])
    assert outcomes["pc-1"].ending is Ending.FAILED
    assert outcomes["pc-1"].failure.code is FailureCode.SECRET_MISSING
    assert "SUDO" in outcomes["pc-1"].failure.detail
    assert states(outcomes["pc-1"]) == ["skipped"]


def test_no_work_starts_no_worker(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    engine = PyinfraEngine(Redactor(), print)
    assert engine.run([], SecretResolver(tmp_path, {}), SHORT, print) == {}


def test_an_engine_that_cannot_start_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    with pytest.raises(EngineError):
        run(tmp_path)


def test_a_first_interrupt_asks_and_a_second_one_ends(tmp_path, worker):
    # It goes on after its input has ended; only a second Ctrl-C ends it.
    again = says(DONE).replace("readline", "read")
    worker(f"{says(STARTED)}; {again}; time.sleep(600)")

    def interrupt(_event):
        raise KeyboardInterrupt

    begun = time.monotonic()
    outcomes, _log = run(tmp_path, on_event=interrupt)
    assert time.monotonic() - begun < 20
    assert outcomes["pc-1"].ending is Ending.INTERRUPTED
    assert states(outcomes["pc-1"]) == ["done", "skipped"]


def test_an_error_of_the_listener_ends_the_worker_at_once(tmp_path, worker):
    worker(says(STARTED) + "; time.sleep(600)")

    def fail(_event):
        raise ZeroDivisionError

    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, on_event=fail)
    assert time.monotonic() - begun < 20


def with_account(name="SEALED"):
    artefact = AccountArtefact(name="sealed", password=SecretReference(env=name))
    return made(change(artefact)).model_copy(update={"device": "pc-2"})


def test_secrets_of_artefacts_go_the_same_way_and_plans_hold_their_names_only(tmp_path, worker):
    worker(
        "job = sys.stdin.readline(); print('in job', job.count('hunter2hunter2'));"
        "print('elsewhere', 'hunter2hunter2' in repr(os.environ) + repr(sys.argv));"
        "print('said hunter2hunter2', file=sys.stderr)"
    )
    given = with_account()
    assert given.changes[0].model_dump(mode="json")["artefact"]["password"]["env"] == "SEALED"
    outcomes, log = run(tmp_path, [given], environment={"SEALED": "hunter2hunter2"})
    assert {"in job 1", "elsewhere False", f"said {MASK}"} <= set(log)
    assert "hunter2" not in outcomes["pc-2"].model_dump_json()


@pytest.mark.parametrize("environment", [{}, {"SEALED": "two\nlines"}])
def test_a_missing_secret_of_an_artefact_fails_its_device_alone(tmp_path, worker, environment):
    worker(says(OUTCOME))
    works = [made(file("a"), file("b")), with_account()]
    outcomes, _log = run(tmp_path, works, environment=environment)
    assert outcomes["pc-1"].ending is Ending.DONE
    assert outcomes["pc-2"].failure.code is FailureCode.SECRET_MISSING
    assert outcomes["pc-2"].failure.subject == "env SEALED"
    assert states(outcomes["pc-2"]) == ["skipped"]
