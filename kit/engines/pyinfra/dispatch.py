"""Every device of a job, side by side, over pyinfra's connections. Runs in the worker only."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

import gevent
import paramiko
from pyinfra.api.config import Config
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State

from kit.engines.accounts import clean, not_begun
from kit.engines.base import Ending, Event, Outcome, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import NotConnected
from kit.engines.job import Job, Message
from kit.engines.pyinfra.connection import connect, inventory_data
from kit.engines.pyinfra.device import DeviceRun
from kit.engines.pyinfra.session import Session, SessionFailed, Silence, open_session
from kit.model.device import Sudo
from kit.redaction import Redactor
from kit.redaction.log_records import RedactingFormatter

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


class _ToMessages(logging.Handler):
    def __init__(self, emit: Callable[[Message], None]) -> None:
        super().__init__()
        self._emit = emit

    def emit(self, record: logging.LogRecord) -> None:
        self._emit(Message(log=self.format(record)))


class Dispatch:
    """One job. ``emit`` takes every message; ``stopped`` says whether to begin nothing new."""

    def __init__(
        self,
        job: Job,
        folder: Path,
        emit: Callable[[Message], None],
        stopped: Callable[[], bool],
    ) -> None:
        """``folder`` is private and removed by others. Nothing is connected yet."""
        self._job = job
        self._folder = folder
        self._emit = emit
        self._stopped = stopped
        self._redactor = Redactor(job.values())

    def run(self) -> None:
        """Work on all devices; one outcome is emitted for each."""
        handler = _ToMessages(self._emit)
        handler.setFormatter(RedactingFormatter(self._redactor, "%(name)s %(message)s"))
        logging.getLogger().addHandler(handler)
        logging.getLogger().setLevel(logging.WARNING)
        works: dict[str, Work] = {}
        names: list[tuple[str, dict[str, object]]] = []
        for work in self._job.works:
            try:
                names.append((work.device, inventory_data(work, self._folder)))
                works[work.device] = work
            except NotConnected as error:
                self._emit(Message(outcome=self._unreached(work, error)))
        config = Config(  # type: ignore[no-untyped-call]
            PARALLEL=self._job.limits.jobs, CONNECT_TIMEOUT=self._job.limits.connect_seconds
        )
        inventory = Inventory((names, {}))  # type: ignore[no-untyped-call]
        state = State(inventory, config)
        greenlets = [
            state.pool.spawn(self._guarded, host, works[host.name]) for host in state.inventory
        ]
        gevent.joinall(greenlets)

    def _unreached(self, work: Work, error: NotConnected) -> Outcome:
        failure = clean(error.failure, self._redactor) or error.failure
        return not_begun(work, error.ending, failure)

    def _guarded(self, host: Host, work: Work) -> None:
        try:
            outcome = self._work_on(host, work)
        except NotConnected as error:
            outcome = self._unreached(work, error)
        except Exception as error:  # noqa: BLE001 - one device never ends the others
            self._log(f"{work.device}\n{traceback.format_exc()}")
            failure = Failure(code=FailureCode.UNEXPECTED, detail=type(error).__name__)
            outcome = not_begun(work, Ending.INTERRUPTED, failure)
        self._emit(Message(outcome=outcome))

    def _work_on(self, host: Host, work: Work) -> Outcome:
        if self._stopped():
            return not_begun(work, Ending.INTERRUPTED, Failure(code=FailureCode.STOPPED))
        limits = self._job.limits
        transport = connect(host, work, limits)
        try:
            session = self._session(transport, work)
            try:
                run = DeviceRun(
                    work, limits, self._redactor, self._event, self._log, self._stopped,
                    self._job.secrets,
                )  # fmt: skip
                return run.carry_out(session)
            finally:
                session.close()
        finally:
            transport.close()

    def _session(self, transport: paramiko.Transport, work: Work) -> Session:
        sudo = work.connection.sudo
        password = self._job.passwords.get(work.device) if sudo is Sudo.PASSWORD else None
        seconds = self._job.limits.login_seconds
        connector = TransportConnector(transport, seconds)
        try:
            return open_session(connector, self._job.nonce, BECOME_ROOT[sudo], password, seconds)
        except SessionFailed as error:
            code = error.code
            if code is FailureCode.SUDO_REFUSED and sudo is Sudo.ROOT:
                code = FailureCode.BROKEN_ANSWER
            failure = Failure(code=code, subject=work.account, detail=error.said)
            raise NotConnected(Ending.FAILED, failure) from error

    def _event(self, event: Event) -> None:
        self._emit(Message(event=event))

    def _log(self, text: str) -> None:
        self._emit(Message(log=self._redactor(text)))
