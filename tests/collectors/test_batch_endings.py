"""How the script ends: in time, on a signal, with nothing left behind."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from kit.collectors.batch import Broken, Variables, compose, split
from kit.collectors.limits import Limits
from kit.model.observation import Unread
from tests.collectors.batches import (
    LIMITS,
    System,
    by_name,
    launch,
    left_in,
    run,
    started,
)
from tests.collectors.made_up import KEYS, MadeUp, nonce, reads

SLOW = (
    "sleep 300",
    "sleep 300 & sleep 300",
    "(sleep 300)",
    "trap '' TERM; while :; do sleep 0.2; done",
)


def test_a_slow_read_ends_alone_with_all_it_started(system: System, tmp_path: Path) -> None:
    def check(number: int) -> None:
        place = tmp_path / str(number)
        place.mkdir()
        requests = {
            **reads(a="echo a", c="echo c"),
            MadeUp("b_slow", SLOW[number], seconds=1): KEYS,
        }
        found = by_name(run(system, requests, place))
        refusal = found["b_slow"].raw().refusal()
        assert refusal is not None
        assert refusal.reason is Unread.TIMEOUT
        assert (found["a"].stdout, found["c"].stdout) == (b"a\n", b"c\n")
        assert list(place.iterdir()) == []

    begun = time.monotonic()
    with ThreadPoolExecutor() as pool:
        list(pool.map(check, range(len(SLOW))))
    assert time.monotonic() - begun < 20
    assert left_in(tmp_path) == []


SLOW_TO_KILL = """
kill() {
    command kill "$@"
    case $* in "-s KILL"*) sleep 0.5 ;; esac
}
"""


def test_the_script_does_not_end_before_all_that_is_late_has(
    system: System, tmp_path: Path
) -> None:
    """It ends the watch with itself: what the watch had only stopped would stay for ever."""
    slow = replace(system, before=SLOW_TO_KILL)
    late = {MadeUp("late", "(sleep 300; echo) | cat", seconds=1): KEYS}
    refusal = by_name(run(slow, late, tmp_path))["late"].raw().refusal()
    assert refusal is not None
    assert refusal.reason is Unread.TIMEOUT
    assert list(tmp_path.iterdir()) == []
    assert left_in(tmp_path) == []


def test_the_time_of_the_whole_batch_is_bounded(system: System, tmp_path: Path) -> None:
    requests = {MadeUp(f"r{i}", "sleep 300", seconds=60): KEYS for i in range(4)}
    limits = Limits(device_seconds=2, answer_seconds=30)
    begun = time.monotonic()
    answer = run(system, {**reads(a="echo a"), **requests}, tmp_path, limits)
    assert time.monotonic() - begun < 12
    assert answer.answers[0].stdout == b"a\n"
    reasons = [one.raw().refusal() for one in answer.answers[1:]]
    assert [one.reason for one in reasons if one] == [Unread.TIMEOUT] * 4


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE])
def test_signals_leave_nothing_behind(name: signal.Signals, system: System, tmp_path: Path) -> None:
    with started(system, reads(a=f": {tmp_path}; sleep 300 & sleep 300"), tmp_path) as process:
        process.send_signal(name)
        assert process.wait(10) != 0
    assert list(tmp_path.iterdir()) == []
    assert left_in(tmp_path) == []


def test_the_script_ends_with_all_it_started_every_time(system: System, tmp_path: Path) -> None:
    """Short batches end while their own watch has hardly begun."""

    def once(number: int) -> None:
        assert run(system, reads(a="echo") if number % 2 else {}, tmp_path).broken is None

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(once, range(100)))
    assert list(tmp_path.iterdir()) == []
    assert [line for line in shells(system) if line] == []


def shells(system: System) -> list[str]:
    """Processes of this very shell, when it is one of the test's own."""
    if not system.path:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_text(errors="replace")
            if line.startswith(system.shell):
                found.append(line)
    return found


def test_a_signal_at_any_moment_leaves_nothing_behind(system: System, tmp_path: Path) -> None:
    fragment = f": {tmp_path}; sleep 0.01; sleep 300"
    for step in range(15):
        process = launch(system, reads(a="echo", b=fragment), tmp_path, lifeline=False)
        time.sleep(step / 250)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    time.sleep(0.1)
    assert left_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_the_lifeline_ends_the_script(system: System, tmp_path: Path) -> None:
    with started(system, reads(a=f": {tmp_path}; sleep 300"), tmp_path, lifeline=True) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 143
    assert list(tmp_path.iterdir()) == []
    assert left_in(tmp_path) == []


def test_a_reader_that_goes_away_ends_the_script(system: System, tmp_path: Path) -> None:
    fragment = f": {tmp_path}; sleep 0.3; head -c 60000 /dev/zero"
    with started(system, reads(a=fragment, b=fragment), tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.wait(10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.99])
def test_half_a_script_does_nothing(part: float, system: System, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    batch = compose(
        reads(a=f"echo >{witness}", b=f"echo >{witness}"), nonce(), LIMITS, Variables(),
        places=(str(tmp_path),),
    )  # fmt: skip
    script = system.script(batch.script)
    end = script.index("\nmain\nexit\n")
    done = subprocess.run(
        [system.shell, "-s"],
        input=script[: int(end * part)].encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert split(done.stdout, batch).broken is Broken.NO_BEGIN
    assert list(tmp_path.iterdir()) == []
