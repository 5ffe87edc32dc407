"""XLSX and ODS read as streams, so that no small file can grow large in memory.

Only what a delivery note needs: cell texts, merged areas, dates. Formulas count with the value
saved with them; one without a value is refused, never taken for an empty cell.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import IO, Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from kit.documents_io.tables import MAX_CELLS, Sheet, SheetBuilder, UnreadableTable
from kit.i18n import _

MAX_PART_BYTES: Final = 64 * 1024 * 1024
MAX_PARTS: Final = 2_000
MAX_SHEETS: Final = 40
_CELL: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})\Z")
# Number formats that Excel has built in for dates (ECMA-376, 18.8.30).
_BUILT_IN_DATES: Final = frozenset({*range(14, 23), *range(45, 48)})
_FORMAT_NOISE: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_ZEROS: Final = re.compile(r"0{2,20}\Z")
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001 - as above
_LAST_SERIAL: Final = 2_958_465  # 31 December 9999


def _name(element: Element) -> str:
    """The name without its namespace: strict and transitional files differ only there."""
    tag: str = element.tag
    return tag.rpartition("}")[2]


def _attribute(element: Element, wanted: str) -> str:
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == wanted:
            return value
    return ""


class _Parts:
    """The parts of a zipped document, each bounded."""

    def __init__(self, raw: bytes) -> None:
        self._zip = zipfile.ZipFile(BytesIO(raw))
        self._infos = {info.filename: info for info in self._zip.infolist()}
        if len(self._infos) > MAX_PARTS:
            raise UnreadableTable(
                _("the file holds too many parts."), _("Save it again from a spreadsheet.")
            )

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def open(self, name: str) -> IO[bytes]:
        """A part as a stream; what it unpacks to is bounded by its declared, checked size."""
        info = self._infos.get(name)
        if info is None:
            raise UnreadableTable(
                _("the part {name} is missing.").format(name=name),
                _("Save it again from a spreadsheet."),
            )
        if info.file_size > MAX_PART_BYTES:
            raise UnreadableTable(
                _("the file unpacks to more than {size} MiB.").format(size=MAX_PART_BYTES // 2**20),
                _("Check that this is the delivery note."),
            )
        if info.flag_bits & 1:
            raise UnreadableTable(
                _("the file has a password."), _("Save it again without a password.")
            )
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UnreadableTable(
                _("the file is packed in an unusual way."), _("Save it again from a spreadsheet.")
            )
        return self._zip.open(info)

    def events(self, name: str) -> Iterator[tuple[str, Element]]:
        """Start and end of every element. The caller clears what it has read."""
        with self.open(name) as stream:
            yield from iterparse(stream, events=("start", "end"), forbid_dtd=True)


def read_spreadsheet(raw: bytes, shown: str) -> tuple[Sheet, ...]:
    """The visible sheets of an XLSX or ODS file; raises ``UnreadableTable``."""
    try:
        parts = _Parts(raw)
        if "content.xml" in parts:
            return _read_ods(parts, shown)
        if "xl/workbook.xml" in parts:
            return _read_xlsx(parts, shown)
    except (
        zipfile.BadZipFile, ParseError, DefusedXmlException, NotImplementedError, EOFError,
        RuntimeError, OSError, LookupError, zlib.error, struct.error,
    ) as error:  # fmt: skip
        raise UnreadableTable(
            _("the spreadsheet is damaged ({detail}).").format(detail=type(error).__name__),
            _("Open it and save it again as .xlsx."),
        ) from error
    except (ValueError, ArithmeticError) as error:
        if isinstance(error, UnreadableTable):
            raise
        raise UnreadableTable(
            _("the spreadsheet is damaged ({detail}).").format(detail=type(error).__name__),
            _("Open it and save it again as .xlsx."),
        ) from error
    raise UnreadableTable(
        _("this is neither XLSX nor ODS."), _("Open it and save it again as .xlsx.")
    )


def _number_text(text: str) -> str:
    """A number without exponent nor useless decimals: ``12.0`` gives ``12``."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite() or abs(value.adjusted()) > 30:
        return text
    if value == value.to_integral_value():
        return str(int(value))
    return format(value.normalize(), "f")


# --- XLSX -----------------------------------------------------------------------------------


def _relations(parts: _Parts) -> dict[str, str]:
    found = {}
    for event, element in parts.events("xl/_rels/workbook.xml.rels"):
        if event == "end" and _name(element) == "Relationship":
            target = element.get("Target", "")
            full = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            found[element.get("Id", "")] = full
    return found


