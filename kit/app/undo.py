"""Go back behind a run, as far as nothing has moved since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from kit.app.admission import guarded_plans
from kit.app.carrying import (
    Carried,
    Hands,
    Task,
    carry,
    first_reading,
    keeper_of,
    who,
)
from kit.app.check import Asked, keep, start_run
from kit.app.opening import OpenSite
from kit.errors import UsageError
from kit.i18n import _
from kit.loop.undoing import plans_back
from kit.model.journal import JournalEntry
from kit.model.plan import Change
from kit.model.run import Run
from kit.sites.locking import locked
from kit.store.store import Store


@dataclass(frozen=True)
class Behind:
    """The run to go back behind, and on what. Nothing named: everything it did."""

    run: str
    devices: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def words(self) -> tuple[str, ...]:
        """What was asked for, so that it can be gone on with."""
        return (
            *(f"device={one}" for one in self.devices),
            *(f"rule={one}" for one in self.rules),
        )

    def selects(self, change: Change) -> bool:
        """Whether a change belongs to a rule that was named."""
        return not self.rules or bool(set(self.rules) & set(change.rules))


def behind_of(run: Run) -> Behind:
    """What an undo run was asked for."""
    pairs = [word.partition("=") for word in run.asked]
    return Behind(
        run.undoes or "",
        tuple(value for name, _sign, value in pairs if name == "device"),
        tuple(value for name, _sign, value in pairs if name == "rule"),
    )


def site_of_run(store: Store, run_id: str) -> str:
    """The site of a run that changed devices; raises ``UsageError``."""
    run = store.run(run_id)
    if run is None:
        raise UsageError(
            _("there is no run “{run}” in this workspace.").format(run=run_id),
            remedy=_(
                "Check its number; if it was made elsewhere, import its journal first: "
                "esms-kit journal import FILE."
            ),
        )
    if run.kind == "check":
        raise UsageError(
            _("the run {run} only checked; it changed nothing.").format(run=run_id),
            remedy=_("Name a run of “apply” or “undo”."),
        )
    return run.site


def undo(site: OpenSite, store: Store, asked: Asked, behind: Behind, hands: Hands) -> Carried:
    """Read, plan back, ask, change, read again; a run of its own, with a journal of its own.

    Raises ``UsageError`` when that run changed nothing there, what it changed has left the site, or
    another run is under way.
    """
    site.still_here(_entries(store, behind))
    at = asked.clock()
    started = start_run(site, asked, "undo", at, [f"undo {behind.run}"])
    run = started.model_copy(update={"undoes": behind.run, "asked": behind.words()})
    with locked(site.workspace, site.loaded.site.id, run.id, who(run.operator)):
        store.begin(run)
        return take_up(site, store, asked, run, hands)


def take_up(site: OpenSite, store: Store, asked: Asked, run: Run, hands: Hands) -> Carried:
    """Do what an undo run has left to do: what is back already is not touched again."""
    behind = behind_of(run)
    entries = _entries(store, behind)
    devices = site.still_here(entries)
    reading = first_reading(site, store, asked, run, devices, hands)
    undone = run.model_copy(update={"id": behind.run})
    back = plans_back(
        reading, devices, entries, keeper_of(site, undone, hands.send), behind.selects
    )
    plans = guarded_plans(site, back, undoing=True)
    if not store.plans(run.id):
        keep(store, asked, run, replace(reading, plans=plans))
    task = Task(site, store, asked, run, devices, reading, plans)
    return carry(task, hands)


def _entries(store: Store, behind: Behind) -> Mapping[str, tuple[JournalEntry, ...]]:
    """Device -> the entries of the run; raises ``UsageError`` when none is left to go back on."""
    by_device: dict[str, list[JournalEntry]] = defaultdict(list)
    for entry in store.journal(behind.run):
        if _named(entry.device, behind.devices):
            by_device[entry.device].append(entry)
    if not by_device:
        raise UsageError(
            _("the run {run} changed nothing there.").format(run=behind.run),
            remedy=_("“esms-kit journal show {run}” lists what it did.").format(run=behind.run),
        )
    return {name: tuple(found) for name, found in sorted(by_device.items())}


def _named(device: str, patterns: Iterable[str]) -> bool:
    given = [part for one in patterns for part in one.split(",") if part]
    return not given or any(fnmatchcase(device, pattern) for pattern in given)
