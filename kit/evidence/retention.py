"""How long the parts of evidence are kept, and which of them have had their time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from kit.evidence.documents import CONTEXT, FINDINGS, OUTCOMES, PLANS, SNAPSHOTS, kind_of
from kit.model.evidence import Link, Purged

DEFAULT_DAYS: Final[Mapping[str, int]] = {
    SNAPSHOTS: 400,
    PLANS: 400,
    OUTCOMES: 400,
    FINDINGS: 1830,
    CONTEXT: 1830,
}
"""Our own choice, explained in ``docs/rgpd.md``: raw answers a little over a year, so that two
yearly audits can be compared; what was concluded five years, the time civil liability lasts."""


def overdue(
    links: Sequence[Link],
    names: Mapping[int, Iterable[str]],
    days: Mapping[str, int],
    at: datetime,
) -> tuple[Purged, ...]:
    """The kinds of files of each entry whose time has come at ``at`` (aware).

    The last entry about a run is kept whole, however old: a site is never left without a state.
    """
    about_runs = [link for link in links if link.read().run is not None]
    found = []
    for link in about_runs[:-1]:
        age = at - link.read().made_at
        kinds = {kind_of(name) for name in names.get(link.sequence, ())}
        gone = sorted(kind for kind in kinds if kind in days and age > timedelta(days=days[kind]))
        if gone:
            found.append(Purged(sequence=link.sequence, kinds=tuple(gone)))
    return tuple(found)
