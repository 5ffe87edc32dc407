"""From article rows to lines with a known model and counted units. Every mistake at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from kit.documents_io.tables import Sheet
from kit.errors import Position, Problem
from kit.i18n import _
from kit.intake.cells import (
    CellFault,
    clean_text,
    leading_quantity,
    parse_date,
    parse_quantity,
    refuse_nir,
    shown,
)
from kit.intake.heading_lines import NoteFacts, read_facts
from kit.intake.rows import Article, find_rows
from kit.intake.units import ArticleCells, Unit, count_identities, read_units
from kit.intake.vocabulary import (
    Column,
    begins_as_accessory,
    post_role_of,
    system_of,
)
from kit.model.delivery import Accessory
from kit.model.device import PostRole
from kit.model.hardware import HardwareProfile
from kit.model.platform import Platform
from kit.model.site import Site
from kit.sites.matching import Matcher, clean_reference, fold

T = TypeVar("T")


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


class _ArticleReader(ArticleCells):
    """Reads one article; what is wrong with each of its cells is kept."""

    def __init__(self, article: Article, matcher: Matcher, site: Site, today: date) -> None:
        super().__init__(article)
        self.matcher = matcher
        self.site = site
        self.today = today

    def read(self, accessories: list[Accessory]) -> NoteLine | None:
        """The line; ``None`` for an accessory and where the model is not known."""
        naming = (Column.MAKER, Column.MODEL, Column.DESIGNATION)
        texts = [self.cell(column, clean_text, "") for column in naming]
        reference = self.cell(Column.REFERENCE, clean_text, "") or self.cell(
            Column.SELLER_REFERENCE, clean_text, ""
        )
        in_front, designation = self._in_front(texts[2] or texts[1])
        quantity = self._quantity(in_front)
        if self._is_accessory(texts, designation, reference):
            shown_name = designation or reference
            if quantity:
                accessories.append(Accessory(designation=shown_name, quantity=quantity))
            return None
        profile = self._profile(" ".join(filter(None, texts)), reference)
        if profile is None:
            return None
        units = read_units(self, profile, quantity)
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
            return max(1, count_identities(self))
        return said if said is not None else in_front

    def _profile(self, name: str, reference: str) -> HardwareProfile | None:
        if not name and not reference:
            if not self.problems:  # else the text was refused, which is told already
                message = _("this row names no model.")
                self.fault(None, message, _("Write the model, or remove the row."))
            return None
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
