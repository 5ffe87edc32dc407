"""Make the changes that are wanted on a site, then check it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from kit.app.admission import guarded_plans
from kit.app.carrying import (
    ENGINE_FAILED,
    Carried,
    Hands,
    Planned,
    Task,
    carry,
    exit_code,
    first_reading,
    left,
    who,
)
from kit.app.check import Asked, keep, limited, start_run
from kit.app.opening import OpenSite
from kit.app.plan import selection
from kit.app.undo import take_up as take_up_undo
from kit.errors import UsageError
from kit.i18n import _
from kit.loop.reading import Reading
from kit.model.device import Device, DeviceClass
from kit.model.journal import JournalEntry, ReadBack
from kit.model.plan import DevicePlan, Plan
from kit.model.rule import Purpose
from kit.model.run import Run
from kit.planning.agreed import only_agreed, still_agreed
from kit.planning.schedule import key_of
from kit.sites.locking import locked
from kit.store.store import Store

__all__ = [
    "ENGINE_FAILED",
    "ApplyResult",
    "Choice",
    "Hands",
    "Planned",
    "apply",
    "exit_code",
    "left",
    "resume",
]

ApplyResult = Carried


@dataclass(frozen=True)
class Choice:
    """What to apply, where, how. ``agreed`` is a plan somebody has seen: nothing else is done."""

    limit: str | None = None
    rules: tuple[str, ...] = ()
    classes: tuple[DeviceClass, ...] = ()
    only: tuple[Purpose, ...] = ()
    agreed: Plan | None = None

    def filters(self) -> tuple[str, ...]:
        """What leaves devices out; rules chosen do not: every rule is still judged."""
        return (*limited(self.limit), *(f"--class {one}" for one in self.classes))

    def devices(self, site: OpenSite) -> tuple[Device, ...]:
        """The devices chosen; raises ``UsageError`` when there is none."""
        return site.to_work_on(self.limit, self.classes)

    def words(self) -> tuple[str, ...]:
        """What was asked for, so that a run can be gone on with; a plan file is kept elsewhere."""
        return (
            *(f"limit={one}" for one in (self.limit,) if one is not None),
            *(f"rule={one}" for one in self.rules),
            *(f"class={one.value}" for one in self.classes),
            *(f"only={one.value}" for one in self.only),
        )


def choice_of(words: tuple[str, ...]) -> Choice:
    """The choice these words came from."""
    pairs = [word.partition("=") for word in words]
    given = {name: [v for n, _sign, v in pairs if n == name] for name, _sign, _value in pairs}
    return Choice(
        limit=next(iter(given.get("limit", [])), None),
        rules=tuple(given.get("rule", [])),
        classes=tuple(map(DeviceClass, given.get("class", []))),
        only=tuple(map(Purpose, given.get("only", []))),
    )


def apply(site: OpenSite, store: Store, asked: Asked, choice: Choice, hands: Hands) -> ApplyResult:
    """Read, plan, ask, change, read again.

    A site with nothing to change costs one reading: nobody is asked, no engine is started. Raises
    ``UsageError`` when another run of this site is under way.
    """
    choice.devices(site)  # an empty choice is refused before anything is written
    at = asked.clock()
    started = start_run(site, asked, "apply", at, choice.filters())
    run = started.model_copy(update={"asked": choice.words()})
    with locked(site.workspace, site.loaded.site.id, run.id, who(run.operator)):
        store.begin(run)
        task = _task(site, store, asked, run, at, choice)
        task = replace(task, reading=_read(task, hands))
        plans = _plans(task, choice)
        keep(store, asked, run, replace(task.reading, plans=plans))
        return carry(replace(task, plans=plans), hands)


def _task(
    site: OpenSite, store: Store, asked: Asked, run: Run, at: datetime, choice: Choice
) -> Task:
    del at
    devices = choice.devices(site)
    if choice.agreed is not None:
        named = {one.device for one in choice.agreed.devices}
        devices = tuple(one for one in devices if one.id in named)
    selects = selection(site, choice.rules, choice.only)
    return Task(site, store, asked, run, devices, Reading(), {}, selects)


def _read(task: Task, hands: Hands) -> Reading:
    return first_reading(
        task.site, task.store, task.asked, task.run, task.devices, hands, task.selects
    )


def _plans(task: Task, choice: Choice) -> dict[str, DevicePlan]:
    """The plans of a reading without what must not be done, held against what was agreed on."""
    plans = guarded_plans(task.site, task.reading.plans)
    if choice.agreed is None:
        return plans
    agreed = {one.device: one for one in choice.agreed.devices}
    return {name: only_agreed(plan, agreed[name]) for name, plan in plans.items()}


def resume(
    site: OpenSite, store: Store, asked: Asked, run_id: str, hands: Hands
) -> ApplyResult | None:
    """Go on with a run that was cut off; ``None`` when it has nothing left to do.

    Devices that are done are not touched, the others are read again. Only what that run had
    planned is done. Raises ``UsageError`` when the site has no such run, or it changes nothing.
    """
    run = changing_run(store, site, run_id)
    with locked(site.workspace, site.loaded.site.id, run.id, who(asked.operator)):
        if run.kind == "undo":
            return take_up_undo(site, store, asked, run, hands)
        planned = store.plans(run.id)
        choice = choice_of(run.asked)
        if not planned:  # it was cut off before anything was read
            task = _task(site, store, asked, run, run.started_at, choice)
            task = replace(task, reading=_read(task, hands))
            plans = _plans(task, choice)
            keep(store, asked, run, replace(task.reading, plans=plans))
            return carry(replace(task, plans=plans), hands)
        waiting = unfinished(planned, store.journal(run.id))
        if not waiting:
            _close(store, asked, run)
            return None
        task = _task(site, store, asked, run, run.started_at, choice)
        task = replace(task, devices=site.still_here(waiting))
        task = replace(task, reading=_read(task, hands))
        plans = guarded_plans(site, task.reading.plans)
        rest = {name: still_agreed(plan, planned[name]) for name, plan in plans.items()}
        return carry(replace(task, plans=rest), hands)


def _close(store: Store, asked: Asked, run: Run) -> None:
    """Everything is done; only the end of the run was not written down any more."""
    if run.ended_at is None:
        store.end(run.model_copy(update={"ended_at": asked.clock(), "exit_code": 0}))


def changing_run(store: Store, site: OpenSite, run_id: str) -> Run:
    """A run of this site that changes devices; raises ``UsageError``."""
    run = store.run(run_id)
    name = site.loaded.site.id
    if run is None or run.site != name:
        raise UsageError(
            _("the site “{site}” has no run “{run}”.").format(site=name, run=run_id),
            remedy=_("Name one of its runs."),
        )
    if run.kind == "check":
        raise UsageError(
            _("the run {run} only checked; it changed nothing.").format(run=run_id),
            remedy=_("Name a run of “apply” or “undo”."),
        )
    return run


def unfinished(
    planned: Mapping[str, DevicePlan], entries: tuple[JournalEntry, ...]
) -> tuple[str, ...]:
    """The devices on which something of what was planned is not known to be done."""
    done = {
        (one.device, one.target)
        for one in entries
        if one.read_back is ReadBack.AS_WANTED or one.state == "unchanged"
    }
    return tuple(
        sorted(
            name
            for name, plan in planned.items()
            if any((name, key_of(change)) not in done for change in plan.changes)
        )
    )


Agreement = Callable[[Planned], bool]
