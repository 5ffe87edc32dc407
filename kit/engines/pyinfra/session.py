"""A root shell on a device that does one script after another, over one connection."""

from __future__ import annotations

import contextlib
import re
import shlex
import time
from typing import Final, Protocol

from kit.engines.failures import FailureCode
from kit.engines.pyinfra.order import script

NOISE: Final = 256 * 1024
"""Bytes a login may print before it answers; more is no login of ours."""
MOST: Final = 256 * 1024
"""Bytes an answer may have; the runner keeps it to half of that."""
GRACE: Final = 30
"""Seconds a device may take beyond the time it was itself told to keep to."""

_FOLDER: Final = re.compile(r"/[A-Za-z0-9_./-]{1,200}")


class SessionFailed(Exception):
    """The session could not be had, or was lost. ``code`` says why, ``said`` what was heard."""

    def __init__(self, code: FailureCode, said: str = "") -> None:
        """Keep both parts."""
        super().__init__(code.value)
        self.code = code
        self.said = said


class Silence(Exception):
    """Nothing came in the time given."""


class Stream(Protocol):
    """One running remote command: its input, its output, what it complains about."""

    def send(self, data: bytes) -> None:
        """Write all of it; raises ``OSError`` when the other side is gone."""

    def end_input(self) -> None:
        """Tell the command that nothing more comes."""

    def receive(self, seconds: float) -> bytes:
        """What has come, at least one byte; ``b""`` at the end. Raises ``Silence``, ``OSError``."""

    def complaints(self) -> bytes:
        """What came on standard error so far, the last few kilobytes of it."""

    def close(self) -> None:
        """End it; never raises, however dead the connection is."""


class Connector(Protocol):
    """Starts commands on a device that is connected."""

    def start(self, command: str) -> Stream:
        """Start one; raises ``OSError`` when the connection is gone."""


class Answer(Protocol):
    """What a script gave back."""

    status: int
    stdout: bytes
    stderr: bytes


