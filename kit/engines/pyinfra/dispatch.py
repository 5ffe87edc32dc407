"""Every device of a job, side by side, over pyinfra's connections. Runs in the worker only."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import gevent
from pyinfra.api.config import Config
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State

from kit.engines.accounts import clean, not_begun
from kit.engines.base import Ending, Event, Outcome, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import NotConnected
from kit.engines.job import Job, Message
from kit.engines.pyinfra.channels import new_session, root_session
from kit.engines.pyinfra.connection import connect, inventory_data
from kit.engines.pyinfra.device import DeviceRun
from kit.engines.watchdog import Watchdog
from kit.redaction import Redactor
from kit.redaction.log_records import RedactingFormatter


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
        password = self._job.passwords.get(work.device)
        began = time.monotonic()
        transport = connect(host, work, limits)
        try:
            nonce, seconds = self._job.nonce, limits.login_seconds
            session = root_session(transport, work, nonce, password, seconds)
            try:
                watchdog = Watchdog(
                    work, limits, nonce,
                    lambda seconds: new_session(work, limits, nonce, password, seconds),
                    time.monotonic() - began,
                )  # fmt: skip
                run = DeviceRun(
                    work, limits, self._redactor, self._event, self._log, self._stopped,
                    watchdog, self._job.secrets,
                )  # fmt: skip
                return run.carry_out(session)
            finally:
                session.close()
        finally:
            transport.close()

    def _event(self, event: Event) -> None:
        self._emit(Message(event=event))

    def _log(self, text: str) -> None:
        self._emit(Message(log=self._redactor(text)))