def _workbook(parts: _Parts) -> tuple[list[tuple[str, str]], bool]:
    """The visible sheets as (name, part), and whether dates count from 1904."""
    relations = _relations(parts)
    sheets = []
    since_1904 = False
    for event, element in parts.events("xl/workbook.xml"):
        if event != "end":
            continue
        if _name(element) == "workbookPr":
            since_1904 = element.get("date1904", "") in {"1", "true"}
        elif _name(element) == "sheet" and element.get("state", "visible") == "visible":
            part = relations.get(_attribute(element, "id"), "")
            if part.startswith("xl/worksheets/"):
                sheets.append((element.get("name", ""), part))
    if len(sheets) > MAX_SHEETS:
        raise UnreadableTable(_("the file holds too many sheets."), _("Keep the note's own."))
    return sheets, since_1904


def _shared_strings(parts: _Parts) -> list[str]:
    """The texts that cells name by rank. Phonetic readings are no part of a text."""
    if "xl/sharedStrings.xml" not in parts:
        return []
    found: list[str] = []
    pieces: list[str] = []
    phonetic = 0
    for event, element in parts.events("xl/sharedStrings.xml"):
        name = _name(element)
        if name == "rPh":
            phonetic += 1 if event == "start" else -1
        elif event == "end" and name == "t" and not phonetic:
            pieces.append(element.text or "")
        elif event == "end" and name == "si":
            found.append("".join(pieces))
            pieces = []
            element.clear()
            if len(found) > MAX_CELLS:
                raise UnreadableTable(_("the file holds too many texts."), _("Shorten it."))
    return found


def _formats(parts: _Parts) -> list[str]:
    """For each cell style: ``date``, ``000`` (leading zeros kept) or nothing."""
    if "xl/styles.xml" not in parts:
        return []
    custom: dict[int, str] = {}
    styles: list[str] = []
    in_cells = False
    for event, element in parts.events("xl/styles.xml"):
        name = _name(element)
        if name == "cellXfs":
            in_cells = event == "start"
        elif event == "end" and name == "numFmt":
            custom[int(element.get("numFmtId", "0"))] = element.get("formatCode", "")
        elif event == "end" and name == "xf" and in_cells:
            number = int(element.get("numFmtId", "0"))
            code = _FORMAT_NOISE.sub("", custom.get(number, "")).lower()
            is_date = number in _BUILT_IN_DATES or bool(re.search(r"[dy]|m.*[:/-]|h", code))
            zeros = code if _ZEROS.match(code) else ""
            styles.append("date" if is_date else zeros)
    return styles


class _XlsxCells:
    """Turns the cells of one sheet into texts."""

    def __init__(self, strings: list[str], formats: list[str], since_1904: bool) -> None:
        self.strings = strings
        self.formats = formats
        self.epoch = _EPOCH_1904 if since_1904 else _EPOCH

    def text(self, cell: Element, row: int) -> str:
        """What the cell shows; raises ``UnreadableTable`` on a formula without value."""
        kind = cell.get("t", "n")
        value: str | None = None
        inline: list[str] = []
        formula = False
        for part in cell.iter():
            name = _name(part)
            if name == "v":
                value = part.text or ""
            elif name == "t":
                inline.append(part.text or "")
            elif name == "f":
                formula = True
        if kind == "inlineStr":
            return "".join(inline)
        if value is None or (not value and kind == "n"):
            if formula:
                raise UnreadableTable(
                    _("a formula has no value saved with it."),
                    _("Open the file in a spreadsheet, let it compute, save it again."),
                    row + 1,
                )
            return ""
        if kind == "s":
            return self.strings[int(value)]
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind != "n":  # str, e (an error such as #N/A), d (an ISO date)
            return value
        return self._number(value, int(cell.get("s", "0")))

    def _number(self, value: str, style: int) -> str:
        format_ = self.formats[style] if 0 <= style < len(self.formats) else ""
        text = _number_text(value)
        if format_ == "date":
            serial = float(value)
            if 0 < serial <= _LAST_SERIAL:
                return (self.epoch + timedelta(days=int(serial))).date().isoformat()
        elif format_ and text.isdigit():
            return text.zfill(len(format_))
        return text


