"""From what Ansible tells to events and outcomes. Pure: knows neither Ansible nor its process."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from kit.engines.accounts import STOPPED, clean, not_begun, results_of, taken_back
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
from kit.engines.hops import device_hop, jump_hop
from kit.engines.watchdog import Settled
from kit.planning.schedule import steps
from kit.planning.watching import guarded
from kit.redaction import Redactor

Told = Mapping[str, Any]

_FACTS: Final = "ansible_facts"
_IDENTITY: Final = "kit_windows_identity"
_READY: Final = "kit_artefacts_ready"
_ARMED: Final = "kit_artefacts_armed"
_RESULTS: Final = "kit_artefacts_results"
_SETTLE: Final = "kit_artefacts_settle"
_STEP: Final = "kit_artefacts_step"
_FORWARD: Final = "stdio forwarding failed"  # ssh -W, when the jump host cannot go on
_PROHIBITED: Final = "administratively prohibited"
_LAST_TASK: Final = "Name what is not as wanted"
"""Fails where a step did; what failed has been told by then."""

# What ssh, sudo and Ansible say (in English) -> what it means before anything was tried.
_SIGNS: Final = tuple(
    (re.compile("|".join(patterns)), code)
    for code, *patterns in (
        # What the connection plugin kit_winrm and the role kit_windows say.
        (FailureCode.CERTIFICATE_CHANGED, "kit_winrm: the host shows another certificate"),
        (FailureCode.CERTIFICATE_NOT_PINNED, "kit_winrm: no certificate is pinned"),
        (FailureCode.PASSWORD_LOGIN_REFUSED, "kit_winrm: the account or its password"),
        (FailureCode.WINRM_MISSING, "kit_winrm: pywinrm is not installed"),
        (FailureCode.NOT_ADMINISTRATOR, "^kit_windows: the account is no administrator"),
        (FailureCode.BROKEN_ANSWER, "^kit_windows: no answer of ours"),
        (
            FailureCode.KEY_CHANGED,
            "REMOTE HOST IDENTIFICATION HAS CHANGED",
            "Host key verification failed",
            "no matching host key",
        ),
        (
            FailureCode.LOGIN_REFUSED,
            r"Permission denied \(",
            "Too many authentication failures",
        ),
        (FailureCode.NO_ANSWER, "banner exchange", "kex_exchange_identification"),
        (
            FailureCode.NOT_REACHED,
            "(?:Connection|Operation) timed out",
            "Connection refused",
            "No route to host",
            "Network is unreachable",
            "Could not resolve",
            "Failed to resolve",
            "Host is down",
        ),
        (FailureCode.SUDO_REFUSED, "[Ss]udo", "privilege escalation", "become password"),
        (FailureCode.PYTHON_MISSING, "^python missing"),
        (FailureCode.PYTHON_TOO_OLD, "^python too old", "minimum of Python version"),
    )
)


_ABOUT_THE_ACCOUNT: Final = frozenset({
    FailureCode.LOGIN_REFUSED, FailureCode.SUDO_REFUSED, FailureCode.PASSWORD_LOGIN_REFUSED,
    FailureCode.NOT_ADMINISTRATOR,
})  # fmt: skip
_SAID_IN_FULL: Final = frozenset({
    FailureCode.KEY_CHANGED, FailureCode.CERTIFICATE_CHANGED, FailureCode.CERTIFICATE_NOT_PINNED,
    FailureCode.PASSWORD_LOGIN_REFUSED, FailureCode.NOT_ADMINISTRATOR,
})  # fmt: skip
"""What was said adds nothing to the message of these."""


class Guard(Protocol):
    """The watchdog of the device, as far as a listener has to do with it."""

    settled: Settled | None

    def armed(self, seconds: int) -> None:
        """The role has armed it."""

    def settle(self, wrong: Failure | None) -> None:
        """Begin to prove the way in, if it is armed and that was not begun yet."""


class DeviceListening:
    """What is heard of one device, in order; ``emit`` takes each event."""

    def __init__(
        self,
        work: Work,
        redactor: Redactor,
        emit: Callable[[Event], None],
        overheard: Callable[[], str] = str,
        guard: Guard | None = None,
    ) -> None:
        """Nothing is heard yet. ``overheard``: what was said on the way to its jump host.

        ``guard`` is told when the watchdog is armed and when its proof is asked for.
        """
        self.work = work
        self._redactor = redactor
        self._emit = emit
        self._overheard = overheard
        self._guard = guard
        self._events: dict[str, Event] = {}
        self._waiting: list[str] = []  # packages that are tried one by one
        self._failure: Failure | None = None
        self._ending = Ending.FAILED
        self._lost = False
        self._reached = False  # a Windows device has said who it is

    def hear(self, kind: str, data: Told) -> None:
        """One event of ansible-runner: its name and its ``event_data``."""
        result = data.get("res")
        if not isinstance(result, dict):
            return
        if kind == "runner_on_ok":
            self._hear_facts(result.get(_FACTS))
        elif kind in {"runner_item_on_ok", "runner_item_on_failed"}:
            failed = kind == "runner_item_on_failed"
            self._hear_item(result, str(data.get("task_action") or ""), failed=failed)
        elif kind == "runner_on_unreachable":
            self._hear_unreachable(result)
        elif kind == "runner_on_failed" and not self._lost:
            self._hear_failed(result, str(data.get("task") or ""))

    def _hear_facts(self, facts: object) -> None:
        if not isinstance(facts, dict):
            return
        self._reached = self._reached or bool(facts.get(_IDENTITY))
        if self._guard is not None:
            armed, settle = facts.get(_ARMED), facts.get(_SETTLE)
            if isinstance(armed, dict) and armed:
                self._guard.armed(int(armed["seconds"]))
            if isinstance(settle, dict):
                self._guard.settle(_failure_of(settle.get("wrong") or None))
        for told in facts.get(_RESULTS) or ():
            if self._state(told["target"]) in {None, ChangeState.STARTED}:
                self._settle(told)
        ready = facts.get(_READY)
        if isinstance(ready, list):
            targets = [str(step["target"]) for step in ready]
            one_by_one = bool(ready) and ready[0]["artefact"]["kind"] == "package"
            self._waiting = targets[1:] if one_by_one else []
            for target in targets[:1] if one_by_one else targets:
                self._start(target)

    def _hear_item(self, result: Told, action: str, *, failed: bool) -> None:
        """One package is done with: the next one begins."""
        step = result.get(_STEP)
        if action != "kit_package" or not isinstance(step, dict) or result.get("unreachable"):
            return
        if failed:
            kit = result.get("kit") or {"code": "unexpected", "detail": result.get("msg", "")}
            told = {"target": step["target"], "state": "failed", "failure": kit}
        else:
            state = "done" if result.get("changed") else "unchanged"
            message = " ".join(map(str, result.get("along") or ()))
            told = {"target": step["target"], "state": state, "message": message}
        self._settle(told)
        if self._waiting:
            self._start(self._waiting.pop(0))

    def _hear_unreachable(self, result: Told) -> None:
        failure = self._way(str(result.get("msg", "")))
        if self._events:
            failure = Failure(code=FailureCode.CONNECTION_LOST, detail=failure.detail)
        self._lost = bool(self._events)
        if self._guard is not None:
            self._guard.settle(Failure(code=FailureCode.CONNECTION_LOST))
        self._ending = (
            Ending.NOT_REACHED if failure.code is FailureCode.NOT_REACHED else Ending.FAILED
        )
        self._failure = clean(failure, self._redactor)

    def _way(self, said: str) -> Failure:
        """Why the device cannot be reached: on the way to it, or to its jump host."""
        overheard = self._overheard()
        jump = jump_hop(self.work)
        if jump is None or not overheard:
            found = meaning(said, self.work.connection.address, self.work.account)
        elif _FORWARD in overheard and _PROHIBITED not in overheard:
            # The jump host let us through and found nobody.
            return Failure(
                code=FailureCode.NOT_REACHED, subject=device_hop(self.work).name, detail=overheard
            )
        else:
            found = meaning(overheard, jump.address, jump.account)
            if found.code is FailureCode.UNEXPECTED:
                code = FailureCode.JUMP_FAILED
                return Failure(code=code, subject=jump.address, detail=overheard)
        if found.code is FailureCode.UNEXPECTED:
            return Failure(code=FailureCode.NO_ANSWER, detail=said)
        return found

    def _hear_failed(self, result: Told, task: str) -> None:
        """Before the first step: the device cannot be worked on. Later, the role's own rescue."""
        if self._events or task == _LAST_TASK:
            return
        said = "\n".join(
            str(result.get(part) or "")
            for part in ("msg", "module_stderr", "stderr", "module_stdout", "stdout")
        )
        failure = meaning(said.strip(), self.work.connection.address, self.work.account)
        if result.get("timedout"):
            failure = Failure(code=FailureCode.NO_ANSWER, detail=failure.detail)
        self._failure = clean(failure, self._redactor)

    def _state(self, target: str) -> ChangeState | None:
        event = self._events.get(target)
        return event.state if event else None

    def _start(self, target: str) -> None:
        event = Event(device=self.work.device, target=target, state=ChangeState.STARTED)
        self._events[target] = event
        self._emit(event)

    def _settle(self, told: Told) -> None:
        event = Event(
            device=self.work.device,
            target=str(told["target"]),
            state=ChangeState(told["state"]),
            failure=clean(_failure_of(told.get("failure")), self._redactor),
            message=self._redactor.short(str(told.get("message") or "")),
        )
        self._events[event.target] = event
        self._emit(event)

    def outcome(self, *, stopped: bool) -> Outcome:
        """How it ended; ``stopped`` when the run was asked to stop."""
        if self._reached and self._failure is None and not self.work.changes:
            return Outcome(device=self.work.device, ending=Ending.DONE)
        if not self._events:
            failure = self._failure or (STOPPED if stopped else _died())
            ending = self._ending if self._failure else Ending.INTERRUPTED
            return not_begun(self.work, ending, failure)
        results = results_of(self.work, self._events.values())
        settled = self._guard.settled if self._guard is not None else None
        if settled is not None and settled.state != "disarmed":
            return self._not_confirmed(settled, results)
        untold = any(result.state is ChangeState.UNKNOWN for result in results)
        skipped = any(result.failure == STOPPED for result in results)
        if all(result.state in SUCCEEDED for result in results):
            ending = Ending.DONE
        elif untold or self._lost or (stopped and skipped):
            ending = Ending.INTERRUPTED
        else:
            ending = Ending.FAILED
        return Outcome(
            device=self.work.device, ending=ending, failure=self._failure, results=results,
            proofs=settled.proofs if settled is not None else (),
        )  # fmt: skip

    def _not_confirmed(self, settled: Settled, results: tuple[ChangeResult, ...]) -> Outcome:
        """The outcome where what may cut the way in did not stay."""
        failure = clean(settled.failure, self._redactor)
        reverted = settled.state == "reverted"
        if reverted:
            names = {step.target for step in guarded(steps(self.work.changes))}
            results = tuple(
                taken_back(one, failure) if one.target in names else one for one in results
            )
            for one in results:
                if one.state is ChangeState.REVERTED:
                    event = Event(
                        device=self.work.device, target=one.target, state=one.state,
                        failure=failure,
                    )  # fmt: skip
                    self._emit(event)
        return Outcome(
            device=self.work.device,
            ending=Ending.REVERTED if reverted else Ending.INTERRUPTED,
            failure=failure,
            results=results,
            reverted=settled.restored,
        )


def _died() -> Failure:
    return Failure(code=FailureCode.WORKER_DIED)


def _failure_of(told: object) -> Failure | None:
    if not isinstance(told, dict):
        return None
    code = told.get("code")
    known = code if code in set(FailureCode) else FailureCode.UNEXPECTED
    return Failure(
        code=FailureCode(known),
        subject=str(told.get("subject") or ""),
        detail=str(told.get("detail") or ""),
    )


def meaning(said: str, address: str, account: str) -> Failure:
    """Why a machine cannot be worked on, from what was said about it."""
    found = (code for pattern, code in _SIGNS if pattern.search(said))
    code = next(found, FailureCode.UNEXPECTED)
    by_account = code in _ABOUT_THE_ACCOUNT
    detail = "" if code in _SAID_IN_FULL else said
    return Failure(code=code, subject=account if by_account else address, detail=detail)
