"""``esms-kit`` by processes that begin with everything loaded.

    python -m tests.warm REQUESTS ANSWERS     two descriptors; one JSON document a line

Three quarters of what a short command takes is Python's loading of modules and of the catalogue.
One process of a test run does that once and forks for each command. A command is a process of its
own as ever: its arguments, environment, folder, streams, network and control group, its exit. It
has what ``kit`` imports below the command line, and the shipped catalogue, in memory: no more.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

CLONE_NEWNET: Final = 0x40000000
STREAMS: Final = ("stdin", "stdout", "stderr")
ROOT: Final = Path(__file__).parents[1]


@dataclass(frozen=True)
class Place:
    """Where a command is put: the list of a control group's processes, a network's file."""

    procs: str
    network: str


class Busy(Exception):
    """Another command is being run: one at a time."""


class Kit:
    """The process that forks. It ends with this one."""

    def __init__(self) -> None:
        ask, self._requests = os.pipe()
        self._answers, tell = os.pipe()
        self._reader: IO[bytes] = os.fdopen(self._answers, "rb")
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(ask), str(tell)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(ask, tell),
            cwd=ROOT,
            start_new_session=True,  # a Ctrl-C is for the tests to act on
        )
        os.close(ask)
        os.close(tell)

    def run(
        self,
        words: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        given: bytes = b"",
        timeout: float = 120,
        place: Place | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command line to its end, as ``subprocess.run`` would.

        ``place``: nowhere else than this process when ``None``. ``subprocess.TimeoutExpired`` when
        its time is over; ``Busy`` when it is not the time.
        """
        if not self._turn.acquire(blocking=False):
            raise Busy
        try:
            with tempfile.TemporaryDirectory(prefix="esms-warm-") as folder:
                streams = {name: str(Path(folder, name)) for name in STREAMS}
                Path(streams["stdin"]).write_bytes(given)
                request = {
                    "words": [*words], "cwd": str(cwd), "env": dict(env), "streams": streams,
                    "place": asdict(place) if place else None,
                }  # fmt: skip
                code = self._ask(request, timeout)
                said = [Path(streams[name]).read_bytes() for name in STREAMS[1:]]
        finally:
            self._turn.release()
        return subprocess.CompletedProcess([*words], code, *said)

    def _ask(self, request: dict[str, Any], timeout: float) -> int:
        os.write(self._requests, json.dumps(request).encode() + b"\n")
        pid = self._answer()
        late = threading.Event()

        def end() -> None:
            late.set()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

        clock = threading.Timer(timeout, end)
        clock.start()
        try:
            code = self._answer()
        finally:
            clock.cancel()
        if late.is_set():
            raise subprocess.TimeoutExpired(request["words"], timeout)
        return code

    def _answer(self) -> int:
        line = self._reader.readline()
        if not line:
            raise RuntimeError(f"the warm esms-kit has ended: {self._process.wait(20)}")
        return int(line)


@functools.cache
def warm_kit() -> Kit:
    """The one of this process, started when first asked for."""
    return Kit()


def esms_kit(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command line on this machine; what it said as text."""
    done = warm_kit().run(words, cwd=cwd, env=os.environ)
    said = (done.stdout.decode(), done.stderr.decode())
    return subprocess.CompletedProcess(done.args, done.returncode, *said)


# -- the process that forks --------------------------------------------------------------------


def load() -> None:
    """Everything below the command line, whose own modules want to know the language first."""
    import kit.app
    from kit.catalogue.loading import shipped_catalogue

    for module in pkgutil.iter_modules(kit.app.__path__):
        importlib.import_module(f"kit.app.{module.name}")
    shipped_catalogue()
    gc.collect()
    gc.freeze()


def become(request: dict[str, Any]) -> None:
    """In the child: all that a command started by the shell would have of its own."""
    os.setsid()
    if request["place"]:
        enter(Place(**request["place"]))
    flags = {"stdin": os.O_RDONLY}
    for number, name in enumerate(STREAMS):
        flag = flags.get(name, os.O_WRONLY | os.O_CREAT)
        opened = os.open(request["streams"][name], flag, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["esms-kit", *request["words"]]


def enter(place: Place) -> None:
    """Into a control group and a network."""
    Path(place.procs).write_text(str(os.getpid()))
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(place.network).open("rb") as network:
        if libc.setns(network.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def serve(requests: int, answers: int) -> None:
    """Fork for each request; tell the child's number, then its exit status as a shell's caller
    sees it."""
    for descriptor in (requests, answers):
        os.set_inheritable(descriptor, False)
    with os.fdopen(requests, "rb") as asked:
        for line in asked:
            pid = os.fork()
            if pid == 0:
                os.close(answers)
                become(json.loads(line))
                from kit.cli import main

                main()
            os.write(answers, b"%d\n" % pid)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            os.write(answers, b"%d\n" % code)


if __name__ == "__main__":
    load()
    serve(int(sys.argv[1]), int(sys.argv[2]))
