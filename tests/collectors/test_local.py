"""This machine, read by the account that runs the kit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kit.collectors.limits import Limits
from kit.collectors.local import collect_local
from kit.model.observation import Unread
from kit.model.snapshot import Outcome
from tests.collectors import made_up
from tests.collectors.batches import processes_in


def test_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    monkeypatch.setenv("MY_TOKEN", "hidden")
    requests = made_up.reads(who="id -u; echo $KIT_ACCOUNT", env="env", denied="exit 126")
    found = collect_local("this", requests, "me", made_up.controller(tmp_path))
    assert (found.outcome, found.detail, found.collector) == (Outcome.DONE, "", "local")
    answers = {answer.read: answer for answer in found.answers}
    assert answers["who"].stdout == f"{os.geteuid()}\nme\n".encode()
    assert b"hidden" not in answers["env"].stdout
    assert b"fr_FR" not in answers["env"].stdout
    refusal = answers["denied"].raw().refusal()
    assert refusal is not None
    assert refusal.reason is Unread.DENIED


def test_too_much_and_too_late(tmp_path: Path) -> None:
    controller = made_up.controller(tmp_path)
    flood = made_up.reads(a="head -c 300000 /dev/zero", b="head -c 300000 /dev/zero")
    limits = Limits(answer_bytes=400_000)
    large = collect_local("this", flood, "me", controller, limits)
    assert (large.outcome, large.answers) == (Outcome.TOO_LARGE, ())
    # The device's own limit comes first: the slow read is answered as late, the others as usual.
    limits = Limits(answer_seconds=20, device_seconds=1)
    slow = collect_local("this", made_up.reads(a="echo", b="sleep 60"), "me", controller, limits)
    assert slow.outcome is Outcome.DONE
    assert [answer.exit_status for answer in slow.answers] == [0, 124]
    # And should it not hold, nobody waits for ever.
    limits = Limits(answer_seconds=1.5, device_seconds=1)
    begun = time.monotonic()
    stuck = made_up.reads(a=f": {tmp_path}; trap '' TERM; sleep 60; sleep 60")
    late = collect_local("this", stuck, "me", controller, limits)
    assert late.outcome in (Outcome.TIMEOUT, Outcome.DONE)
    assert time.monotonic() - begun < 10


INTERRUPTED = """
import sys
from pathlib import Path
from kit.collectors.local import collect_local
from tests.collectors import made_up
folder = sys.argv[1]
try:
    reads = made_up.reads(a=f"pwd >{folder}/under-way; sleep 300")
    collect_local("this", reads, "me", made_up.controller(Path(folder)))
except KeyboardInterrupt:
    print("interrupted")
"""


def test_interrupted_it_leaves_nothing_behind(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    mark = tmp_path / "under-way"
    until = time.monotonic() + 20
    while not (mark.exists() and mark.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    folder = Path(mark.read_text().strip())
    assert folder.is_dir()
    process.send_signal(signal.SIGINT)
    said, _none = process.communicate(timeout=15)
    assert said == b"interrupted\n"
    assert not folder.parent.exists()
    assert processes_in(folder) == []
