"""What becomes of every device: each has an outcome, whatever becomes of the process that works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kit.engines.base import (
    SUCCEEDED,
    ChangeResult,
    ChangeState,
    Ending,
    Event,
    Outcome,
    Work,
)
from kit.engines.failures import Failure, FailureCode
from kit.planning.schedule import Step, steps
from kit.redaction import Redactor

STOPPED: Final = Failure(code=FailureCode.STOPPED)


def blocker(step: Step, states: Mapping[str, ChangeState]) -> str:
    """The target that keeps ``step`` from being tried, or ``""``.

    ``states`` holds every target dealt with so far; one that is not part of the work blocks none.
    """
    return next(
        (need for need in step.needs if states.get(need, ChangeState.DONE) not in SUCCEEDED), ""
    )


def clean(failure: Failure | None, redactor: Redactor) -> Failure | None:
    """The failure with what a device said about it made fit for a screen."""
    if failure is None:
        return None
    return Failure(
        code=failure.code,
        subject=redactor.short(failure.subject, 200),
        detail=redactor.short(failure.detail),
    )


def not_begun(work: Work, ending: Ending, failure: Failure) -> Outcome:
    """The outcome of a device on which nothing was tried."""
    return Outcome(device=work.device, ending=ending, failure=failure, results=results_of(work, ()))


def results_of(work: Work, events: Iterable[Event]) -> tuple[ChangeResult, ...]:
    """One result for each step, from what was told of them last; nothing told: not tried."""
    told = {event.target: event for event in events if event.device == work.device}
    return tuple(
        _as_far_as_told(step.target, told.get(step.target)) for step in steps(work.changes)
    )


class Account:
    """Sees to it that every device has an outcome."""

    def __init__(self, works: Sequence[Work]) -> None:
        """No device has one yet."""
        self._works = {work.device: work for work in works}
        self.outcomes: dict[str, Outcome] = {}
        self._told: list[Event] = []

    @property
    def left(self) -> tuple[Work, ...]:
        """The works without an outcome."""
        return tuple(one for one in self._works.values() if one.device not in self.outcomes)

    def note(self, event: Event) -> None:
        """Keep what was told of a step."""
        self._told.append(event)

    def end(self, outcome: Outcome) -> None:
        """A device has its outcome."""
        if outcome.device in self._works:
            self.outcomes[outcome.device] = outcome

    def close(self) -> Mapping[str, Outcome]:
        """All outcomes, sorted by device; a device without one was interrupted."""
        died = Failure(code=FailureCode.WORKER_DIED)
        for device in self._works.keys() - self.outcomes.keys():
            results = results_of(self._works[device], self._told)
            self.outcomes[device] = Outcome(
                device=device, ending=Ending.INTERRUPTED, failure=died, results=results
            )
        return dict(sorted(self.outcomes.items()))


def taken_back(result: ChangeResult, failure: Failure | None) -> ChangeResult:
    """A result of a step that was done under a watchdog which has put everything back since."""
    if result.state not in {ChangeState.DONE, ChangeState.UNKNOWN}:
        return result
    states = {"state": ChangeState.REVERTED, "failure": failure}
    return result.model_copy(update=states)


def _as_far_as_told(target: str, event: Event | None) -> ChangeResult:
    if event is None:
        return ChangeResult(target=target, state=ChangeState.SKIPPED, failure=STOPPED)
    if event.state is ChangeState.STARTED:
        failure = Failure(code=FailureCode.CONNECTION_LOST)
        return ChangeResult(target=target, state=ChangeState.UNKNOWN, failure=failure)
    return ChangeResult(
        target=target, state=event.state, failure=event.failure, message=event.message
    )
