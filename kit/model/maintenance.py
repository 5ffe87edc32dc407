"""When the posts of a site may be restarted: windows in its local time, by post role."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.device import PostRole
from kit.model.record import Record

ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
DAYS_AHEAD: Final = (
    15  # a weekly window whose one hour does not exist that night comes a week later
)


class Day(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class MaintenanceWindow(Record):
    """From ``start`` to ``end`` by the clock on the wall; an ``end`` before it is the next day's.

    ``days`` are those it begins on; empty: every day. ``post_roles`` empty: every post.
    """

    post_roles: tuple[PostRole, ...] = ()
    days: tuple[Day, ...] = ()
    start: ClockTime
    end: ClockTime

    @model_validator(mode="after")
    def _lasts(self) -> MaintenanceWindow:
        if self.start == self.end:
            raise ValueError(_("a window that ends when it starts is never open."))
        return self

    def holds(self, local: datetime) -> bool:
        """Whether it is open at a local time, as the wall clock shows it (no zone)."""
        return any(
            begin <= local < self._ending(begin)
            for begin in (self._beginning(local, 0), self._beginning(local, -1))
            if not self.days or list(Day)[begin.weekday()] in self.days
        )

    def _beginning(self, local: datetime, days: int) -> datetime:
        return datetime.combine(local.date() + timedelta(days), time.fromisoformat(self.start))

    def _ending(self, begin: datetime) -> datetime:
        next_day = timedelta(1 if self.end < self.start else 0)
        return datetime.combine(begin.date() + next_day, time.fromisoformat(self.end))


def serving(
    windows: Iterable[MaintenanceWindow], role: PostRole | None
) -> tuple[MaintenanceWindow, ...]:
    """The windows of posts of this role; a device without one has those of every post."""
    return tuple(one for one in windows if not one.post_roles or role in one.post_roles)


def open_at(windows: Iterable[MaintenanceWindow], at: datetime, zone: str) -> bool:
    """Whether one of the windows is open at a moment (aware).

    The clock on the wall decides: an hour that comes twice is in the window twice, one that is
    left out is not.
    """
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return any(one.holds(local) for one in windows)


def next_opening(windows: Iterable[MaintenanceWindow], at: datetime, zone: str) -> datetime | None:
    """The next moment (UTC) a window opens after ``at``; ``None`` when none ever does."""
    given, local = tuple(windows), at.astimezone(ZoneInfo(zone))
    found = []
    for days in range(DAYS_AHEAD):
        day = local.date() + timedelta(days)
        for one in given:
            begin = datetime.combine(day, time.fromisoformat(one.start), ZoneInfo(zone))
            moment = begin.astimezone(UTC)
            if moment > at and open_at((one,), moment, zone):
                found.append(moment)
    return min(found, default=None)
