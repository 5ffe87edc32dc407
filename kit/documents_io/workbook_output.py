"""Workbooks out (XLSX): written as a stream, the same bytes for the same rows, no formula at all.

The parts are those of ECMA-376 a spreadsheet needs and no more: inline texts, numbers, dates,
shares; frozen bold headings with filters; columns of a given width, rows as high as their texts
are long; pages that print.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import IO, Any, Final
from xml.sax.saxutils import escape

from kit.documents_io import workbook_parts as parts
from kit.documents_io.repeated import Repeated
from kit.documents_io.table_output import begins_like_formula

Value = str | int | float | date | datetime | None
"""A datetime has no zone: spreadsheets know none."""
MOST_ROWS: Final = 1_048_575
"""What a sheet holds below its heading (ECMA-376: 1 048 576 rows)."""
LONGEST: Final = 32_767
"""Characters a cell holds."""
_MOST_NAME: Final = 31
_OF_TEXTS: Final = 60  # characters: so wide a column holds texts
_FILTER: Final = 3  # characters that the sign of the filter covers in a heading
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # of a ZIP archive
_AT_ONCE: Final = 1000
_PIECE: Final = 1 << 20
_NUMBER: Final = "\x00"
_DAY_ZERO: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zone
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class SheetColumn:
    """Heading, width in characters; ``share``: fractions of 1 shown as percentages."""

    head: str
    width: int
    share: bool = False


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, columns, rows made when asked for, and texts that are given a colour.

    A row is its cells; with ``shown`` it is parts, and that makes the cells of each, once for parts
    that come again.
    """

    name: str
    columns: Sequence[SheetColumn]
    rows: Iterable[Sequence[Any]]
    colours: Sequence[tuple[str, parts.Colour]] = ()
    shown: Callable[[Any], Sequence[Value]] | None = None


def workbook(
    title: str, made_at: datetime, language: str, sheets: Sequence[Sheet]
) -> Iterator[bytes]:
    """The file in pieces. Rows are read once, sheet by sheet, and never all held."""
    named = [(_sheet_name(one.name, number), one) for number, one in enumerate(sheets, 1)]
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            lasts = []
            for number, (_name, sheet) in enumerate(named, 1):
                with archive.open(_entry(f"xl/worksheets/sheet{number}.xml"), "w") as out:
                    lasts.append(_write_sheet(out, sheet, first=number == 1))
            frames = [
                (name, column_name(len(sheet.columns)), last, parts.pages_across(_widths(sheet)))
                for (name, sheet), last in zip(named, lasts, strict=True)
            ]
            for name, text in parts.fixed_parts(title, made_at, language, frames):
                archive.writestr(_entry(name), text)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EARLIEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _sheet_name(name: str, number: int) -> str:
    """A name a spreadsheet takes: unique, short, without its signs."""
    plain = _FORBIDDEN.sub(" ", name).strip("' ")[:_MOST_NAME].strip()
    return plain or str(number)


