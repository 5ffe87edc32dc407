"""A controller that dies in the middle of an apply, at a moment that is chosen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.loop.lab_site import ROOT, SITE, LabSite


def begin(site: LabSite, *more: str) -> subprocess.Popen[bytes]:
    """``apply`` started on the controller; its events come as lines of standard error."""
    words = [sys.executable, "-m", "kit.cli", "-w", str(site.root), "--lang", "en", "apply", SITE]
    words += ["--json", "--yes", *more]
    return subprocess.Popen(
        [*site.lab.controller_entry(), *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
        start_new_session=True,
    )  # fmt: skip


def members(process: subprocess.Popen[bytes]) -> list[int]:
    """The process and all it started, as long as it lives."""
    found, waiting = [], [process.pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                waiting += [int(word) for word in task.read_text().split()]
            except OSError:
                continue
    return found


def kill(process: subprocess.Popen[bytes]) -> None:
    """As a power cut does: everything at once, nobody is asked."""
    for one in members(process):
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait(30)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def kill_after(process: subprocess.Popen[bytes], events: int) -> int:
    """Kill it once that many events were told; returns how many there were (all: it ended)."""
    assert process.stderr is not None
    assert process.stdout is not None
    # Where it comes to its end all the same, nothing keeps it from telling its whole answer.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    seen = 0
    while seen < events:
        line = process.stderr.readline()
        if not line:
            break
        seen += line.startswith(b"{") and b'"state"' in line
    kill(process)
    return seen


def kill_at(process: subprocess.Popen[bytes], device: str, target: str, state: str) -> None:
    """Kill it as soon as it tells that of a target."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(b"{"):
            told = json.loads(line)
            if (told.get("device"), told.get("target"), told.get("state")) == (
                device,
                target,
                state,
            ):
                break
    else:
        raise AssertionError(f"{target} of {device} was never {state}")
    kill(process)


def run_id(site: LabSite, kind: str = "apply") -> str:
    """The last run of that kind in the site's store."""
    import sqlite3

    path = site.root / ".esms-kit/store.sqlite"
    with sqlite3.connect(path) as connection:
        asked = "SELECT id FROM runs WHERE kind = ? ORDER BY id"
        rows = connection.execute(asked, (kind,)).fetchall()
    return str(rows[-1][0])


def entries(site: LabSite, run: str) -> list[dict[str, Any]]:
    """The journal of a run."""
    found = site.run("journal", "show", run, "--json", expect=[0]).data["entries"]
    return list(json.loads(json.dumps(found)))
