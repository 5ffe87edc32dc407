"""Commands on a device over paramiko, and a root shell through them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import paramiko

from kit.engines.base import Ending, Limits, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import NotConnected
from kit.engines.logins import log_in
from kit.engines.pyinfra.session import Session, SessionFailed, Silence, open_session
from kit.model.device import Sudo

COMPLAINTS: Final = 4096
# LC_ALL: what sudo says goes into the log and the reason, the same in every country.
SUDO: Final = ["env", "LC_ALL=C", "sudo"]
BECOME_ROOT: Final = {
    Sudo.ROOT: [],
    Sudo.NOPASSWD: [*SUDO, "-n", "--"],
    # -k: the password is asked for even if sudo remembers one, so that none is left unread.
    Sudo.PASSWORD: [*SUDO, "-k", "-S", "-p", "", "--"],
}


class ChannelStream:
    """A command on a channel of pyinfra's connection."""

    def __init__(self, channel: paramiko.Channel) -> None:
        """Take over a channel on which the command was started."""
        self._channel = channel
        self._complaints = b""

    def send(self, data: bytes) -> None:
        """As ``Stream``."""
        self._channel.settimeout(60)
        self._channel.sendall(data)

    def end_input(self) -> None:
        """As ``Stream``."""
        self._channel.shutdown_write()

    def receive(self, seconds: float) -> bytes:
        """As ``Stream``."""
        self._channel.settimeout(seconds)
        try:
            return self._channel.recv(32768)
        except TimeoutError:
            raise Silence from None
        finally:
            self._hear()

    def _hear(self) -> None:
        while self._channel.recv_stderr_ready():
            heard = self._channel.recv_stderr(4096)
            self._complaints = (self._complaints + heard)[-COMPLAINTS:]

    def complaints(self) -> bytes:
        """As ``Stream``."""
        self._hear()
        return self._complaints

    def close(self) -> None:
        """As ``Stream``."""
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._channel.close()


class TransportConnector:
    """Starts commands over one connection."""

    def __init__(self, transport: paramiko.Transport, seconds: int) -> None:
        """``seconds``: how long the device may take to open a channel."""
        self._transport = transport
        self._seconds = seconds

    def start(self, command: str) -> ChannelStream:
        """As ``Connector``."""
        try:
            channel = self._transport.open_session(timeout=self._seconds)
            channel.exec_command(command)
        except (paramiko.SSHException, EOFError) as error:
            raise OSError(str(error)) from error
        return ChannelStream(channel)


def root_session(
    transport: paramiko.Transport, work: Work, nonce: str, password: str | None, seconds: int
) -> Session:
    """A root shell, become by the declared way; raises ``NotConnected``."""
    sudo = work.connection.sudo
    if sudo is not Sudo.PASSWORD:
        password = None
    connector = TransportConnector(transport, seconds)
    try:
        return open_session(connector, nonce, BECOME_ROOT[sudo], password, seconds)
    except SessionFailed as error:
        code = error.code
        if code is FailureCode.SUDO_REFUSED and sudo is Sudo.ROOT:
            code = FailureCode.BROKEN_ANSWER
        failure = Failure(code=code, subject=work.account, detail=error.said)
        raise NotConnected(Ending.FAILED, failure) from error


@contextlib.contextmanager
def new_session(
    work: Work, limits: Limits, nonce: str, password: str | None, seconds: int
) -> Iterator[Session]:
    """A root shell over a connection of its own, had within so many seconds or not at all.

    Raises ``NotConnected``.
    """
    shorter = {
        "connect_seconds": min(limits.connect_seconds, seconds),
        "login_seconds": min(limits.login_seconds, seconds),
    }
    client = log_in(work, limits.model_copy(update=shorter))
    try:
        transport = client.get_transport()
        if transport is None:
            failure = Failure(code=FailureCode.NO_ANSWER, subject=work.connection.address)
            raise NotConnected(Ending.FAILED, failure)
        session = root_session(transport, work, nonce, password, min(limits.login_seconds, seconds))
        try:
            yield session
        finally:
            session.close()
    finally:
        client.close()
