"""Devices by themes: the worst finding of each, as a drawing and as a table that says it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kit.checking.labels import theme_label
from kit.i18n import _, ngettext
from kit.model.finding import Finding
from kit.model.verdict import Verdict, worst
from kit.reporting.data import DeviceSheet, Standing
from kit.reporting.text import counted
from kit.reporting.words import word

_ROW: Final = 22
_CELL: Final = 46
_NAMES: Final = 150
_HEAD: Final = 150


@dataclass(frozen=True)
class HeatCell:
    """The worst finding of a theme on a device, and how many are that bad; ``None``: no finding."""

    verdict: Verdict | None
    count: int
    x: int


@dataclass(frozen=True)
class HeatRow:
    """One device, and where its row lies; ``words`` say by verdict which themes."""

    device: str
    cells: tuple[HeatCell, ...]
    words: tuple[str, ...]
    y: int


@dataclass(frozen=True)
class HeatMap:
    """The drawing: columns with their place, rows, size, and one sentence about all of it."""

    themes: tuple[tuple[str, int], ...]
    rows: tuple[HeatRow, ...]
    width: int
    height: int
    summary: str
    row: int = _ROW
    cell: int = _CELL
    head: int = _HEAD


def heat_map(
    devices: Sequence[DeviceSheet], findings: Iterable[Finding], themes: Sequence[str]
) -> HeatMap:
    """The map of some devices, in their order; a device without findings has empty cells.

    Removed devices are not drawn: nothing is asked of them.
    """
    devices = [one for one in devices if one.standing is not Standing.REMOVED]
    verdicts: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for one in findings:
        verdicts[one.subject.id, one.theme].append(one.verdict)
    places = [(theme, _NAMES + _CELL * number) for number, theme in enumerate(themes)]
    names = [theme_label(theme) for theme in themes]
    rows = []
    for number, device in enumerate(devices):
        cells = tuple(_cell(verdicts.get((device.id, theme), ()), x) for theme, x in places)
        words = tuple(_words(names, cells))
        rows.append(HeatRow(device.id, cells, words, _HEAD + _ROW * number))
    return HeatMap(
        themes=tuple((theme_label(theme), x) for theme, x in places),
        rows=tuple(rows),
        width=_NAMES + _CELL * len(places) + 130,
        height=_HEAD + _ROW * len(rows) + 4,
        summary=_summary(rows),
    )


def _cell(verdicts: Sequence[Verdict], x: int) -> HeatCell:
    if not verdicts:
        return HeatCell(None, 0, x)
    bad = worst(verdicts)
    return HeatCell(bad, verdicts.count(bad), x)


def _words(names: Sequence[str], cells: Sequence[HeatCell]) -> Iterator[str]:
    for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.NOT_CHECKED, Verdict.PASS):
        told = [
            f"{name} ({cell.count})"
            for name, cell in zip(names, cells, strict=True)
            if cell.verdict is verdict
        ]
        if told:
            yield f"{word(verdict)}{_(': ')}{', '.join(told)}"


def _summary(rows: Iterable[HeatRow]) -> str:
    counts = Counter(cell.verdict for row in rows for cell in row.cells if cell.verdict is not None)
    told = ", ".join(
        _("{verdict}: {count}").format(verdict=word(one), count=counts[one])
        for one in Verdict
        if counts[one]
    )
    total = sum(counts.values())
    message = ngettext(
        "{count} pair of a device and a theme by its worst finding",
        "{count} pairs of a device and a theme by their worst finding",
        total,
    )
    return f"{counted(message, total)}{_(': ')}{told}." if total else ""
