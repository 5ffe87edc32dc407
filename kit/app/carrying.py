"""What every run that changes devices has in common: lock, ask, journal, carry out, read again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kit.app.admission import guarded_plans
from kit.app.check import FINDINGS, OK, UNKNOWN, Asked, CheckResult, end_run, keep, start_run
from kit.app.check import exit_code as check_code
from kit.app.evidence import masked
from kit.app.opening import OpenSite
from kit.app.person_evidence import note_first_uses
from kit.app.restarts import Reboot, RestartAgreed, restart_waiting
from kit.app.works import limits_of, workable_for
from kit.loop.applying import (
    Applied,
    Ending,
    Event,
    Journal,
    Keeper,
    Send,
    carry_out,
    clear_left,
    engine_named,
    merged,
)
from kit.loop.reading import Collect, Reading, read_site, site_plan
from kit.loop.restarting import Restart
from kit.model.device import Device
from kit.model.finding import Finding
from kit.model.meta import Fix
from kit.model.plan import DevicePlan, Plan
from kit.model.run import Operator, Run
from kit.model.verdict import Verdict
from kit.planning.planning import Selects, everything
from kit.redaction import Redactor
from kit.secrets.reference import SecretResolver
from kit.sites.locking import holder_of
from kit.store.store import Store

ENGINE_FAILED = 5


@dataclass(frozen=True)
class Planned:
    """What is about to be done, for the question before it."""

    plan: Plan

    @property
    def irreversible(self) -> tuple[tuple[str, str], ...]:
        """Device and target of every change that cannot be undone."""
        return tuple(
            (device.device, change.target)
            for device in self.plan.devices
            for change in device.changes
            if not change.reversible
        )


@dataclass(frozen=True)
class Hands:
    """What a run that changes devices needs from outside."""

    collect: Collect
    send: Send
    agreed: Callable[[Planned], bool]
    secrets: SecretResolver
    redactor: Redactor
    on_event: Callable[[Event], None]
    engine: str = "auto"
    jobs: int = 8
    reboot: Reboot = Reboot.NEVER
    restart_agreed: RestartAgreed = lambda _sessions: False


@dataclass(frozen=True)
class Carried:
    """What was done. ``agreed`` is false when somebody said no; then nothing was touched."""

    before: CheckResult
    after: CheckResult
    applied: Applied
    agreed: bool
    exit_code: int
    restarts: tuple[Restart, ...] = ()


@dataclass(frozen=True)
class Task:
    """One run about to change devices: its record, what was read, what is planned."""

    site: OpenSite
    store: Store
    asked: Asked
    run: Run
    devices: tuple[Device, ...]
    reading: Reading
    plans: Mapping[str, DevicePlan]
    selects: Selects = everything


def who(operator: Operator) -> str:
    """The operator as one word, for locks."""
    return re.sub(r"[^A-Za-z0-9@._-]", "_", f"{operator.account}@{operator.controller}")[:100]


def keeper_of(site: OpenSite, run: Run, send: Send) -> Keeper:
    """The lock and the journal of the devices, for this run."""
    name = site.loaded.site.id
    return Keeper(run.id, holder_of(site.workspace, name), who(run.operator), send)


def first_reading(
    site: OpenSite,
    store: Store,
    asked: Asked,
    run: Run,
    devices: Sequence[Device],
    hands: Hands,
    selects: Selects = everything,
) -> Reading:
    """The reading a run that changes devices begins with.

    What an earlier run has left under a watchdog, unproven, is put back first and told; such a
    device is read again.
    """
    reading = read_site(site.context(asked.clock()), devices, site.profiles, hands.collect, selects)
    journal = Journal(store, run, asked.clock)

    def tell(event: Event) -> None:
        journal.hear(event)
        hands.on_event(event)

    put_back = clear_left(reading, devices, keeper_of(site, run, hands.send), tell)
    if not put_back:
        return reading
    again = [one for one in devices if one.id in put_back]
    context = site.context(asked.clock())
    return merged(reading, read_site(context, again, site.profiles, hands.collect, selects))


def carry(task: Task, hands: Hands) -> Carried:
    """Ask, change, read again; the run is ended and what was found afterwards is kept.

    A run with nothing to change asks nobody and starts no engine.
    """
    site, store, run = task.site, task.store, task.run
    journal = Journal(store, run, task.asked.clock)
    applied = Applied(task.reading, task.plans, task.reading)
    said_yes = True
    if any(plan.changes for plan in task.plans.values()):
        context = site.context(run.started_at)
        planned = replace(task.reading, plans=task.plans)
        said_yes = hands.agreed(Planned(site_plan(context, planned, run.tool_version)))
    if said_yes:
        applied = carry_out(
            task.reading, task.plans, task.devices, site.profiles,
            engine=engine_named(hands.engine, hands.redactor), workable=workable_for(site),
            secrets=hands.secrets, limits=limits_of(site, hands.jobs), collect=hands.collect,
            on_event=hands.on_event, selects=task.selects,
            again=lambda: site.context(task.asked.clock()),
            keeper=keeper_of(site, run, hands.send), journal=journal,
        )  # fmt: skip
        store.keep_outcomes(run.id, applied.outcomes)
    restarts: tuple[Restart, ...] = ()
    if said_yes:
        applied, restarts = restart_waiting(
            site, applied, hands.reboot, send=hands.send, collect=hands.collect,
            selects=task.selects, agreed=hands.restart_agreed, clock=task.asked.clock,
        )  # fmt: skip
    code = exit_code(applied, run)
    before = _ended(task, applied, code)
    after = _keep_after(task, applied) if applied.after is not applied.before else before
    return Carried(before, after, applied, said_yes, code, restarts)


def _ended(task: Task, applied: Applied, code: int) -> CheckResult:
    """The run ended; one that goes on after its end stands in the chain of evidence already."""
    site, store, run = task.site, task.store, task.run
    if run.ended_at is None:
        kept = masked(task.reading, task.asked.mask)
        done = (task.plans, applied.outcomes)
        return end_run(site, store, task.asked, run, task.reading, kept, code, done)
    ended = run.model_copy(update={"ended_at": task.asked.clock(), "exit_code": code})
    store.end(ended)
    return CheckResult(ended, task.reading)


def _keep_after(task: Task, applied: Applied) -> CheckResult:
    """The reading after the changes is a check run of its own: reports are made from it."""
    at = task.asked.clock()
    run = start_run(task.site, task.asked, "check", at, task.run.selection)
    task.store.begin(run)
    reading = replace(applied.after, plans=guarded_plans(task.site, applied.after.plans))
    kept = keep(task.store, task.asked, run, reading)
    note_first_uses(task.site, reading.snapshots)
    found = [one for findings in reading.findings().values() for one in findings]
    return end_run(task.site, task.store, task.asked, run, reading, kept, check_code(found))


def exit_code(applied: Applied, run: Run) -> int:
    """5 when the engine failed, 4 when something is not known, 1 when something is left, else 0.

    Left are, of an apply, enforced failures that can be mended remotely and wait for nothing; of
    an undo, the targets that were refused.
    """
    bad = {Ending.FAILED, Ending.INTERRUPTED, Ending.REVERTED}
    if any(one.ending in bad for one in applied.outcomes.values()):
        return ENGINE_FAILED
    if any(one.ending is Ending.NOT_REACHED for one in applied.outcomes.values()):
        return UNKNOWN
    if run.kind == "undo":
        if any(plan.not_known is not None for plan in applied.plans.values()):
            return UNKNOWN
        return FINDINGS if any(plan.refused for plan in applied.plans.values()) else OK
    found = [one for findings in applied.after.findings().values() for one in findings]
    known = check_code([one for one in found if one.verdict is not Verdict.FAIL])
    if known == UNKNOWN:
        return UNKNOWN
    return FINDINGS if any(left(one) for one in found) else OK


def left(finding: Finding) -> bool:
    """Whether this is a failure that apply should have mended."""
    return (
        finding.verdict is Verdict.FAIL
        and finding.enforced
        and finding.fix is Fix.REMOTE
        and finding.pending is None
    )
