"""The tables of a note: where they are, which columns they have, which rows are articles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kit.documents_io.tables import Sheet
from kit.errors import Position, Problem
from kit.i18n import _
from kit.intake.cells import CellFault, parse_quantity, shown
from kit.intake.vocabulary import (
    NAMING,
    Column,
    begins_as_total,
    column_of,
    is_not_given,
    plain_words,
    speaks_of_money,
)

_LEAST_HEADINGS: Final = 2
_LOT: Final = re.compile(r"lot (?:n |no |numero )?([a-z0-9]{1,10})\b(.*)\Z")
_REPEATABLE: Final = frozenset({Column.SERIAL, Column.MAC, Column.IGNORED, Column.PERSON})


@dataclass(frozen=True)
class NoteTable:
    """The columns of one table: which index holds what."""

    sheet: Sheet
    header: int
    columns: Mapping[Column, tuple[int, ...]]

    def has(self, column: Column) -> bool:
        """Whether the table has such a column."""
        return column in self.columns


@dataclass
class Article:
    """An article row with the rows that continue it. Texts are as written."""

    table: NoteTable
    row: int
    lot: str | None
    cells: dict[Column, list[str]] = field(default_factory=dict)
    continued: list[tuple[int, Column, str]] = field(default_factory=list)

    def position(self, column: Column | None = None, row: int | None = None) -> Position:
        """Where a cell of this article stands; the row alone without ``column``."""
        place = self.table.columns.get(column, (None,))[0] if column else None
        return self.table.sheet.position(self.row if row is None else row, place)

    def text(self, *columns: Column) -> str:
        """The first text given in these columns."""
        for column in columns:
            for text in self.cells.get(column, []):
                if not is_not_given(text):
                    return text
        return ""


@dataclass
class NoteRows:
    """What was found in all sheets; ``preamble`` are the texts above the first table."""

    articles: list[Article] = field(default_factory=list)
    preamble: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    has_persons: bool = False


def _header(sheet: Sheet, row: int) -> Mapping[Column, tuple[int, ...]] | None:
    """The columns a row announces, or ``None`` when it is no row of headings."""
    found: dict[Column, list[int]] = {}
    texts = 0
    for index, text in enumerate(sheet.rows[row]):
        if not text.strip():
            continue
        texts += 1
        column = column_of(text)
        if column is None:
            continue
        if column in found and column not in _REPEATABLE:
            continue  # the first of two alike counts
        found.setdefault(column, []).append(index)
    useful = [column for column in found if column not in {Column.IGNORED, Column.PERSON}]
    # Most cells of a row of headings are headings; an article row may hold one such word.
    if len(useful) < _LEAST_HEADINGS or 2 * sum(map(len, found.values())) < texts:
        return None
    return {column: tuple(places) for column, places in found.items()}


def _half_header(sheet: Sheet) -> str:
    """Headings known in the most promising row, to say what else is needed."""
    best: list[str] = []
    for cells in sheet.rows[:60]:
        known = [shown(text) for text in cells if column_of(text) is not None]
        best = known if len(known) > len(best) else best
    return ", ".join(best)


def find_rows(sheets: Iterable[Sheet]) -> NoteRows:
    """The articles of every table of every sheet, and what cannot be understood."""
    rows = NoteRows()
    listed = tuple(sheets)
    found_any = False
    for sheet in listed:
        reader = _SheetReader(sheet, rows)
        reader.read()
        found_any = found_any or reader.tables > 0
    if not found_any:
        known = next((text for sheet in listed if (text := _half_header(sheet))), "")
        rows.problems.append(
            Problem(
                listed[0].position(0),
                _("no table was found: no row heads a model and a quantity or serial number.")
                + (_(" Headings recognised: {known}.").format(known=known) if known else ""),
                _("Name the columns, e.g. “Modèle”, “Qté”, “N° de série”."),
            )
        )
    return rows


class _SheetReader:
    """Goes down one sheet, table after table."""

    def __init__(self, sheet: Sheet, rows: NoteRows) -> None:
        self.sheet = sheet
        self.rows = rows
        self.table: NoteTable | None = None
        self.lot: str | None = None
        self.article: Article | None = None
        self.tables = 0
        self.since_total: list[Article] = []
        self.in_table: list[Article] = []

    def read(self) -> None:
        for row in range(len(self.sheet.rows)):
            if not any(text.strip() for text in self.sheet.rows[row]):
                continue
            columns = _header(self.sheet, row)
            if columns is not None:
                self._open(row, columns)
            elif self.table is None and not self._is_lot(row, {}, counted=False):
                self.rows.preamble.append(" ".join(filter(str.strip, self.sheet.rows[row])))
            elif self.table is not None:
                self._row(row)

    def _open(self, row: int, columns: Mapping[Column, tuple[int, ...]]) -> None:
        """Begin a table. Headings without any for the model are a mistake, not a table."""
        self.article = None
        self.since_total, self.in_table = [], []
        if not NAMING & columns.keys():
            self.table = None
            self.rows.problems.append(
                Problem(
                    self.sheet.position(row),
                    _("this table has no column for the model."),
                    _("Add “Modèle”, “Désignation” or “Référence constructeur”."),
                )
            )
            self.tables += 1
            return
        self.tables += 1
        self.table = NoteTable(self.sheet, row, columns)
        if Column.PERSON in columns:
            self.rows.has_persons = True
            self.rows.notices.append(
                Problem(
                    self.sheet.position(row, columns[Column.PERSON][0]),
                    _("this column is not kept: no name of a person is taken in."),
                )
            )

    def _texts(self, row: int) -> tuple[dict[Column, list[str]], frozenset[Column]]:
        """The texts of a row by column, and the columns merged down from the row above."""
        table = self.table
        texts: dict[Column, list[str]] = {}
        covered = set()
        for column, places in (table.columns if table else {}).items():
            for place in places:
                text = self.sheet.cell(row, place)
                if text.strip():
                    texts.setdefault(column, []).append(text)
                    if (row, place) in self.sheet.covered:
                        covered.add(column)
        return texts, frozenset(covered)

    def _row(self, row: int) -> None:
        texts, covered = self._texts(row)
        own = {column: found for column, found in texts.items() if column not in covered}
        first = next((text for text in self.sheet.rows[row] if text.strip()), "")
        named = [text for column in NAMING for text in own.get(column, []) if text.strip()]
        counted = Column.QUANTITY in own
        identified = any(c in own for c in (Column.SERIAL, Column.MAC, Column.IMEI))
        if begins_as_total(first) and not identified:
            self._total(row, own, first)
        elif self._is_lot(row, own, counted=counted or identified):
            pass
        elif named or (counted and any(column in texts for column in NAMING)):
            table = self.table
            if counted or identified or table is None or not table.has(Column.QUANTITY):
                self._begin(row, texts)
            else:  # a text under an article, where articles are counted, describes it
                self._comment(row, first)
        elif identified:
            self._continue(row, own)
        elif counted:
            self.rows.problems.append(
                Problem(
                    self.sheet.position(row),
                    _("this row has a quantity and no model."),
                    _("Write the model, or remove the row."),
                )
            )
        elif own.keys() - {Column.IGNORED, Column.PERSON}:
            self._comment(row, first)

    def _comment(self, row: int, text: str) -> None:
        self.rows.notices.append(
            Problem(
                self.sheet.position(row),
                _("this row was not taken in: no quantity and no serial number (“{text}”).").format(
                    text=shown(text)
                ),
            )
        )

    def _is_lot(self, row: int, own: Mapping[Column, Sequence[str]], *, counted: bool) -> bool:
        """A row ``Lot 2: tablettes`` heads those below it."""
        texts = [text for text in self.sheet.rows[row] if text.strip()]
        if counted or len(texts) != 1 or Column.LOT in own:
            return False
        found = _LOT.match(plain_words(texts[0]))
        if found is None:
            return False
        self.lot = found[1].upper()
        self.article = None
        return True

    def _begin(self, row: int, texts: dict[Column, list[str]]) -> None:
        table = self.table
        if table is None:
            return
        lot = next((text for text in texts.get(Column.LOT, []) if not is_not_given(text)), self.lot)
        self.article = Article(table, row, lot, texts)
        self.rows.articles.append(self.article)
        self.since_total.append(self.article)
        self.in_table.append(self.article)

    def _continue(self, row: int, own: Mapping[Column, Sequence[str]]) -> None:
        """Serial numbers under an article belong to it."""
        if self.article is None:
            self.rows.problems.append(
                Problem(
                    self.sheet.position(row),
                    _("this row has a serial number and no model, and no article stands above."),
                    _("Write the model on the row."),
                )
            )
            return
        for column in (Column.SERIAL, Column.MAC, Column.IMEI, Column.SECOND_IMEI):
            for text in own.get(column, ()):
                self.article.continued.append((row, column, text))

    def _total(self, row: int, own: Mapping[Column, Sequence[str]], label: str) -> None:
        """A sum of pieces must be that of the articles above; a sum of prices is passed over."""
        self.article = None
        texts = own.get(Column.QUANTITY, ())
        partial = plain_words(label).startswith(("sous", "sub"))
        counted, self.since_total = (self.since_total, [])
        if not texts or speaks_of_money(label):
            return
        articles = counted if partial else self.in_table
        quantities = [article.text(Column.QUANTITY) for article in articles]
        if not all(quantities):
            return
        try:
            said = parse_quantity(texts[0], zero_allowed=True)
            found = sum(parse_quantity(text, zero_allowed=True) for text in quantities)
        except CellFault:
            return  # what is no number here is no sum; the articles' own faults are told apart
        if said != found:
            self.rows.problems.append(
                Problem(
                    self.sheet.position(row),
                    _("the total says {said}, the rows above make {found}.").format(
                        said=said, found=found
                    ),
                    _("A row is missing or its quantity is wrong: check with the reseller."),
                )
            )
