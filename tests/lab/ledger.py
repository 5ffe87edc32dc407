"""Which labs are open on this machine: one folder each, named after the process that opened it.

A name holds all that tells a living owner from a dead one: the PID namespace, the process id and
the process's start time. What a dead owner left is removed when the next lab opens; a living
owner's is never touched.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any, Final

_NAME: Final = re.compile(r"esms-lab-(\d+)-(\d+)-(\d+)-(\d+)\Z")
_COUNTER = itertools.count(1)


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] in {"Z", "X"} else int(fields[19])


def new_name() -> str:
    """A name for a lab that this process opens."""
    pid = os.getpid()
    return f"esms-lab-{_pid_namespace()}-{pid}-{start_time(pid)}-{next(_COUNTER)}"


def is_stale(name: str, seen_by: str = "") -> bool:
    """Whether a name is that of a lab whose owner is dead.

    Owners in another PID namespace than this process's (or than the owner of the lab ``seen_by``)
    cannot be seen from here and count as alive.
    """
    match = _NAME.match(name)
    observer = _NAME.match(seen_by)
    if not match:
        return False
    namespace, pid, started, _number = (int(part) for part in match.groups())
    ours = int(observer.group(1)) if observer else _pid_namespace()
    return namespace == ours and start_time(pid) != started


def _pid_namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Replace the state file of a lab's folder in one step."""
    beside = folder / "state.json.new"
    beside.write_text(json.dumps(state, indent=1, sort_keys=True) + "\n")
    beside.replace(folder / "state.json")


def read_states(runs: Path) -> dict[str, dict[str, Any]]:
    """The state of every open lab, by name."""
    states = {}
    for path in sorted(runs.glob("esms-lab-*/state.json")):
        if not is_stale(path.parent.name):
            with contextlib.suppress(OSError, ValueError):
                states[path.parent.name] = json.loads(path.read_text())
    return states


def sweep(runs: Path) -> list[str]:
    """Remove what dead owners left on disk; their names. Their wardens were dying already.

    The control groups are swept by the next warden, which sees them.
    """
    swept = []
    for folder in sorted(runs.glob("esms-lab-*")):
        if not is_stale(folder.name):
            continue
        with contextlib.suppress(OSError, ValueError, KeyError):
            state = json.loads((folder / "state.json").read_text())
            _end(int(state["warden"]), int(state["warden_started"]))
        shutil.rmtree(folder, ignore_errors=True)
        swept.append(folder.name)
    return swept


def _end(pid: int, started: int) -> None:
    """Let a warden finish by itself (it notices its owner's death at once), else kill it."""
    deadline = time.monotonic() + 5
    while start_time(pid) == started and started:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)