class _Reader:
    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = bytearray()

    def _more(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Silence
        data = self._stream.receive(left)
        if not data:
            raise EOFError
        self._buffer += data

    def line(self, deadline: float, most: int) -> bytes:
        """The next line without its newline."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > most:
                raise SessionFailed(FailureCode.BROKEN_ANSWER)
            self._more(deadline)
        line, _newline, rest = bytes(self._buffer).partition(b"\n")
        self._buffer[:] = rest
        return line

    def exactly(self, count: int, deadline: float) -> bytes:
        """The next ``count`` bytes."""
        while len(self._buffer) < count:
            self._more(deadline)
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def words_after(self, nonce: str, deadline: float) -> list[bytes]:
        """The words that follow ``nonce`` on the next line that begins with it.

        Whatever stands before is noise of a login shell, of which there may be only so much.
        """
        seen = 0
        head = f"{nonce} ".encode()
        while seen < NOISE:
            line = self.line(deadline, NOISE)
            if line.startswith(head):
                return line.split()[1:]
            seen += len(line) + 1
        raise SessionFailed(FailureCode.BROKEN_ANSWER)


class Done:
    """The answer to one script."""

    def __init__(self, status: int, stdout: bytes, stderr: bytes) -> None:
        """Keep the three parts."""
        self.status = status
        self.stdout = stdout
        self.stderr = stderr


class Session:
    """Hands scripts to the runner on the device. ``open_session`` makes one."""

    def __init__(self, nonce: str, to_device: Stream, from_device: Stream) -> None:
        """Both may be the same stream."""
        self._nonce = nonce
        self._to = to_device
        self._from = from_device
        self._reader = _Reader(from_device)

    def begin(self, stream: Stream, first: bytes, seconds: int, *, last: bool = False) -> None:
        """Send what starts the runner (nothing more, if ``last``) and wait for it.

        Closes itself and raises ``SessionFailed`` when it does not come: sudo refused, silence,
        noise.
        """
        try:
            # A sudo that refuses may be gone before it is sent anything: hear what it said.
            with contextlib.suppress(OSError):
                stream.send(first)
                if last:
                    stream.end_input()
            self._wait_ready(seconds)
        except BaseException:
            self.close()
            raise

    def _wait_ready(self, seconds: int) -> None:
        try:
            words = self._reader.words_after(self._nonce, time.monotonic() + seconds)
        except Silence:
            raise SessionFailed(FailureCode.NO_ANSWER, self._said()) from None
        except (EOFError, OSError):
            raise SessionFailed(FailureCode.SUDO_REFUSED, self._said()) from None
        if words != [b"ready"]:
            raise SessionFailed(FailureCode.BROKEN_ANSWER)

    def run(self, job: bytes, seconds: int, given: bytes = b"") -> Done:
        """Run one script for at most ``seconds``; ``given`` is its standard input.

        Raises ``SessionFailed``: then nobody knows how far the script came.
        """
        deadline = time.monotonic() + seconds + GRACE
        try:
            head = f"{self._nonce} {len(job)} {seconds} {len(given)}\n"
            self._to.send(head.encode() + job + given)
            words = self._reader.words_after(self._nonce, deadline)
            sizes = [int(word) for word in words[1:] if word.isdigit()]
            if words[:1] != [b"answer"] or len(sizes) != 3 or max(sizes) > MOST:
                raise SessionFailed(FailureCode.BROKEN_ANSWER)
            stdout = self._reader.exactly(sizes[1], deadline)
            return Done(sizes[0], stdout, self._reader.exactly(sizes[2], deadline))
        except (Silence, EOFError, OSError) as error:
            said = self._said() or type(error).__name__
            raise SessionFailed(FailureCode.CONNECTION_LOST, said) from None

    def _said(self) -> str:
        return self._from.complaints().decode("utf-8", "replace").strip()

    def close(self) -> None:
        """Let the runner end; it removes its folder."""
        for stream in (self._to, self._from):
            stream.close()


def open_session(
    connector: Connector, nonce: str, how: list[str], password: str | None, seconds: int
) -> Session:
    """Become root and start the runner.

    ``how`` is what stands in front of the shell (sudo and its options, or nothing). With a
    ``password`` the runner is placed first, so that the password is all that goes to sudo.
    Raises ``SessionFailed``.
    """
    try:
        if password is not None:
            return _with_password(connector, nonce, how, password, seconds)
        stream = connector.start(shlex.join([*how, "/bin/sh", "-s", "--", nonce]))
    except OSError as error:
        raise SessionFailed(FailureCode.NO_ANSWER, str(error)) from None
    session = Session(nonce, stream, stream)
    session.begin(stream, script("runner").encode(), seconds)
    return session


def _with_password(
    connector: Connector, nonce: str, how: list[str], password: str, seconds: int
) -> Session:
    runner = script("runner").encode()
    post = connector.start(shlex.join(["/bin/sh", "-s", "--", nonce]))
    reader = _Reader(post)
    deadline = time.monotonic() + seconds
    try:
        post.send(script("post").encode())
        kind, folder = reader.words_after(nonce, deadline)
        place = folder.decode("ascii", "replace")
        if kind != b"folder" or not _FOLDER.fullmatch(place):
            raise SessionFailed(FailureCode.BROKEN_ANSWER)
        post.send(f"{len(runner)}\n".encode() + runner)
        if reader.words_after(nonce, deadline) != [b"placed"]:
            raise SessionFailed(FailureCode.BROKEN_ANSWER)
    except Silence:
        raise SessionFailed(FailureCode.NO_ANSWER) from None
    except (EOFError, ValueError):
        said = post.complaints().decode("utf-8", "replace").strip()
        raise SessionFailed(FailureCode.BROKEN_ANSWER, said) from None
    command = [*how, "/bin/sh", f"{place}/runner", nonce, f"{place}/pipe"]
    root = connector.start(shlex.join(command))
    session = Session(nonce, post, root)
    session.begin(root, f"{password}\n".encode(), seconds, last=True)
    return session
