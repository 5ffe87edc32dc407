"""The work on one device: its steps in order, each tried, told and accounted for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from kit.engines.accounts import STOPPED, blocker, clean
from kit.engines.base import (
    SUCCEEDED,
    ChangeResult,
    ChangeState,
    Ending,
    Event,
    Limits,
    Outcome,
    Work,
)
from kit.engines.failures import Failure, FailureCode
from kit.engines.pyinfra.executors import order_of
from kit.engines.pyinfra.order import Reply, Unsayable, compose, handed_over, understand
from kit.engines.pyinfra.session import Done, SessionFailed
from kit.model.target import ArtefactKind
from kit.planning.schedule import Step, steps
from kit.redaction import Redactor


class Runs(Protocol):
    """What runs scripts on the device; ``session.Session`` is one."""

    def run(self, job: bytes, seconds: int, given: bytes = b"") -> Done:
        """Run one with ``given`` on its standard input; raises ``SessionFailed``."""


class DeviceRun:
    """Carries out one ``Work`` over one session.

    ``emit`` is told each event before the next thing happens; ``stopped`` is asked before each
    step; ``log`` takes what programs on the device said. ``secrets`` are by the key of their
    reference.
    """

    def __init__(
        self,
        work: Work,
        limits: Limits,
        redactor: Redactor,
        emit: Callable[[Event], None],
        log: Callable[[str], None],
        stopped: Callable[[], bool],
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing is done yet."""
        self._secrets = secrets or {}
        self._work = work
        self._limits = limits
        self._redactor = redactor
        self._emit = emit
        self._log = log
        self._stopped = stopped
        self._states: dict[str, ChangeState] = {}
        self._results: list[ChangeResult] = []

    def carry_out(self, session: Runs) -> Outcome:
        """Every step, unless stopped or cut off; what is left then is ``SKIPPED``."""
        lost = stopped = halted = False
        for step in steps(self._work.changes):
            stopped = stopped or self._stopped()
            if lost or stopped or halted:
                self._settle(step, Reply(ChangeState.SKIPPED, STOPPED))
                continue
            blocked = blocker(step, self._states)
            if blocked:
                failure = Failure(code=FailureCode.BLOCKED_BY, subject=blocked)
                self._settle(step, Reply(ChangeState.SKIPPED, failure))
                continue
            reply = self._try(session, step)
            self._settle(step, reply)
            lost = reply.state is ChangeState.UNKNOWN
            halted = reply.state is ChangeState.FAILED and self._work.on_failure == "stop"
        return self._outcome(interrupted=lost or stopped)

    def _try(self, session: Runs, step: Step) -> Reply:
        try:
            order = order_of(step, self._limits)
            job, given = compose(order), handed_over(order, self._secrets)
            if order.payload:
                given = self._payload(order.payload)
        except Unsayable as error:
            failure = Failure(code=FailureCode.UNSUPPORTED, subject=str(error))
            return Reply(ChangeState.FAILED, failure)
        self._emit(Event(device=self._work.device, target=step.target, state=ChangeState.STARTED))
        seconds = self._limits.seconds(ArtefactKind(step.artefact.kind))
        try:
            done = session.run(job, seconds, given)
        except SessionFailed as error:
            code = (
                error.code
                if error.code is FailureCode.BROKEN_ANSWER
                else FailureCode.CONNECTION_LOST
            )
            return Reply(ChangeState.UNKNOWN, Failure(code=code, detail=error.said))
        said = done.stderr.decode("utf-8", "replace").strip()
        if said:
            self._log(f"{self._work.device} {step.target}\n{said}")
        return understand(done.status, done.stdout, done.stderr, seconds)

    def _payload(self, digest: str) -> bytes:
        """The file of that hash; the device looks at its hash again. Raises ``Unsayable``."""
        try:
            return Path(self._work.payloads[digest]).read_bytes()
        except (LookupError, OSError) as error:
            raise Unsayable(digest[:16]) from error

    def _settle(self, step: Step, reply: Reply) -> None:
        failure = clean(reply.failure, self._redactor)
        message = self._redactor.short(reply.message)
        self._states[step.target] = reply.state
        self._results.append(
            ChangeResult(target=step.target, state=reply.state, failure=failure, message=message)
        )
        self._emit(
            Event(
                device=self._work.device,
                target=step.target,
                state=reply.state,
                failure=failure,
                message=message,
            )
        )

    def _outcome(self, *, interrupted: bool) -> Outcome:
        whole = all(result.state in SUCCEEDED for result in self._results)
        ending = Ending.DONE if whole else Ending.INTERRUPTED if interrupted else Ending.FAILED
        return Outcome(device=self._work.device, ending=ending, results=tuple(self._results))
