"""Sections about the whole: the trend, what changed, the count of the equipment, frameworks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kit.checking.drift import ChangeKind
from kit.i18n import _, localized, ngettext
from kit.model.device import DeviceClass, DeviceState
from kit.model.verdict import Verdict
from kit.reporting.data import DeviceSheet, ReportData, Standing
from kit.reporting.history import ChangeSheet
from kit.reporting.text import (
    counted,
    show_month,
    show_share,
    show_short_time,
    typographic,
)

_READ: Final = frozenset({Standing.READ, Standing.PARTLY_READ})


@dataclass(frozen=True)
class TrendRow:
    """One run of the trend; ``note`` says why there are no shares."""

    when: str
    share: str
    coverage: str
    failures: int
    unknown: int
    counts: dict[Verdict, int]
    note: str


@dataclass(frozen=True)
class CensusRow:
    """One kind of equipment: how many the inventory declares, a delivery brought, and were seen."""

    kind: DeviceClass | None  # unset: the sum
    declared: int
    delivered: int
    in_service: int
    seen: int
    removed: int


@dataclass(frozen=True)
class Census:
    """The count of the equipment, and the names behind its gaps."""

    rows: tuple[CensusRow, ...]
    without_delivery: tuple[str, ...]
    not_in_service: tuple[str, ...]
    removed: tuple[str, ...]


def change_sentences(data: ReportData) -> Iterator[str]:
    """What became of the check before, for the first page."""
    changes = data.history.changes if data.history is not None else None
    if changes is None:
        yield _("There is no earlier check of the whole site to compare with.")
        return
    when = show_short_time(changes.at, data.site.timezone)
    if changes.trend is None:
        yield _(
            "The check of {when} was made with other rules or values: no trend is given."
        ).format(when=when)
        return
    words = {
        "better": _("Since the check of {when}: better."),
        "same": _("Since the check of {when}: the same."),
        "worse": _("Since the check of {when}: worse."),
    }
    told = list(_kinds(changes))
    yield " ".join([words[changes.trend].format(when=when), *told])


def _kinds(changes: ChangeSheet) -> Iterator[str]:
    kinds = changes.kinds
    new = kinds[ChangeKind.NEW] + kinds[ChangeKind.FOUND_FAILING]
    fixed, lost = kinds[ChangeKind.FIXED], kinds[ChangeKind.LOST]
    parts = [
        counted(ngettext("{count} new non-compliance", "{count} new non-compliances", new), new),
        counted(ngettext("{count} mended", "{count} mended", fixed), fixed),
        counted(ngettext("{count} no longer known", "{count} no longer known", lost), lost),
    ]
    yield ", ".join(parts) + "."


def trend_rows(data: ReportData) -> tuple[TrendRow, ...]:
    """The earlier whole runs and this one, oldest first; empty without earlier ones."""
    history = data.history
    if history is None or not history.trend:
        return ()
    zone = data.site.timezone
    rows = [
        TrendRow(
            show_short_time(one.at, zone), show_share(one.ratio), show_share(one.coverage),
            one.counts[Verdict.FAIL], one.counts[Verdict.ERROR] + one.counts[Verdict.NOT_CHECKED],
            one.counts, "" if one.comparable else _("other rules or values: not comparable"),
        )
        for one in history.trend
    ]  # fmt: skip
    result = data.summary.result
    counts = result.counts
    rows.append(
        TrendRow(
            show_short_time(data.run.started_at, zone), show_share(result.ratio),
            show_share(result.coverage), counts[Verdict.FAIL],
            counts[Verdict.ERROR] + counts[Verdict.NOT_CHECKED], counts, _("this check"),
        )
    )  # fmt: skip
    return tuple(rows)


def census(data: ReportData) -> Census:
    """Declared, delivered, in service, seen, removed: every device of the inventory is counted."""
    present = [one for one in data.devices if one.state is not DeviceState.REMOVED]
    kinds = [one for one in DeviceClass if any(d.device_class is one for d in data.devices)]
    rows = [
        _census_row(kind, [one for one in data.devices if one.device_class is kind])
        for kind in kinds
    ]  # fmt: skip
    return Census(
        rows=(*rows, _census_row(None, data.devices)),
        without_delivery=tuple(one.id for one in present if one.delivery is None),
        not_in_service=tuple(one.id for one in present if one.state is not DeviceState.ADOPTED),
        removed=tuple(one.id for one in data.devices if one.state is DeviceState.REMOVED),
    )


def _census_row(kind: DeviceClass | None, devices: Sequence[DeviceSheet]) -> CensusRow:
    present = [one for one in devices if one.state is not DeviceState.REMOVED]
    return CensusRow(
        kind,
        declared=len(present),
        delivered=sum(one.delivery is not None for one in present),
        in_service=sum(one.state is DeviceState.ADOPTED for one in present),
        seen=sum(one.standing in _READ for one in present),
        removed=len(devices) - len(present),
    )


def references(data: ReportData) -> Iterator[str]:
    """The texts a reader may ask for, each with version, date and whether it was read."""
    for one in data.frameworks or ():
        title = typographic(localized(one.title))
        read = (
            _("the text was read for the mapping")
            if one.read
            else _("the text itself was not read: the mapping is indicative")
        )
        yield _("{publisher}, {title}, version {version}, {date} ({read})").format(
            publisher=one.publisher,
            title=title,
            version=one.version,
            date=show_month(one.date),
            read=read,
        )  # fmt: skip
