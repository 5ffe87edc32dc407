"""The pieces of an article: serial numbers, IMEIs and MACs, counted against the quantity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from kit.errors import Problem
from kit.i18n import _
from kit.intake.cells import (
    IMEI_LENGTH,
    CellFault,
    is_imei,
    parse_imeis,
    parse_macs,
    parse_serials,
)
from kit.intake.rows import Article
from kit.intake.vocabulary import Column
from kit.model.device import DeviceClass
from kit.model.hardware import HardwareProfile

T = TypeVar("T")

MOBILE: Final = frozenset({DeviceClass.TABLET, DeviceClass.SMARTPHONE})


@dataclass(frozen=True)
class Unit:
    """What the note says of one piece; everything may be unknown."""

    serial: str | None = None
    imei: str | None = None
    macs: tuple[str, ...] = ()

    @property
    def identified(self) -> bool:
        """Whether the piece can be told from the others."""
        return self.serial is not None or self.imei is not None or bool(self.macs)


class ArticleCells:
    """The cells of one article, with what is wrong with each and what should be known."""

    def __init__(self, article: Article) -> None:
        self.article = article
        self.problems: list[Problem] = []
        self.notices: list[Problem] = []

    def fault(self, column: Column | None, message: str, remedy: str, row: int = -1) -> None:
        position = self.article.position(column, row if row >= 0 else None)
        self.problems.append(Problem(position, message, remedy))

    def notice(self, column: Column | None, message: str) -> None:
        self.notices.append(Problem(self.article.position(column), message))

    def cell(self, column: Column, parse: Callable[[str], T], empty: T) -> T:
        """One cell, parsed; its fault is kept."""
        text = self.article.text(column)
        if not text:
            return empty
        try:
            return parse(text)
        except CellFault as error:
            self.fault(column, error.message, error.remedy)
            return empty

    def texts(self, column: Column) -> list[tuple[int, str]]:
        """The texts of a column on the article's row and on those that continue it."""
        own = [(self.article.row, text) for text in self.article.cells.get(column, [])]
        more = [(row, text) for row, found, text in self.article.continued if found is column]
        return own + more

    def values(self, column: Column, parse: Callable[[str], tuple[str, ...]]) -> list[str]:
        found: list[str] = []
        for row, text in self.texts(column):
            try:
                found.extend(parse(text))
            except CellFault as error:
                self.fault(column, error.message, error.remedy, row)
        return found


def count_identities(cells: ArticleCells) -> int:
    """How many pieces the serial numbers or IMEIs tell, where no quantity is written."""
    for column, parse in ((Column.SERIAL, parse_serials), (Column.IMEI, parse_imeis)):
        try:
            count = sum(len(parse(text)) for _row, text in cells.texts(column))
        except CellFault:
            continue  # told when the units are read
        if count:
            return count
    return 0


def read_units(
    cells: ArticleCells, profile: HardwareProfile, quantity: int | None
) -> tuple[Unit, ...]:
    """The pieces; with a quantity that cannot be read, only the numbers' own faults."""
    mobile = profile.device_class in MOBILE
    serials = cells.values(Column.SERIAL, lambda text: parse_serials(text, mobile=mobile))
    imeis = cells.values(Column.IMEI, parse_imeis)
    cells.values(Column.SECOND_IMEI, parse_imeis)  # checked, not kept: one is enough
    if mobile:
        imeis += [text for text in serials if len(text) == IMEI_LENGTH and is_imei(text)]
        serials = [text for text in serials if text not in imeis]
    if quantity == 1:
        imeis = imeis[:1]
    if quantity is None:
        cells.values(Column.MAC, parse_macs)
        return ()
    macs = _macs(cells, quantity)
    for column, values in ((Column.SERIAL, serials), (Column.IMEI, imeis)):
        _compare_count(cells, column, len(values), quantity)
    if imeis and serials and len(imeis) != len(serials):
        cells.fault(
            Column.IMEI,
            _("{imeis} IMEI for {serials} serial numbers: which goes with which?").format(
                imeis=len(imeis), serials=len(serials)
            ),
            _("Give both for every device, or one device per row."),
        )
    return tuple(
        Unit(
            serials[place] if place < len(serials) else None,
            imeis[place] if place < len(imeis) else None,
            macs[place] if place < len(macs) else (),
        )
        for place in range(quantity)
    )


def _compare_count(cells: ArticleCells, column: Column, count: int, quantity: int) -> None:
    if count > quantity:
        cells.fault(
            column,
            _("{count} numbers for {quantity} devices.").format(count=count, quantity=quantity),
            _("Correct the quantity, or remove the number that is not of this model."),
        )
    elif 0 < count < quantity:
        cells.notice(
            column,
            _("{count} numbers for {quantity} devices: the others stay to be read.").format(
                count=count, quantity=quantity
            ),
        )


def _macs(cells: ArticleCells, quantity: int) -> list[tuple[str, ...]]:
    """MAC addresses of each unit: all of one, or the same number for each."""
    found = cells.values(Column.MAC, parse_macs)
    if not found or quantity == 1:
        return [tuple(dict.fromkeys(found))] if found else []
    if quantity and len(found) % quantity == 0:
        each = len(found) // quantity
        return [tuple(found[place * each : (place + 1) * each]) for place in range(quantity)]
    cells.fault(
        Column.MAC,
        _("{count} MAC addresses for {quantity} devices: which goes with which?").format(
            count=len(found), quantity=quantity
        ),
        _("Give as many for each device, or one device per row."),
    )
    return []
