"""Whether a reading is recent enough to say how a device is.

A snapshot can be given to a check from a file, however old. What it shows then is how the device
was: it must not make anything green today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from kit.model.site import Site
from kit.model.snapshot import Snapshot
from kit.model.verdict import Reason, ReasonCode

AHEAD: Final = timedelta(days=1)
"""How far the date of a reading may lie after the beginning of its run: the longest run there is,
and clocks of controllers that differ. Our own choice."""
CONSTRUCTED: Final = "constructed"


def not_fresh(site: Site, snapshot: Snapshot, at: datetime) -> Reason | None:
    """Why a reading says nothing of the device at ``at`` (aware); ``None``: it does.

    ``site.oldest_reading_days`` is how old one may be. Constructed ones have no age: their date is
    as made up as the rest, and everything made from them says that they prove nothing.
    """
    if snapshot.origin == CONSTRUCTED:
        return None
    age = at - snapshot.taken_at
    day = snapshot.taken_at.date().isoformat()
    if age > timedelta(days=site.oldest_reading_days):
        detail = str(site.oldest_reading_days)
        return Reason(code=ReasonCode.TOO_OLD, subject=day, detail=detail)
    if -age > AHEAD:
        return Reason(code=ReasonCode.DATED_AHEAD, subject=day)
    return None


def fresh(site: Site, snapshots: Mapping[str, Snapshot], at: datetime) -> dict[str, Snapshot]:
    """The readings that say something at ``at``, by device."""
    return {name: one for name, one in snapshots.items() if not_fresh(site, one, at) is None}
