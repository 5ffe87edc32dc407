"""CSV: one file for each table, as French and English spreadsheets open it; no cell computes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from kit.documents_io.table_output import csv_lines_in_parts
from kit.i18n import Language, language
from kit.reporting.data import ReportData
from kit.reporting.streams import in_language
from kit.reporting.table_shapes import Cell, Cells, Table, text_cell
from kit.reporting.tables import tables


def chunks(data: ReportData, lang: Language) -> Mapping[str, Iterator[bytes]]:
    """``report-findings.csv`` and its like: UTF-8 with BOM, ``;``, CRLF, decimals of the language.

    The table of the summary is left out: its values stand in the others.
    """
    with language(lang):
        made = tables(data, codes=True)
    return {f"report-{one.name}.csv": _lines(one, lang) for one in made if one.name != "summary"}


def _lines(table: Table, lang: Language) -> Iterator[bytes]:
    heads = [column.head for column in table.columns]
    french = lang == "fr"

    def texts(part: Cells) -> list[str | int]:
        return [_text(cell, french=french) for cell in part]

    yield from csv_lines_in_parts(heads, in_language(lang, table.parts()), texts)


def _text(cell: Cell, *, french: bool) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return text_cell(cell)
    if isinstance(cell, int):
        return cell
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y %H:%M}" if french else f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, float):
        text = f"{cell:.4f}".rstrip("0").rstrip(".")
        return text.replace(".", ",") if french else text
    return f"{cell:%d/%m/%Y}" if french else cell.isoformat()
