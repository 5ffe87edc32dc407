"""What changed at a site between two of its runs, and the row of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kit.app.declared_matters import judged_declarations
from kit.app.opening import OpenSite
from kit.app.person_evidence import findings_of_people
from kit.checking.declared_drift import declared_changes
from kit.checking.drift import Drift, HistoryEntry, Looked, Side, compare
from kit.checking.drift import history as row_of
from kit.checking.freshness import fresh
from kit.errors import UsageError
from kit.i18n import _
from kit.model.declaration import JudgedDeclaration
from kit.model.run import Run
from kit.store.store import Store


def drift(store: Store, site: str, before: str | None = None, after: str | None = None) -> Drift:
    """The difference between two runs of a site.

    Without names: between the last two that ended and read the whole site; with one: from that
    run to the last. Raises ``UsageError`` when there are no two runs to compare.
    """
    runs = _ended(store, site)
    last = _named(runs, site, after) if after is not None else _last(runs, site)
    first = _named(runs, site, before) if before is not None else _earlier(runs, site, last)
    if first.id == last.id:
        raise UsageError(
            _("a run does not differ from itself."),
            where=first.id,
            remedy=_("Name two runs: esms-kit history {site} lists them.").format(site=site),
        )
    place = runs.index(last)
    older = (_looked(store, one) for one in reversed(runs[:place]))
    return compare(_looked(store, first), _looked(store, last), older)


def declared_drift(site: OpenSite, store: Store, found: Drift) -> Drift:
    """The same with what became of the declarations of the site between the two runs.

    Both days are judged on the declarations there are now: each says on what day it was made or
    withdrawn. What was measured is that of each run.
    """
    if site.loaded.declarations is None:
        return found
    was, is_ = (_judged(site, store, one) for one in (found.before, found.after))
    return found.model_copy(update={"declared": declared_changes(was, is_)})


def _judged(site: OpenSite, store: Store, side: Side) -> tuple[JudgedDeclaration, ...]:
    at = side.started_at
    measured = [one for own in store.findings(side.run).values() for one in own]
    if site.loaded.people is not None:
        shown = fresh(site.loaded.site, store.snapshots(side.run), at)
        measured += findings_of_people(site, shown, at)
    return judged_declarations(site, measured, at)


def history(store: Store, site: str, count: int | None = None) -> tuple[HistoryEntry, ...]:
    """Every run of a site, or the last ``count``, oldest first."""
    runs = store.runs(site)
    if not runs:
        raise _never_checked(site)
    chosen = runs if count is None else runs[-count - 1 :]
    entries = row_of(_looked(store, one) for one in chosen)
    return entries if count is None else entries[-count:]


def _looked(store: Store, run: Run) -> Looked:
    return Looked(run, store.findings(run.id))


def _ended(store: Store, site: str) -> tuple[Run, ...]:
    return tuple(one for one in store.runs(site) if one.ended_at is not None)


def _last(runs: Sequence[Run], site: str) -> Run:
    if not runs:
        raise _never_checked(site)
    whole = [one for one in runs if not one.selection]
    return (whole or runs)[-1]


def _earlier(runs: Sequence[Run], site: str, last: Run) -> Run:
    before = list(_before(runs, last))
    whole = [one for one in before if not one.selection]
    if not before:
        raise UsageError(
            _("there is only one run to look at, nothing to compare it with."),
            where=site,
            remedy=_("Check the site again: esms-kit check {site}").format(site=site),
        )
    return (whole or before)[-1]


def _before(runs: Sequence[Run], last: Run) -> Iterator[Run]:
    for one in runs:
        if one.id == last.id:
            return
        yield one


def _named(runs: Sequence[Run], site: str, name: str) -> Run:
    """The run of that id, or the only one whose id begins with it."""
    found = [one for one in runs if one.id == name] or [
        one for one in runs if one.id.startswith(name)
    ]
    if len(found) != 1:
        raise UsageError(
            _("the site “{site}” has no run “{run}”.").format(site=site, run=name),
            remedy=_("Name two runs: esms-kit history {site} lists them.").format(site=site),
        )
    return found[0]


def _never_checked(site: str) -> UsageError:
    return UsageError(
        _("the site “{site}” has never been checked.").format(site=site),
        remedy=_("Run “esms-kit check {site}” first.").format(site=site),
    )
