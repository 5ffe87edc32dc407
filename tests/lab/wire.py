"""The controller's wire: as short as it comes, or as long as a site far away."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.cache import Cached, LabError, digest_of, kill_inside, provide, run_tool
from tests.lab.recipe import HERE
from tests.lab.warden import CONTROLLER

if TYPE_CHECKING:
    from tests.lab.bench import Lab

_SOURCE = HERE / "delayline.c"


class Wire:
    """Between the controller and the switch that the hosts and the repository hang on."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._process: subprocess.Popen[bytes] | None = None
        self._program: Cached | None = None

    def set_delay(self, milliseconds: float) -> None:
        """Delay each frame, one way; a round trip takes twice as long. 0: a plain wire again."""
        self._cut()
        if milliseconds <= 0:
            self._connect("c0")
            return
        if self._program is None:
            self._program = provide("wire", digest_of(_SOURCE.read_bytes()), _compile)
        argv = [str(self._program.folder / "delayline"), "/proc/1/ns/net", "/run/netns/switch"]
        self._process = self._lab.enter_long([*argv, str(milliseconds)], stdout=subprocess.PIPE)
        if self._process.stdout is None or self._process.stdout.readline() != b"ready\n":
            raise LabError(f"the delay line did not start:\n{self._lab.log()}")
        self._lab.enter(["ip", "-n", "switch", "link", "set", "d1", "master", "br0", "up"])
        self._connect("d0")

    def _cut(self) -> None:
        if self._process is not None:
            # its one thread holds both ends: they go with it, addresses included
            kill_inside(self._process)
            self._process = None
        else:
            self._lab.enter(["ip", "addr", "flush", "dev", "c0"])
            self._lab.enter(["ip", "link", "set", "c0", "down"])

    def _connect(self, device: str) -> None:
        self._lab.enter(["ip", "addr", "add", f"{CONTROLLER}/24", "dev", device])
        self._lab.enter(["ip", "link", "set", device, "up"])

    def close(self) -> None:
        """Let the cache sweep the program again."""
        if self._program is not None:
            self._program.release()


def _compile(folder: Path) -> None:
    run_tool(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", folder / "delayline", _SOURCE])