def _place(reference: str, row: int, column: int) -> tuple[int, int]:
    """0-based row and column of ``B12``; where it is left out, the next cell."""
    found = _CELL.match(reference)
    if not found:
        return row, column
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - 64
    return int(found[2]) - 1, number - 1


def _read_xlsx(parts: _Parts, shown: str) -> tuple[Sheet, ...]:
    names, since_1904 = _workbook(parts)
    cells = _XlsxCells(_shared_strings(parts), _formats(parts), since_1904)
    return tuple(_xlsx_sheet(parts, part, SheetBuilder(shown, name), cells) for name, part in names)


def _xlsx_sheet(parts: _Parts, part: str, builder: SheetBuilder, cells: _XlsxCells) -> Sheet:
    row = column = -1
    data: Any = None
    for event, element in parts.events(part):
        name = _name(element)
        if event == "start" and name == "sheetData":
            data = element
        elif event == "start" and name == "row":
            row = int(element.get("r") or row + 2) - 1
            column = -1
        elif event == "end" and name == "c":
            row, column = _place(element.get("r", ""), row, column + 1)
            text = cells.text(element, row)
            if text.strip():
                builder.put(row, column, text)
        elif event == "end" and name == "mergeCell":
            first, _colon, last = element.get("ref", "").partition(":")
            if _CELL.match(first) and _CELL.match(last):
                builder.merge(*_place(first, 0, 0), *_place(last, 0, 0))
        elif event == "end" and name == "row" and data is not None:
            data.clear()  # what was read is forgotten, so that memory stays flat
    return builder.sheet()


# --- ODS ------------------------------------------------------------------------------------


def _repeated(element: Element, attribute: str) -> int:
    text = _attribute(element, attribute)
    return max(1, int(text)) if text.isdigit() and len(text) < 9 else 1


def _ods_text(cell: Element) -> str:
    """The text shown, paragraphs on lines of their own; numbers and dates by their value."""
    kind = _attribute(cell, "value-type")
    if kind in {"float", "percentage", "currency"}:
        return _number_text(_attribute(cell, "value"))
    if kind == "date":
        return _attribute(cell, "date-value")[:10]
    lines = [_ods_line(child) for child in cell if _name(child) == "p"]
    return "\n".join(lines)


def _ods_line(element: Element) -> str:
    pieces = [element.text or ""]
    for child in element:
        name = _name(child)
        if name == "s":
            pieces.append(" " * min(_repeated(child, "c"), 100))
        elif name in {"tab", "line-break"}:
            pieces.append(" " if name == "tab" else "\n")
        elif name != "annotation":
            pieces.append(_ods_line(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _read_ods(parts: _Parts, shown: str) -> tuple[Sheet, ...]:
    sheets: list[Sheet] = []
    builder: SheetBuilder | None = None
    table: Any = None
    row = 0
    for event, element in parts.events("content.xml"):
        name = _name(element)
        if name == "table" and event == "start":
            builder = SheetBuilder(shown, _attribute(element, "name"))
            table = element
            row = 0
        elif name == "table" and builder is not None:
            sheets.append(builder.sheet())
            builder = None
            element.clear()
            if len(sheets) > MAX_SHEETS:
                raise UnreadableTable(
                    _("the file holds too many sheets."), _("Keep the note's own.")
                )
        elif name == "table-row" and event == "end" and builder is not None:
            row += _ods_row(builder, element, row)
            element.clear()
            table.clear()  # what was read is forgotten, so that memory stays flat
    return tuple(sheets)


def _ods_row(builder: SheetBuilder, element: Element, row: int) -> int:
    """Put one row, as often as it is repeated; empty repetitions cost nothing."""
    times = _repeated(element, "number-rows-repeated")
    column = 0
    texts: list[tuple[int, str]] = []
    for cell in element:
        if _name(cell) not in {"table-cell", "covered-table-cell"}:
            continue
        repeated = _repeated(cell, "number-columns-repeated")
        text = _ods_text(cell) if _name(cell) == "table-cell" else ""
        down = _repeated(cell, "number-rows-spanned")
        if down > 1:
            across = _repeated(cell, "number-columns-spanned")
            builder.merge(row, column, row + down - 1, column + across - 1)
        if text.strip():
            for offset in range(repeated):
                # Beyond the limit put() refuses the sheet, so this never runs long.
                builder.put(row, column + offset, text)
                texts.append((column + offset, text))
        column += repeated
    if texts:
        for again in range(1, times):
            for place, text in texts:
                builder.put(row + again, place, text)
    return times
