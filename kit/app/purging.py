"""Delete what has been kept long enough; what is left says so and can still be verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kit.app.evidence import Seal, sealed_link
from kit.errors import UsageError
from kit.evidence.chain import next_entry
from kit.evidence.documents import CONTEXT, FINDINGS, OUTCOMES, PLANS, SNAPSHOTS, kind_of
from kit.evidence.retention import DEFAULT_DAYS, overdue
from kit.i18n import _
from kit.model.evidence import Link, Purge, Purged
from kit.sites.loading import LoadedSite
from kit.store.chain import Chain
from kit.store.store import Store


@dataclass(frozen=True)
class PurgePlan:
    """What would be deleted: by entry, and how many files in all."""

    files: tuple[Purged, ...]
    count: int


def retention(raw: int | None, findings: int | None) -> dict[str, int]:
    """Days by kind: the defaults, or what was asked for. Findings never go before raw answers."""
    days = dict(DEFAULT_DAYS)
    for kind in (SNAPSHOTS, PLANS, OUTCOMES) if raw is not None else ():
        days[kind] = raw or 0
    for kind in (FINDINGS, CONTEXT) if findings is not None else ():
        days[kind] = findings or 0
    if days[FINDINGS] < days[SNAPSHOTS]:
        raise UsageError(
            _("findings cannot be kept for less time than raw answers."),
            where="--finding-days",
            remedy=_("Shorten --raw-days as well."),
        )
    return days


def plan_purge(site: str, store: Store, days: Mapping[str, int], at: datetime) -> PurgePlan:
    """What has had its time at ``at``; nothing is deleted."""
    chain = Chain(store, site)
    names = chain.names()
    found = overdue(chain.links(), names, days, at)
    return PurgePlan(found, len(_files(found, names)))


def _files(
    found: tuple[Purged, ...], names: Mapping[int, tuple[str, ...]]
) -> list[tuple[int, str]]:
    return [
        (one.sequence, name)
        for one in found
        for name in names.get(one.sequence, ())
        if kind_of(name) in one.kinds
    ]


def purge(
    site: LoadedSite, store: Store, days: Mapping[str, int], at: datetime, seal: Seal
) -> Link | None:
    """Delete what has had its time, in the chain and in the store; ``None`` when there is nothing.

    The entry that says what was deleted, and why, is added in the same transaction. Raises
    ``UsageError`` when the chain was made elsewhere.
    """
    name = site.site.id
    chain = Chain(store, name)
    if chain.imported():
        raise UsageError(
            _("this evidence was made elsewhere; it is not ours to delete from."),
            where=name,
            remedy=_("Delete the workspace it was taken into."),
        )
    names = chain.names()
    found = overdue(chain.links(), names, days, at)
    if not found:
        return None
    runs = {link.sequence: link.read().run for link in chain.links()}
    said = Purge(retention=dict(sorted(days.items())), files=found)

    def make(last: Link | None) -> tuple[Link, list[tuple[str, bytes]]]:
        made = next_entry(site.site, last, made_at=at, manifest=b"", files=0, purge=said)
        return sealed_link(made, b"", seal)[0], []

    link = chain.purge(make, _files(found, names))
    for one in found:
        run = runs[one.sequence]
        if run is not None:
            kinds = frozenset(one.kinds) & {SNAPSHOTS, FINDINGS, PLANS, OUTCOMES}
            store.forget(run.id, kinds)
    return link
