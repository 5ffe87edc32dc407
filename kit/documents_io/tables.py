"""Tables as people send them: CSV in its many forms, XLSX and ODS, cells with their positions.

Every cell is text. Sizes are bounded: a file that would fill the memory is refused, not read.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.errors import InvalidDocuments, Position, Problem
from kit.i18n import _
from kit.i18n.system_errors import system_reason

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 200
MAX_CELLS: Final = 400_000
MAX_CELL_CHARACTERS: Final = 8_000
MAX_CHARACTERS: Final = 20_000_000
_DELIMITERS: Final = (";", "\t", ",")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old .xls, and any Office file with a password
_ZIP: Final = b"PK\x03\x04"


@dataclass(frozen=True)
class Sheet:
    """One sheet. ``rows`` are 0-based here, positions shown to people are 1-based.

    In ``rows`` a cell merged downwards stands again in each row it covers; ``covered`` says which
    cells these are, as (row, column).
    """

    file: str
    name: str
    rows: tuple[tuple[str, ...], ...]
    covered: frozenset[tuple[int, int]] = frozenset()

    def position(self, row: int, column: int | None = None) -> Position:
        """File and sheet, row and column, as a spreadsheet numbers them."""
        shown = f"{self.file} [{self.name}]" if self.name else self.file
        return Position(shown, row + 1, 0 if column is None else column + 1)

    def cell(self, row: int, column: int) -> str:
        """A cell's text; empty outside the sheet."""
        cells = self.rows[row] if 0 <= row < len(self.rows) else ()
        return cells[column] if 0 <= column < len(cells) else ""


class UnreadableTable(ValueError):
    """Why a table cannot be read (translated), its place, and what to do."""

    def __init__(self, message: str, remedy: str, row: int = 0) -> None:
        """``row`` is 1-based; 0 is the whole file."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.row = row


class SheetBuilder:
    """Collects the rows of a sheet and refuses it as soon as it is too large."""

    def __init__(self, file: str, name: str) -> None:
        self._file = file
        self._name = name
        self._rows: dict[int, dict[int, str]] = {}
        self._cells = 0
        self._characters = 0
        self._merged: list[tuple[int, int, int, int]] = []

    def put(self, row: int, column: int, text: str) -> None:
        """One cell that is not empty; raises ``UnreadableTable`` beyond the limits."""
        if row >= MAX_ROWS or column >= MAX_COLUMNS:
            raise UnreadableTable(
                _("the sheet goes beyond {rows} rows or {columns} columns.").format(
                    rows=MAX_ROWS, columns=MAX_COLUMNS
                ),
                _("Keep only the delivery's own rows and columns."),
                row + 1,
            )
        if len(text) > MAX_CELL_CHARACTERS:
            raise UnreadableTable(
                _("a cell holds more than {count} characters.").format(count=MAX_CELL_CHARACTERS),
                _("Shorten it."),
                row + 1,
            )
        self._cells += 1
        self._characters += len(text)
        if self._cells > MAX_CELLS or self._characters > MAX_CHARACTERS:
            raise UnreadableTable(
                _("the sheet holds more than {count} cells, or too much text.").format(
                    count=MAX_CELLS
                ),
                _("Keep only the delivery's own rows and columns."),
            )
        self._rows.setdefault(row, {})[column] = text

    def merge(self, first_row: int, first_column: int, last_row: int, last_column: int) -> None:
        """A merged area; its text is that of its first cell."""
        self._merged.append((first_row, first_column, last_row, last_column))

    def sheet(self) -> Sheet:
        """The sheet; merged cells are repeated downwards as far as the sheet goes."""
        height = max(self._rows, default=-1) + 1
        covered: set[tuple[int, int]] = set()
        for first_row, column, last_row, _last_column in self._merged:
            text = self._rows.get(first_row, {}).get(column, "")
            for row in range(first_row + 1, min(last_row + 1, height)):
                if text and column < MAX_COLUMNS:
                    self._rows.setdefault(row, {}).setdefault(column, text)
                    covered.add((row, column))
        rows = []
        for row in range(height):
            cells = self._rows.get(row, {})
            width = max(cells, default=-1) + 1
            rows.append(tuple(cells.get(column, "") for column in range(width)))
        return Sheet(self._file, self._name, tuple(rows), frozenset(covered))


def _decode(raw: bytes) -> str:
    """UTF-8 with or without BOM, UTF-16 with BOM, else Windows-1252, as spreadsheets save."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise UnreadableTable(
        _("this is not text in a known encoding."),
        _("Save it as “CSV UTF-8”, or send the spreadsheet itself."),
    )


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)


