"""Running programs in the QEMU machine through its guest agent: past sshd, PAM and firewall.

Protocol: QEMU Guest Agent, JSON lines over a virtio-serial port (qemu/qga/qapi-schema.json:
guest-sync-delimited, guest-exec, guest-exec-status). Output is kept by the agent, at most 16 MB.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests.lab.cache import LabError


class Dialogue:
    """Questions and answers of QEMU's JSON protocols (guest agent and QMP), one a line."""

    def __init__(self, connection: socket.socket, answers: IO[bytes], name: str) -> None:
        self._connection = connection
        self._answers = answers
        self._name = name

    def ask(self, command: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The ``return`` of a command; events in between are passed over."""
        question = {"execute": command, "arguments": dict(arguments or {})}
        self._connection.sendall(json.dumps(question).encode() + b"\n")
        while True:
            line = self._answers.readline()
            answer = json.loads(line or b"{}")
            if "return" in answer:
                result: dict[str, Any] = answer["return"]
                return result
            if "event" not in answer:
                raise LabError(f"{self._name}: QEMU refused {command}: {line!r}")


class GuestAgent:
    """A connection to the agent of one machine."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name

    def ping(self, seconds: float) -> bool:
        """Whether the agent answers within a time."""
        with contextlib.suppress(OSError, LabError), self._connect(seconds):
            return True
        return False

    @contextlib.contextmanager
    def _connect(self, seconds: float) -> Iterator[Dialogue]:
        """A connection whose next answer is ours, whatever an earlier one left unread."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(self._path))
            token = int.from_bytes(os.urandom(4), "big")
            question = {"execute": "guest-sync-delimited", "arguments": {"id": token}}
            connection.sendall(b"\xff" + json.dumps(question).encode() + b"\n")
            with connection.makefile("rb") as answers:
                while True:
                    line = answers.readline()
                    if not line:
                        raise LabError(f"{self._name}: the guest agent hung up.")
                    with contextlib.suppress(ValueError):
                        if json.loads(line.rpartition(b"\xff")[2]).get("return") == token:
                            break
                yield Dialogue(connection, answers, self._name)

    def execute(
        self,
        argv: Sequence[str],
        *,
        data: bytes,
        environment: Mapping[str, str],
        timeout: float,
    ) -> tuple[int, bytes, bytes]:
        """Exit status (128 + signal when killed), output and errors of a program run as root."""
        deadline = time.monotonic() + timeout
        with self._connect(timeout) as session:
            started = session.ask(
                "guest-exec",
                {
                    "path": argv[0],
                    "arg": list(argv[1:]),
                    "env": [f"{name}={value}" for name, value in sorted(environment.items())],
                    "input-data": base64.b64encode(data).decode(),
                    "capture-output": True,
                },
            )
            pause = 0.02
            while True:
                state = session.ask("guest-exec-status", {"pid": started["pid"]})
                if state["exited"]:
                    break
                if time.monotonic() > deadline:
                    raise LabError(f"{self._name}: {argv[0]}: no end after {timeout} s.")
                time.sleep(pause)
                pause = min(pause * 1.5, 0.5)
        if state.get("out-truncated") or state.get("err-truncated"):
            raise LabError(f"{self._name}: {argv[0]}: more output than the guest agent keeps.")
        status = 128 + state["signal"] if "signal" in state else state["exitcode"]
        out, err = (base64.b64decode(state.get(key, "")) for key in ("out-data", "err-data"))
        return status, out, err
