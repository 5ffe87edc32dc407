"""What tables of a report are made of: columns, rows that are made when asked for, cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from kit.i18n import _
from kit.reporting.cutting import cut_text
from kit.reporting.data import ReportData
from kit.reporting.text import visible

Cell = str | int | float | date | datetime | None
"""A datetime is local to the site and carries no zone: spreadsheets know none."""
Cells = tuple[Cell, ...]
LONGEST: Final = 1000
"""Characters of a cell; our own choice, well below what spreadsheets take."""


@dataclass(frozen=True)
class Column:
    """A heading, its width in characters, and whether cells are shares of 1."""

    head: str
    width: int
    share: bool = False


@dataclass(frozen=True)
class Table:
    """One table: a name for files, a title for people, and rows that are made when asked for.

    ``in_parts``: the same rows where much of them comes again and again.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterable[tuple[Cell, ...]]]
    in_parts: Callable[[], Iterable[tuple[Cells, ...]]] | None = None

    def parts(self) -> Iterable[tuple[Cells, ...]]:
        """The rows, each in parts one after the other; parts that come again are the same."""
        return self.in_parts() if self.in_parts is not None else ((one,) for one in self.rows())


def text_cell(text: str) -> str:
    """What anybody said as one visible line that a cell can hold."""
    return visible(cut_text(text, LONGEST))


def local_time(at: datetime | None, data: ReportData) -> datetime | None:
    """A moment as the site's clocks show it, without its zone."""
    return _local(at, data.site.timezone) if at is not None else None


@lru_cache(maxsize=1024)  # every finding of a device has the same
def _local(at: datetime, timezone: str) -> datetime:
    return at.astimezone(ZoneInfo(timezone)).replace(tzinfo=None, microsecond=0)


def columns_of(*heads: tuple[str, int]) -> tuple[Column, ...]:
    """Columns from (heading, width); headings in the current language."""
    return tuple(Column(_(head), width) for head, width in heads)
