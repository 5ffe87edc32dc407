"""XLSX: one sheet for each table, with typed cells, filters and a frozen heading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kit.documents_io.workbook_output import Sheet, SheetColumn, Value, workbook
from kit.documents_io.workbook_parts import Colour
from kit.i18n import Language, _, language
from kit.model.verdict import Verdict
from kit.reporting.data import ReportData
from kit.reporting.streams import in_language
from kit.reporting.table_shapes import Cell, Table, text_cell
from kit.reporting.tables import tables
from kit.reporting.words import word
from kit.sites.equipment import Fitness

_COLOURS: Final = {
    Verdict.FAIL: Colour.BAD,
    Verdict.ERROR: Colour.DOUBT,
    Verdict.NOT_CHECKED: Colour.UNKNOWN,
    Verdict.PASS: Colour.GOOD,
    Fitness.UNFIT: Colour.BAD,
    Fitness.UNKNOWN: Colour.UNKNOWN,
}
_COLOURED: Final = frozenset({"findings", "equipment"})


def chunks(data: ReportData, lang: Language) -> Mapping[str, Iterator[bytes]]:
    """``report.xlsx`` in one language."""
    with language(lang):
        title = f"{_('Compliance report on IT equipment')} – {text_cell(data.site.name)}"
        sheets = [sheet_of(one, lang) for one in tables(data)]
    return {"report.xlsx": workbook(title, data.made_at, lang, sheets)}


def sheet_of(table: Table, lang: Language) -> Sheet:
    """The sheet of one table."""
    colours = [(word(one), colour) for one, colour in _COLOURS.items()]
    return Sheet(
        name=table.title,
        columns=[SheetColumn(one.head, one.width, share=one.share) for one in table.columns],
        rows=in_language(lang, table.parts()),
        shown=lambda part: [_value(cell) for cell in part],
        colours=colours if table.name in _COLOURED else (),
    )


def _value(cell: Cell) -> Value:
    return text_cell(cell) if isinstance(cell, str) else cell
