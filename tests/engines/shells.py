"""Run an executor's script on this machine, in a folder of its own, under each shell."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.engines.base import ChangeState
from kit.engines.failures import FailureCode
from kit.engines.pyinfra.order import Order, Reply, compose, understand

DONE, UNCHANGED, FAILED = ChangeState.DONE, ChangeState.UNCHANGED, ChangeState.FAILED
SHELLS = ("dash", "busybox sh")
TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Bench:
    """Where a script runs: its private folder, its notes on due reloads, programs of its own."""

    shell: str
    folder: Path

    def __post_init__(self) -> None:
        for name in ("private", "pending", "bin", "root"):
            (self.folder / name).mkdir(mode=0o700)

    @property
    def root(self) -> Path:
        """A folder for files to be changed."""
        return self.folder / "root"

    @property
    def due(self) -> list[str]:
        """The reload actions noted."""
        return sorted(path.name for path in (self.folder / "pending").iterdir())

    @property
    def calls(self) -> list[str]:
        """What the made-up programs were called with, in order."""
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def program(self, name: str, script: str) -> None:
        """A program of this name in front of the machine's own; its calls are noted."""
        path = self.folder / "bin" / name
        noted = f'printf "%s\\n" "{name} $*" >>{shlex.quote(str(self.folder))}/calls\n'
        path.write_text(f"#!/bin/sh\n{noted}{script}\n")
        path.chmod(0o755)

    def forget_session(self) -> None:
        """As when another session begins."""
        for path in (self.folder / "private").iterdir():
            path.unlink()

    def script(self, order: Order, **others: str) -> bytes:
        """The script, its limits and notes turned to this folder."""
        extra = {
            "KIT_ALWAYS": "no",
            "KIT_LOCK_SECONDS": "0",
            "KIT_PENDING": str(self.folder / "pending"),
        }
        return compose(Order(order.scripts, {**order.variables, **extra, **others}))

    def run(self, order: Order, **others: str) -> Reply:
        """Run it and understand its answer."""
        done = self.run_script(self.script(order, **others))
        return understand(done.returncode, done.stdout, done.stderr, 60)

    def run_script(
        self, script: bytes, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run it as the runner on a device does."""
        job = self.folder / "private" / "job"
        job.write_bytes(script)
        return subprocess.run(
            [*self.shell.split(), str(job)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
            umask=0o077,
            env={
                "PATH": f"{self.folder}/bin:{TOOLS}",
                "LC_ALL": "C",
                "HOME": os.environ.get("HOME", "/"),
                "KIT_DIR": str(self.folder / "private"),
                **(env or {}),
            },
        )


def code(reply: Reply) -> FailureCode:
    """Why it failed, as it must have."""
    assert reply.state is FAILED
    return reply.failure.code