def _delimiter(text: str) -> str:
    """The delimiter that gives the most rows of one same width above one."""
    head = "".join(text.splitlines(keepends=True)[:300])
    best, best_score = _DELIMITERS[0], 0
    for delimiter in _DELIMITERS:
        try:
            widths = Counter(len(row) for row in _rows(head, delimiter) if len(row) > 1)
        except csv.Error:
            continue
        score = max((count * (width - 1) for width, count in widths.items()), default=0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _read_csv(raw: bytes, shown: str) -> tuple[Sheet, ...]:
    text = _decode(raw)
    builder = SheetBuilder(shown, "")
    reader = _rows(text, _delimiter(text))
    try:
        for number, row in enumerate(reader):
            for column, cell in enumerate(row):
                if cell.strip():
                    builder.put(number, column, cell)
    except csv.Error as error:
        raise UnreadableTable(
            _("the CSV is broken ({detail}).").format(detail=error),
            _("Check the quotes around this row."),
        ) from error
    return (builder.sheet(),)


def _sheets(raw: bytes, shown: str) -> tuple[Sheet, ...]:
    if len(raw) > MAX_FILE_BYTES:
        raise UnreadableTable(
            _("the file is larger than {size} MiB.").format(size=MAX_FILE_BYTES // 2**20),
            _("Check that this is the delivery note."),
        )
    if raw.startswith(_OLE):
        raise UnreadableTable(
            _("this is an old .xls file, or a file with a password."),
            _("Open it and save it as .xlsx, without a password."),
        )
    if raw.startswith(_ZIP):
        from kit.documents_io.spreadsheets import read_spreadsheet

        return read_spreadsheet(raw, shown)
    if raw.startswith(b"%PDF"):
        raise UnreadableTable(
            _("this is a PDF: its tables cannot be read reliably."),
            _("Ask the reseller for the CSV or the spreadsheet."),
        )
    if not raw.strip():
        raise UnreadableTable(_("the file is empty."), _("Give the delivery note."))
    return _read_csv(raw, shown)


def read_table_bytes(raw: bytes, shown: str) -> tuple[Sheet, ...]:
    """Every visible sheet that holds something.

    What the file is, is told by its content, not by its name. Raises ``InvalidDocuments``.
    """
    try:
        sheets = tuple(sheet for sheet in _sheets(raw, shown) if sheet.rows)
        if not sheets:
            raise UnreadableTable(_("the file holds no cell."), _("Give the delivery note."))
    except UnreadableTable as error:
        raise InvalidDocuments(
            _("The table cannot be read."),
            [Problem(Position(shown, error.row), error.message, error.remedy)],
            remedy=_("Correct it and run again; nothing was written."),
        ) from error
    return sheets


def read_file_bytes(path: Path, shown_as: str = "") -> bytes:
    """A file's bytes, at most one more than the limit; raises ``InvalidDocuments``."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidDocuments(
            _("The table cannot be read."),
            [
                Problem(
                    Position(shown_as or str(path)),
                    _("the file cannot be opened ({detail}).").format(detail=system_reason(error)),
                    _("Check its path and its rights."),
                )
            ],
            remedy=_("Correct it and run again; nothing was written."),
        ) from error


def read_tables(path: Path, shown_as: str = "") -> tuple[Sheet, ...]:
    """As ``read_table_bytes``, from a file."""
    return read_table_bytes(read_file_bytes(path, shown_as), shown_as or path.name)
