"""The script of a batch, run on this machine by a shell and userland of choice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.collectors.batch import BatchAnswer, Variables, compose, split
from kit.collectors.limits import Limits
from kit.model.read import Read
from kit.model.snapshot import Answer
from tests.collectors.made_up import nonce

LIMITS = Limits(read_bytes=64 * 1024, said_bytes=512)
PATH_LINE = re.compile(r"^ *PATH=.*$", re.MULTILINE)
APPLETS = ("sh", "cat", "date", "head", "mkdir", "mktemp", "mv", "rm", "sleep", "timeout", "wc",
           "env", "id", "pwd", "touch", "ls", "yes", "true", "ln")  # fmt: skip


@dataclass(frozen=True)
class System:
    """A shell, the programs it finds, and what it runs before the script."""

    shell: str
    path: str = ""
    before: str = ""

    def script(self, text: str) -> str:
        return self.before + self._with_path(text)

    def _with_path(self, text: str) -> str:
        return PATH_LINE.sub(f"PATH={self.path}", text, count=1) if self.path else text


def run(
    system: System,
    requests: Mapping[Read, frozenset[str]],
    place: Path,
    limits: Limits = LIMITS,
    **more: str,
) -> BatchAnswer:
    batch = compose(requests, nonce(1), limits, Variables(**more), places=(str(place),))
    done = subprocess.run(
        [system.shell, "-s"],
        input=system.script(batch.script).encode(),
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    answer = split(done.stdout, batch)
    assert (answer.broken is None) is (done.returncode == 0)
    return answer


def by_name(answer: BatchAnswer) -> dict[str, Answer]:
    assert answer.broken is None
    return {one.read: one for one in answer.answers}


def launch(
    system: System, requests: Mapping[Read, frozenset[str]], place: Path, *, lifeline: bool
) -> subprocess.Popen[bytes]:
    """The script under way; its standard input stays open."""
    batch = compose(
        requests, nonce(2), LIMITS, Variables(), lifeline=lifeline, places=(str(place),)
    )
    process = subprocess.Popen(
        [system.shell, "-s"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(system.script(batch.script).encode())
    process.stdin.flush()
    return process


class started:  # noqa: N801 - used as a function
    """A script that runs, its first fragment under way; ended on leaving whatever happens."""

    def __init__(
        self,
        system: System,
        requests: Mapping[Read, frozenset[str]],
        place: Path,
        *,
        lifeline: bool = False,
    ) -> None:
        self.place = place
        self.process = launch(system, requests, place, lifeline=lifeline)

    def __enter__(self) -> subprocess.Popen[bytes]:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if any(line.startswith("sleep") for line in processes_in(self.place)):
                return self.process
            time.sleep(0.02)
        raise AssertionError("the fragment did not start")

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


PATIENCE = 3.0  # seconds


def left_in(place: Path) -> list[str]:
    """Processes that still work inside ``place`` after a moment.

    One that has just been killed is listed until the kernel has taken it down.
    """
    deadline = time.monotonic() + PATIENCE
    while (found := processes_in(place)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def processes_in(place: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            folder = str((entry / "cwd").readlink())
        except OSError:
            continue
        if folder.startswith(str(place)):
            found.append((entry / "cmdline").read_text(errors="replace"))
    return found
