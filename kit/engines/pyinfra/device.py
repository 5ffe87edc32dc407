"""The work on one device: its steps in order, each tried, told and accounted for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from kit.engines.accounts import STOPPED, blocker, clean, taken_back
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
from kit.engines.watchdog import Settled, Watchdog, failing
from kit.model.artefact import FileArtefact
from kit.model.target import ArtefactKind
from kit.planning.schedule import Part, Step, steps
from kit.redaction import Redactor


class Runs(Protocol):
    """What runs scripts on the device; ``session.Session`` is one."""

    def run(self, job: bytes, seconds: int, given: bytes = b"") -> Done:
        """Run one with ``given`` on its standard input; raises ``SessionFailed``."""


class DeviceRun:
    """Carries out one ``Work`` over one session.

    ``emit`` is told each event before the next thing happens; ``stopped`` is asked before each
    step; ``log`` takes what programs on the device said. ``secrets`` are by the key of their
    reference. ``watchdog`` guards what may cut the way in.
    """

    def __init__(
        self,
        work: Work,
        limits: Limits,
        redactor: Redactor,
        emit: Callable[[Event], None],
        log: Callable[[str], None],
        stopped: Callable[[], bool],
        watchdog: Watchdog,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing is done yet."""
        self._secrets = secrets or {}
        self._work = work
        self._limits = limits
        self._redactor = redactor
        self._emit = emit
        self._log = log
        self._asked = stopped
        self._watchdog = watchdog
        self._states: dict[str, ChangeState] = {}
        self._results: list[tuple[Step, ChangeResult]] = []
        self._settled: Settled | None = None
        self._lost = self._stopped = self._halted = False

    def carry_out(self, session: Runs) -> Outcome:
        """Every step, unless stopped or cut off; what is left then is ``SKIPPED``.

        What may cut the way in is done under the watchdog, or not at all.
        """
        planned = steps(self._work.changes)
        parts = {part: [step for step in planned if step.part is part] for part in Part}
        self._do(session, parts[Part.PLAIN])
        if parts[Part.GUARDED]:
            self._guarded(session, parts[Part.GUARDED])
        self._do(session, parts[Part.FINAL])
        return self._outcome()

    def _do(self, session: Runs, planned: Sequence[Step]) -> None:
        for step in planned:
            reply = self._untried(step) or self._try(session, step)
            self._settle(step, reply)
            self._lost = self._lost or reply.state is ChangeState.UNKNOWN
            failed = reply.state is ChangeState.FAILED
            self._halted = self._halted or (failed and self._work.on_failure == "stop")

    def _untried(self, step: Step) -> Reply | None:
        """Why a step is not to be tried; ``None`` when it is."""
        self._stopped = self._stopped or self._asked()
        if self._lost or self._stopped or self._halted or self._undone():
            return Reply(ChangeState.SKIPPED, STOPPED)
        blocked = blocker(step, self._states)
        if blocked:
            failure = Failure(code=FailureCode.BLOCKED_BY, subject=blocked)
            return Reply(ChangeState.SKIPPED, failure)
        return None

    def _undone(self) -> bool:
        return self._settled is not None and self._settled.state != "disarmed"

    def _guarded(self, session: Runs, planned: Sequence[Step]) -> None:
        left = self._checked_before(session, planned)
        refusal = self._arm(session, left)
        if refusal is not None:
            for step in left:
                self._settle(step, self._untried(step) or refusal)
            return
        begun = len(self._results)
        self._do(session, left)
        done = [(step, one.state, one.failure) for step, one in self._results[begun:]]
        wrong = Failure(code=FailureCode.CONNECTION_LOST) if self._lost else failing(done)
        self._settled = self._watchdog.settle(None if self._lost else session, wrong)
        if self._settled.state == "reverted":
            self._take_back(begun)

    def _checked_before(self, session: Runs, planned: Sequence[Step]) -> list[Step]:
        """The steps whose files would be accepted; the others fail before anything is touched."""
        left = []
        for step in planned:
            reply = self._untried(step)
            if reply is None and self._is_checked(step):
                reply = self._try(session, step, KIT_DRY="check", KIT_ARMED="")
                self._lost = self._lost or reply.state is ChangeState.UNKNOWN
            if reply is None or reply.state in SUCCEEDED:
                left.append(step)
            else:
                self._settle(step, reply)
        return left

    def _is_checked(self, step: Step) -> bool:
        """A file that needs what is yet to come cannot be checked before it."""
        file = isinstance(step.artefact, FileArtefact) and step.artefact.validator is not None
        return file and all(need in self._states for need in step.needs)

    def _arm(self, session: Runs, left: Sequence[Step]) -> Reply | None:
        """Arm the watchdog; a reply for every step when it cannot be."""
        if not left or self._lost or self._stopped or self._halted:
            return Reply(ChangeState.SKIPPED, STOPPED)
        try:
            reply = self._watchdog.arm(session, left)
        except SessionFailed as error:
            self._lost = True
            failure = Failure(code=FailureCode.CONNECTION_LOST, detail=error.said)
            return Reply(ChangeState.SKIPPED, failure)
        except Unsayable as error:
            failure = Failure(code=FailureCode.UNSUPPORTED, subject=str(error))
            return Reply(ChangeState.FAILED, failure)
        return None if reply.state in SUCCEEDED else reply

    def _take_back(self, begun: int) -> None:
        """What was done under the watchdog is so no more."""
        failure = clean(self._settled.failure if self._settled else None, self._redactor)
        for place in range(begun, len(self._results)):
            step, former = self._results[place]
            result = taken_back(former, failure)
            if result is not former:
                self._results[place] = (step, result)
                self._states[step.target] = result.state
                self._tell(step.target, Reply(result.state, failure))

    def _try(self, session: Runs, step: Step, **others: str) -> Reply:
        try:
            order = order_of(step, self._limits)
            job = compose(replace(order, variables={**order.variables, **others}))
            given = handed_over(order, self._secrets)
            if order.payload:
                given = self._payload(order.payload)
        except Unsayable as error:
            failure = Failure(code=FailureCode.UNSUPPORTED, subject=str(error))
            return Reply(ChangeState.FAILED, failure)
        if not others:
            started = ChangeState.STARTED
            self._emit(Event(device=self._work.device, target=step.target, state=started))
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
        result = ChangeResult(
            target=step.target, state=reply.state, failure=failure, message=message
        )
        self._states[step.target] = reply.state
        self._results.append((step, result))
        self._tell(step.target, Reply(reply.state, failure, message))

    def _tell(self, target: str, reply: Reply) -> None:
        self._emit(
            Event(
                device=self._work.device,
                target=target,
                state=reply.state,
                failure=reply.failure,
                message=reply.message,
            )
        )

    def _outcome(self) -> Outcome:
        results = tuple(result for _step, result in self._results)
        settled = self._settled
        if settled is not None and settled.state != "disarmed":
            reverted = settled.state == "reverted"
            return Outcome(
                device=self._work.device,
                ending=Ending.REVERTED if reverted else Ending.INTERRUPTED,
                failure=clean(settled.failure, self._redactor),
                results=results,
                reverted=settled.restored,
            )
        whole = all(result.state in SUCCEEDED for result in results)
        ending = Ending.FAILED
        if whole:
            ending = Ending.DONE
        elif self._lost or self._stopped:
            ending = Ending.INTERRUPTED
        proofs = settled.proofs if settled is not None else ()
        return Outcome(device=self._work.device, ending=ending, results=results, proofs=proofs)
