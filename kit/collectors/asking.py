"""One batch over one SSH connection: the script goes out, the answer streams in.

As root, or where sudo asks nothing, the script is the standard input of a shell. Where sudo asks
for a password two channels are used, so that script and password never share a stream: the first
puts the script into a private folder and guards it (the folder goes when the channel does, however
that happens), the second runs it and gets the password, and only when sudo asks for it.

In each case standard input stays open until the answer is complete: when the connection is lost or
given up, the script on the device notices and tidies up.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import Final, cast

import asyncssh

from kit.collectors.batch import Batch
from kit.collectors.failures import Failure
from kit.collectors.stream import AnswerStream
from kit.model.device import Sudo
from kit.model.snapshot import Outcome

COMMANDS: Final = {
    Sudo.ROOT: "env LC_ALL=C /bin/sh -s",
    Sudo.NOPASSWD: "env LC_ALL=C sudo -n -- /bin/sh -s",
}
# -k: a password that was given a minute ago is not reused, and none is remembered. -p: our own
# prompt, so that its appearance says whether and how often sudo asks, in any language.
WITH_PASSWORD: Final = "env LC_ALL=C sudo -k -S -p {prompt} -- /bin/sh {file}"  # noqa: S105
# In single quotes for the login shell, which may be any: no quote, backslash or "!" inside.
GUARD: Final = (
    "/bin/sh -c 'umask 077; for p in /dev/shm /tmp /var/tmp; do "
    'd=$(mktemp -d $p/esms-kit.XXXXXXXXXX 2>/dev/null) && break; done; [ -n "$d" ] || exit 125; '
    'trap "rm -rf -- $d" EXIT; trap "exit 129" HUP INT TERM PIPE; '
    "head -c {size} >$d/batch || exit 125; echo {nonce} $d; cat >/dev/null; exit 0'"
)
_GUARDED: Final = r"{nonce} (/(?:dev/shm|tmp|var/tmp)/esms-kit\.[A-Za-z0-9]{{10}})\n"
SAID_BYTES: Final = 4096
GUARD_SECONDS: Final = 5


class _Channel(asyncssh.SSHClientSession[bytes]):
    """One command: what it says is handed on, its end is waited for."""

    def __init__(
        self, on_output: Callable[[bytes], bool], on_error: Callable[[bytes], bool]
    ) -> None:
        """The callbacks take each piece and say whether all that was waited for is there."""
        self._on_output = on_output
        self._on_error = on_error
        self.finished = asyncio.Event()
        self.over = asyncio.Event()
        self.exit_status: int | None = None
        self.said = b""
        self.lost: Exception | None = None

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            self.said = (self.said + data)[:SAID_BYTES]
            done = self._on_error(self.said)
        else:
            done = self._on_output(data)
        if done:
            self.finished.set()

    def exit_status_received(self, status: int) -> None:
        self.exit_status = status

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = exc
        self.over.set()
        self.finished.set()


async def ask(
    connection: asyncssh.SSHClientConnection, batch: Batch, sudo: Sudo, password: str
) -> bytes:
    """What came back from the device; whole when ``split`` says so.

    ``batch`` must have a lifeline. Raises ``Failure``: refused by sudo, too late, too large, or
    ended before the script began.
    """
    seconds = batch.limits.answer_seconds
    try:
        async with asyncio.timeout(seconds):
            if sudo is Sudo.PASSWORD:
                return await _ask_with_password(connection, batch, password)
            stream = AnswerStream(batch)
            channel, session = await _run(
                connection, COMMANDS[sudo], _taker(stream), lambda _said: False
            )
            _send(channel, batch.script.encode())
            await session.finished.wait()
            return _answer(stream, session, batch, asks=sudo is not Sudo.ROOT)
    except TimeoutError as error:
        raise Failure(Outcome.TIMEOUT, f"no complete answer within {seconds:g} s") from error
    except (asyncssh.Error, OSError) as error:
        raise Failure(Outcome.BROKEN, str(error) or type(error).__name__) from error


async def _run(
    connection: asyncssh.SSHClientConnection,
    command: str,
    on_output: Callable[[bytes], bool],
    on_error: Callable[[bytes], bool],
) -> tuple[asyncssh.SSHClientChannel[bytes], _Channel]:
    channel, session = await connection.create_session(
        lambda: _Channel(on_output, on_error), command, encoding=None
    )
    return channel, cast("_Channel", session)


def _send(channel: asyncssh.SSHClientChannel[bytes], data: bytes) -> None:
    """Write, unless the command has ended already: what it said counts then."""
    with contextlib.suppress(BrokenPipeError):
        channel.write(data)


def _taker(stream: AnswerStream) -> Callable[[bytes], bool]:
    def take(data: bytes) -> bool:
        stream.take(data)
        return stream.done

    return take


async def _ask_with_password(
    connection: asyncssh.SSHClientConnection, batch: Batch, password: str
) -> bytes:
    guard, guarding, folder = await _put_in_place(connection, batch)
    prompt = f"esms-kit-{batch.nonce}"
    asked = 0

    def answer_prompt(said: bytes) -> bool:
        nonlocal asked
        times = said.count(prompt.encode())
        if times and not asked:
            _send(channel, password.encode() + b"\n")
        asked = times
        return asked > 1

    stream = AnswerStream(batch)
    command = WITH_PASSWORD.format(prompt=prompt, file=f"{folder}/batch")
    channel, session = await _run(connection, command, _taker(stream), answer_prompt)
    await session.finished.wait()
    if asked > 1:
        raise Failure(Outcome.SUDO_REFUSED, "sudo asked again: it does not take the password")
    data = _answer(stream, session, batch, asks=True)
    with contextlib.suppress(BrokenPipeError):
        guard.write_eof()
    async with asyncio.timeout(GUARD_SECONDS):
        await guarding.over.wait()
    return data


async def _put_in_place(
    connection: asyncssh.SSHClientConnection, batch: Batch
) -> tuple[asyncssh.SSHClientChannel[bytes], _Channel, str]:
    """The guarding channel and the private folder in which it keeps ``batch``."""
    script = batch.script.encode()
    heard = bytearray()

    def listen(data: bytes) -> bool:
        heard.extend(data[: SAID_BYTES * 4 - len(heard)])
        return pattern.search(heard) is not None or len(heard) >= SAID_BYTES * 4

    pattern = re.compile(_GUARDED.format(nonce=batch.nonce).encode())
    command = GUARD.replace("{size}", str(len(script))).replace("{nonce}", batch.nonce)
    channel, session = await _run(connection, command, listen, lambda _said: False)
    _send(channel, script)
    await session.finished.wait()
    found = pattern.search(heard)
    if found is None:
        said = _first_words(session, bytes(heard)) or "the script could not be put in place"
        raise Failure(Outcome.BROKEN, said)
    return channel, session, found.group(1).decode()


def _answer(stream: AnswerStream, session: _Channel, batch: Batch, *, asks: bool) -> bytes:
    """The data of a stream that is over; raises ``Failure`` when the script never began."""
    if stream.too_large:
        limit = batch.limits.answer_bytes
        raise Failure(Outcome.TOO_LARGE, f"the answer is larger than {limit} bytes")
    data = stream.data
    if batch.mark in data:
        return data
    said = _first_words(session, data)
    if session.lost is not None:
        raise Failure(Outcome.BROKEN, str(session.lost) or type(session.lost).__name__)
    # sudo itself ends with 1; 127 is its absence. It says why on standard error, a login shell
    # that refuses to run anything says so on standard output.
    if asks and session.said and session.exit_status in (1, 127):
        raise Failure(Outcome.SUDO_REFUSED, said)
    raise Failure(Outcome.BROKEN, said or f"ended with status {session.exit_status}")


def _first_words(session: _Channel, data: bytes) -> str:
    return (session.said or data[:SAID_BYTES]).decode("utf-8", "replace").strip()
