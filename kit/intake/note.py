"""From article rows to lines with a known model and counted units. Every mistake at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from kit.documents_io.tables import Sheet
from kit.errors import Position, Problem
from kit.i18n import _
from kit.intake.cells import (
    IMEI_LENGTH,
    CellFault,
    clean_text,
    is_imei,
    leading_quantity,
    parse_date,
    parse_imeis,
    parse_macs,
    parse_quantity,
    parse_serials,
    refuse_nir,
    shown,
)
from kit.intake.heading_lines import NoteFacts, read_facts
from kit.intake.rows import Article, find_rows
from kit.intake.vocabulary import (
    Column,
    begins_as_accessory,
    post_role_of,
    system_of,
)
from kit.model.delivery import Accessory
from kit.model.device import DeviceClass, PostRole
from kit.model.hardware import HardwareProfile
from kit.model.platform import Platform
from kit.model.site import Site
from kit.sites.matching import Matcher, clean_reference, fold

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


@dataclass(frozen=True)
class NoteLine:
    """One article of the note. ``ordered`` is what the note itself says was ordered."""

    position: Position
    lot: str | None
    profile: HardwareProfile
    designation: str
    reference: str | None
    units: tuple[Unit, ...]
    ordered: int | None = None
    os: str | None = None
    platform: Platform | None = None
    post_role: PostRole | None = None
    zone: str | None = None
    purchased_on: date | None = None


@dataclass
class ReadNote:
    """A note read; ``problems`` are refused rows, ``notices`` what should be known."""

    lines: list[NoteLine] = field(default_factory=list)
    accessories: list[Accessory] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    facts: NoteFacts = field(default_factory=NoteFacts)


def read_note(sheets: Iterable[Sheet], matcher: Matcher, site: Site, today: date) -> ReadNote:
    """Read a delivery note, or an order: both have the same forms."""
    rows = find_rows(sheets)
    note = ReadNote(problems=list(rows.problems), notices=list(rows.notices))
    note.facts = read_facts(rows.preamble, today)
    seen: dict[str, Position] = {}
    for article in rows.articles:
        reader = _ArticleReader(article, matcher, site, today)
        line = reader.read(note.accessories)
        faults = list(reader.problems)
        if line is not None and not faults:
            faults.extend(_twice(line, seen))
            if not faults:
                note.lines.append(line)
        note.problems.extend(faults)
        note.notices.extend(reader.notices)
    if not rows.problems and not rows.articles:
        note.problems.append(
            Problem(
                Position(""),
                _("the tables hold no article."),
                _("Check that this is the delivery note."),
            )
        )
    return note


def _twice(line: NoteLine, seen: dict[str, Position]) -> Iterator[Problem]:
    """Identities that stood on an earlier unit."""
    for unit in line.units:
        for value in (unit.serial, unit.imei, *unit.macs):
            if value is None:
                continue
            if value in seen:
                yield Problem(
                    line.position,
                    _("“{value}” stands already at {place}.").format(
                        value=value, place=seen[value]
                    ),
                    _("Two devices cannot share it: check both rows."),
                )
            seen.setdefault(value, line.position)


class _ArticleReader:
    """Reads one article; what is wrong with each of its cells is kept."""

    def __init__(self, article: Article, matcher: Matcher, site: Site, today: date) -> None:
        self.article = article
        self.matcher = matcher
        self.site = site
        self.today = today
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

    def read(self, accessories: list[Accessory]) -> NoteLine | None:
        """The line; ``None`` for an accessory and where the model is not known."""
        naming = (Column.MAKER, Column.MODEL, Column.DESIGNATION)
        texts = [self.cell(column, clean_text, "") for column in naming]
        reference = self.cell(Column.REFERENCE, clean_text, "") or self.cell(
            Column.SELLER_REFERENCE, clean_text, ""
        )
        in_front, designation = self._in_front(texts[2] or texts[1])
        quantity = self._quantity(in_front)
        if self.problems:
            return None
        if self._is_accessory(texts, designation, reference):
            shown_name = designation or reference
            if quantity:
                accessories.append(Accessory(designation=shown_name, quantity=quantity))
            return None
        profile = self._profile(" ".join(filter(None, texts)), reference)
        if profile is None or quantity is None:
            return None
        units = self._units(profile, quantity)
        system = system_of(self.article.text(Column.OS)) or system_of(designation)
        self._check_system(profile, system.platform if system else None)
        return NoteLine(
            position=self.article.position(),
            lot=self._lot(),
            profile=profile,
            designation=designation or profile.label,
            reference=clean_reference(reference)[:300] or None,
            units=units,
            ordered=self.cell(
                Column.ORDERED, lambda text: parse_quantity(text, zero_allowed=True), None
            ),
            os=system.os if system else None,
            platform=system.platform if system else None,
            post_role=self.cell(Column.POST_ROLE, self._post_role, None),
            zone=self.cell(Column.ZONE, self._zone, None),
            purchased_on=self.cell(
                Column.PURCHASED_ON, lambda text: parse_date(text, self.today), None
            ),
        )

    def _lot(self) -> str | None:
        lot = self.article.lot
        if lot is None:
            return None
        try:
            return clean_text(lot, 40) or None
        except CellFault as error:
            self.fault(Column.LOT, error.message, error.remedy)
            return None

    def _in_front(self, designation: str) -> tuple[int | None, str]:
        """A quantity written before the model: ``12 x ThinkCentre``."""
        try:
            return leading_quantity(designation)
        except CellFault as error:
            self.fault(Column.DESIGNATION, error.message, error.remedy)
            return None, designation

    def _is_accessory(self, texts: Sequence[str], designation: str, reference: str) -> bool:
        if self.matcher.by_reference(reference):
            return False
        maker = fold(texts[0]) or fold(designation).partition(" ")[0]
        makers = {fold(profile.maker) for profile in self.matcher.profiles}
        rest = fold(designation)
        if maker in makers:
            rest = rest.removeprefix(maker).lstrip(" -:")
        return begins_as_accessory(designation) or begins_as_accessory(rest)

    def _quantity(self, in_front: int | None) -> int | None:
        table = self.article.table
        if not table.has(Column.QUANTITY) and table.has(Column.ORDERED):
            self.notice(Column.ORDERED, _("no delivered quantity: the ordered one is taken."))
            return self.cell(Column.ORDERED, parse_quantity, in_front)
        backlog = bool(self.article.text(Column.ORDERED))
        said = self.cell(
            Column.QUANTITY, lambda text: parse_quantity(text, zero_allowed=backlog), None
        )
        if said is not None and in_front is not None and said != in_front and not self.problems:
            self.fault(
                Column.QUANTITY,
                _("the quantity is {said}, the designation says {in_front} x.").format(
                    said=said, in_front=in_front
                ),
                _("Correct one of the two."),
            )
        if said is None and in_front is None:
            return max(1, self._count_identities())
        return said if said is not None else in_front

    def _count_identities(self) -> int:
        """How many pieces the serial numbers or IMEIs tell, where no quantity is written."""
        for column, parse in ((Column.SERIAL, parse_serials), (Column.IMEI, parse_imeis)):
            try:
                count = sum(len(parse(text)) for _row, text in self._all(column))
            except CellFault:
                continue  # told when the units are read
            if count:
                return count
        return 0

    def _all(self, column: Column) -> list[tuple[int, str]]:
        """The texts of a column on the article's row and on those that continue it."""
        own = [(self.article.row, text) for text in self.article.cells.get(column, [])]
        more = [(row, text) for row, found, text in self.article.continued if found is column]
        return own + more

    def _profile(self, name: str, reference: str) -> HardwareProfile | None:
        column = Column.MODEL if self.article.text(Column.MODEL) else Column.DESIGNATION
        found = self.matcher.match(name, reference)
        if found.profile is not None:
            return found.profile
        if found.profiles:
            names = ", ".join(profile.label for profile in found.profiles)
            self.fault(
                column,
                _("“{name}” may be several models: {names}.").format(
                    name=shown(name or reference), names=names
                ),
                _("Write the full model, or the maker's part number."),
            )
            return None
        nearest = ", ".join(profile.label for profile in found.nearest) or _("none")
        self.fault(
            column,
            _("the model “{name}” is not known.").format(name=shown(name or reference)),
            _("Nearest: {nearest}. Correct it, or add a profile under hardware_profiles.").format(
                nearest=nearest
            ),
        )
        return None

    def _values(self, column: Column, parse: Callable[[str], tuple[str, ...]]) -> list[str]:
        found: list[str] = []
        for row, text in self._all(column):
            try:
                found.extend(parse(text))
            except CellFault as error:
                self.fault(column, error.message, error.remedy, row)
        return found

    def _units(self, profile: HardwareProfile, quantity: int) -> tuple[Unit, ...]:
        mobile = profile.device_class in MOBILE
        serials = self._values(Column.SERIAL, lambda text: parse_serials(text, mobile=mobile))
        imeis = self._values(Column.IMEI, parse_imeis)
        self._values(Column.SECOND_IMEI, parse_imeis)  # checked, not kept: one is enough
        if mobile:
            imeis += [text for text in serials if len(text) == IMEI_LENGTH and is_imei(text)]
            serials = [text for text in serials if text not in imeis]
        if quantity == 1:
            imeis = imeis[:1]
        macs = self._macs(quantity)
        for column, values in ((Column.SERIAL, serials), (Column.IMEI, imeis)):
            self._compare_count(column, len(values), quantity)
        if imeis and serials and len(imeis) != len(serials):
            self.fault(
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

    def _compare_count(self, column: Column, count: int, quantity: int) -> None:
        if count > quantity:
            self.fault(
                column,
                _("{count} numbers for {quantity} devices.").format(count=count, quantity=quantity),
                _("Correct the quantity, or remove the number that is not of this model."),
            )
        elif 0 < count < quantity:
            self.notice(
                column,
                _("{count} numbers for {quantity} devices: the others stay to be read.").format(
                    count=count, quantity=quantity
                ),
            )

    def _macs(self, quantity: int) -> list[tuple[str, ...]]:
        """MAC addresses of each unit: all of one, or the same number for each."""
        found = self._values(Column.MAC, parse_macs)
        if not found or quantity == 1:
            return [tuple(dict.fromkeys(found))] if found else []
        if quantity and len(found) % quantity == 0:
            each = len(found) // quantity
            return [tuple(found[place * each : (place + 1) * each]) for place in range(quantity)]
        self.fault(
            Column.MAC,
            _("{count} MAC addresses for {quantity} devices: which goes with which?").format(
                count=len(found), quantity=quantity
            ),
            _("Give as many for each device, or one device per row."),
        )
        return []

    def _check_system(self, profile: HardwareProfile, platform: Platform | None) -> None:
        if platform is not None and platform not in profile.platforms:
            self.fault(
                Column.OS if self.article.text(Column.OS) else Column.DESIGNATION,
                _("the model “{model}” does not run {platform}.").format(
                    model=profile.label, platform=platform
                ),
                _("Correct the system or the model."),
            )

    def _post_role(self, text: str) -> PostRole | None:
        role = post_role_of(text)
        if role is None:
            refuse_nir(text)
            raise CellFault(
                _("“{text}” is not a post role.").format(text=shown(text)),
                _("Write one of: {roles}.").format(roles=", ".join(PostRole)),
            )
        return role

    def _zone(self, text: str) -> str | None:
        names = {fold(zone.name): zone.name for zone in self.site.zones}
        found = names.get(fold(text))
        if found is None:
            refuse_nir(text)
            raise CellFault(
                _("the site declares no zone “{zone}”.").format(zone=shown(text)),
                _("Declared: {zones}.").format(zones=", ".join(names.values()) or "-"),
            )
        return found