def column_name(number: int) -> str:
    """1 -> A, 27 -> AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _write_sheet(out: IO[bytes], sheet: Sheet, *, first: bool) -> int:
    """Write one sheet; the number of its last row."""
    widths = _widths(sheet)
    out.write(parts.sheet_top(widths, first=first).encode())
    high = max(_lines(one.head, width) for one, width in zip(sheet.columns, widths, strict=True))
    heads = "".join(_text(f"{column_name(n)}1", one.head, parts.HEAD)
                    for n, one in enumerate(sheet.columns, 1))  # fmt: skip
    out.write(f'<row r="1"{_height(high)}>{heads}</row>'.encode())
    parts_of_rows = _Parts(sheet, widths)
    rows = sheet.rows if sheet.shown is not None else ((one,) for one in sheet.rows)
    numbered = enumerate(islice(rows, MOST_ROWS), 2)
    last = 1
    while some := list(islice(numbered, _AT_ONCE)):
        out.write("".join([parts_of_rows.row(number, row) for number, row in some]).encode())
        last = some[-1][0]
    frame = f"A1:{column_name(len(sheet.columns))}{last}"
    out.write(parts.sheet_end(frame, sheet.colours, parts.pages_across(widths)).encode())
    return last


def _widths(sheet: Sheet) -> list[int]:
    """Of the columns, in characters: as asked, and wide enough for the words of the heading."""
    return [
        max(one.width, *(len(word) + _FILTER for word in one.head.split()), 1)
        for one in sheet.columns
    ]


def _lines(text: str, width: int) -> int:
    """How many lines a text takes in a column, as words are wrapped."""
    if len(text) <= width:
        return 1
    lines, used = 1, 0
    for word in text.split(" "):
        if used and used + 1 + len(word) > width:
            lines, used = lines + 1, 0
        used += len(word) + (1 if used else 0)
        lines += (used - 1) // width if used else 0
        used = (used - 1) % width + 1 if used else 0
    return lines


def _height(lines: int) -> str:
    """The height of a row: programs that open the file do not all look at what it holds."""
    points = min(lines * parts.LINE_HEIGHT, parts.MOST_HEIGHT)
    return f' ht="{points}"' if lines > 1 else ""


class _Parts:
    """Parts of rows as XML with a mark for the number of the row, which XML text cannot hold."""

    def __init__(self, sheet: Sheet, widths: Sequence[int]) -> None:
        self._sheet = sheet
        self._widths = widths
        self._made: dict[int, Repeated[Any, tuple[int, str, int]]] = {}

    def row(self, number: int, parts_of_row: Sequence[Any]) -> str:
        cells = []
        column, high = 0, 1
        for one in parts_of_row:
            made = self._made.get(column)
            if made is None:
                made = self._made[column] = Repeated(partial(self._part, column))
            width, text, lines = made(one)
            cells.append(text)
            column += width
            high = max(high, lines)
        if column != len(self._sheet.columns):
            raise ValueError(column)
        told = f"{number}"
        return f'<row r="{told}"{_height(high)}>{"".join(cells).replace(_NUMBER, told)}</row>'

    def _part(self, first: int, part: Any) -> tuple[int, str, int]:  # noqa: ANN401 - the caller's
        values = self._sheet.shown(part) if self._sheet.shown is not None else part
        cells = "".join(
            _cell(f"{column_name(first + place + 1)}{_NUMBER}", value,
                  self._sheet.columns[first + place])
            for place, value in enumerate(values)
            if value is not None and value != ""
        )  # fmt: skip
        widths = self._widths[first : first + len(values)]
        told = zip(values, widths, strict=True)
        lines = [_lines(value, width) for value, width in told if isinstance(value, str)]
        return len(values), cells, max(lines, default=1)


def _cell(place: str, value: Value, column: SheetColumn) -> str:
    if isinstance(value, str):
        quoted = begins_like_formula(value)
        return _text(place, value, parts.QUOTED if quoted else parts.PLAIN)
    if isinstance(value, datetime):
        return f'<c r="{place}" s="{parts.MOMENT}"><v>{_serial(value)}</v></c>'
    if isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)  # noqa: DTZ001
        return f'<c r="{place}" s="{parts.DAY}"><v>{_serial(moment)}</v></c>'
    figure = parts.NUMBER if column.width < _OF_TEXTS else parts.AMONG_TEXTS
    style = parts.SHARE if column.share else figure
    return f'<c r="{place}" s="{style}"><v>{value!r}</v></c>'


def _serial(moment: datetime) -> str:
    passed = moment - _DAY_ZERO
    return f"{passed.days + passed.seconds / 86_400:.6f}".rstrip("0").rstrip(".")


def _text(place: str, text: str, style: int) -> str:
    plain = _NOT_XML.sub("\ufffd", text[:LONGEST])
    return (
        f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">'
        f"{escape(plain)}</t></is></c>"
    )
