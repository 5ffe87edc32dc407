"""The keyboard and screen of a lab host: log-in at a real terminal of its own."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Iterator

from tests.lab.cache import kill_inside
from tests.lab.hosts import Host, host_entry

SECONDS = 30


class Terminal:
    """What a person at the console sees, and what they type."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.seen = ""

    def waits_for(self, *texts: str) -> str:
        """Read on until the screen shows one of the texts after the last one; which."""
        assert self._process.stdout is not None
        end = time.monotonic() + SECONDS
        while True:
            found = [text for text in texts if text in self.seen]
            if found:
                text = min(found, key=self.seen.index)
                self.seen = self.seen.partition(text)[2]
                return text
            left = end - time.monotonic()
            ready = left > 0 and select.select([self._process.stdout], [], [], left)[0]
            piece = os.read(self._process.stdout.fileno(), 4096) if ready else b""
            assert piece, f"{texts} never came: {self.seen[-800:]!r}"
            self.seen += piece.decode(errors="replace")

    def types(self, text: str) -> None:
        """One line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()


@contextlib.contextmanager
def console(host: Host, account: str) -> Iterator[Terminal]:
    """``login`` on a terminal of the host, the account's name typed already."""
    shown = ["script", "-qefc", f"login {account}", "/dev/null"]
    process = subprocess.Popen(
        [*host_entry(host.entrance), "env", "LC_ALL=C", "TERM=dumb", *shown],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield Terminal(process)
    finally:
        # By what is inside: `nsenter` waits for it, and `login` alone would stay for its minute.
        kill_inside(process)
        process.communicate()
