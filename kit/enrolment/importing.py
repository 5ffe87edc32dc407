"""A list of people taken into a site: every mistake at once, nothing twice, nobody forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pydantic import TypeAdapter, ValidationError

from kit.documents_io.tables import Sheet, read_table_bytes
from kit.enrolment.columns import Column, heading_row, headings, post_role_of
from kit.enrolment.numbers import (
    NumberFault,
    adeli_fault,
    holds_social_security_number,
    normalize_number,
    normalize_rpps,
    rpps_fault,
    rpps_key_right,
)
from kit.errors import InvalidDocuments, Position, Problem
from kit.i18n import _
from kit.model.device import AccountName, PostRole
from kit.model.identifiers import PlainText
from kit.model.person import Person
from kit.sites.matching import fold

_ACCOUNT: Final = TypeAdapter[str](AccountName)
_NAME: Final = TypeAdapter[str](PlainText)
_SEVERAL: Final = re.compile(r"[;,/\n]+")
# Accounts of every system, or of the kit: nobody's own.
_TAKEN: Final = frozenset({"root", "daemon", "bin", "sys", "nobody", "www-data", "sshd", "admin"})


@dataclass(frozen=True)
class People:
    """What a list gives: everybody of the site afterwards, and what became of each row."""

    people: tuple[Person, ...]
    added: tuple[Person, ...]
    changed: tuple[Person, ...]
    notices: tuple[Problem, ...]


@dataclass(frozen=True)
class Surroundings:
    """What rows are judged by. ``name`` gives the pseudonym of an identity."""

    devices: frozenset[str]
    reserved: frozenset[str]
    name: Callable[[str], str]
    test: bool = False


@dataclass(frozen=True)
class _Row:
    position: Position
    person: Person


@dataclass
class _Reading:
    rows: list[_Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)


def take_people(raw: bytes, shown: str, known: Sequence[Person], around: Surroundings) -> People:
    """Read a list (CSV, XLSX, ODS) into those already known.

    A person is known again by RPPS number, else by ADELI number, else by account; who is not in
    the list stays as is. Raises ``InvalidDocuments`` with every faulty row.
    """
    reading = _Reading()
    for sheet in read_table_bytes(raw, shown):
        _read_sheet(sheet, around, reading)
    if not reading.rows and not reading.problems:
        wanted = headings((Column.NAME, Column.ACCOUNT, Column.RPPS))
        reading.problems.append(
            Problem(
                Position(shown),
                _("no table with the names and the accounts of people was found."),
                _("Give a row of headings, such as: {headings}.").format(headings=wanted),
            )
        )
    reading.problems.extend(_twice(reading.rows))
    if not reading.problems:
        merged = _merge(known, reading, around)
        if not reading.problems:
            return merged
    raise InvalidDocuments(
        _("The list of people was not taken in."),
        sorted(reading.problems, key=lambda one: (one.position, one.message)),
        remedy=_("Nothing was written. Correct these rows, then run again."),
    )


def _read_sheet(sheet: Sheet, around: Surroundings, reading: _Reading) -> None:
    found = heading_row(sheet)
    if found is None:
        return
    first, columns = found
    for index, cell in enumerate(sheet.rows[first]):
        if cell.strip() and index not in columns.values():
            reading.notices.append(
                Problem(
                    sheet.position(first, index),
                    _("nothing is taken from the column “{heading}”.").format(
                        heading=cell.strip()[:40]
                    ),
                )
            )
    for row in range(first + 1, len(sheet.rows)):
        if not any(cell.strip() for cell in sheet.rows[row]):
            continue
        reader = _RowReader(sheet, row, columns, around)
        person = reader.person()
        reading.problems += reader.problems
        reading.notices += reader.notices
        if person is not None and not reader.problems:
            reading.rows.append(_Row(sheet.position(row), person))


class _RowReader:
    """One row; what is wrong with each of its cells is kept."""

    def __init__(
        self, sheet: Sheet, row: int, columns: Mapping[Column, int], around: Surroundings
    ) -> None:
        self.sheet = sheet
        self.row = row
        self.columns = columns
        self.around = around
        self.problems: list[Problem] = []
        self.notices: list[Problem] = []

    def person(self) -> Person | None:
        """The person of the row, or ``None`` with the reasons in ``problems``."""
        for index, cell in enumerate(self.sheet.rows[self.row]):
            if holds_social_security_number(cell):
                self._wrong(
                    index,
                    _("this cell holds a social security number, which the kit never keeps."),
                    _("Take that column out of the list."),
                )
        name = self._name()
        rpps = self._number(Column.RPPS, normalize_rpps, self._rpps_fault)
        adeli = self._number(Column.ADELI, normalize_number, adeli_fault)
        account = self._account()
        posts, roles = self._posts(), self._roles()
        left_on = self._left_on()
        if self.problems:
            return None
        # A login name alone may be given to somebody else later.
        own = f"account:{account} {fold(name)}"
        identity = f"rpps:{rpps}" if rpps else f"adeli:{adeli}" if adeli else own
        if rpps and not rpps_key_right(rpps):
            self._note(
                Column.RPPS,
                _("“{number}”: the key of this RPPS number is not the usual one.").format(
                    number=rpps
                ),
                _("Compare it digit by digit; it is taken as it is."),
            )
        return Person(
            id=self.around.name(identity), name=name, rpps=rpps or None, adeli=adeli or None,
            account=account, posts=posts, post_roles=roles, left_on=left_on,
        )  # fmt: skip

    def _cell(self, column: Column) -> str:
        index = self.columns.get(column)
        return "" if index is None else self.sheet.cell(self.row, index).strip()

    def _wrong(self, where: Column | int, message: str, remedy: str = "") -> None:
        index = self.columns.get(where) if isinstance(where, Column) else where
        self.problems.append(Problem(self.sheet.position(self.row, index), message, remedy))

    def _note(self, column: Column, message: str, remedy: str) -> None:
        position = self.sheet.position(self.row, self.columns.get(column))
        self.notices.append(Problem(position, message, remedy))

    def _name(self) -> str:
        parts = [self._cell(Column.FIRST_NAME), self._cell(Column.LAST_NAME)]
        text = " ".join((self._cell(Column.NAME) or " ".join(parts)).split())
        try:
            return _NAME.validate_python(text)
        except ValidationError:
            where = Column.NAME if Column.NAME in self.columns else Column.LAST_NAME
            self._wrong(where, _("the name is missing, or is none."), _("Give it."))
            return ""

    def _rpps_fault(self, number: str) -> NumberFault | None:
        return rpps_fault(number, test_allowed=self.around.test)

    def _number(
        self,
        column: Column,
        normalize: Callable[[str], str],
        fault: Callable[[str], NumberFault | None],
    ) -> str:
        number = normalize(self._cell(column))
        wrong = fault(number) if number else None
        if wrong is not None:
            self._wrong(column, wrong.message, wrong.remedy)
        return number

    def _account(self) -> str:
        text = self._cell(Column.ACCOUNT).lower()
        try:
            account = _ACCOUNT.validate_python(text)
        except ValidationError:
            self._wrong(
                Column.ACCOUNT,
                _("“{account}” is not a login name.").format(account=text[:40]),
                _("Use lower-case letters without accents, digits, “-” and “_”, at most 32."),
            )
            return ""
        if account in _TAKEN | self.around.reserved:
            self._wrong(
                Column.ACCOUNT,
                _("“{account}” is an account of the system or of the administrators.").format(
                    account=account
                ),
                _("People have accounts of their own."),
            )
        return account

    def _posts(self) -> tuple[str, ...]:
        names = [part.strip().lower() for part in _SEVERAL.split(self._cell(Column.POSTS))]
        found = tuple(dict.fromkeys(name for name in names if name))
        for name in found:
            if name not in self.around.devices:
                self._wrong(
                    Column.POSTS,
                    _("the site has no device “{device}”.").format(device=name),
                    _("Correct the name; “esms-kit inventory SITE” lists them."),
                )
        return found

    def _roles(self) -> tuple[PostRole, ...]:
        found: list[PostRole] = []
        for part in _SEVERAL.split(self._cell(Column.POST_ROLES)):
            role = post_role_of(part) if part.strip() else None
            if role is not None and role not in found:
                found.append(role)
            elif role is None and part.strip():
                self._wrong(
                    Column.POST_ROLES,
                    _("“{text}” is no kind of post.").format(text=part.strip()[:40]),
                    _("Choose one of: {choices}.").format(choices=", ".join(PostRole)),
                )
        return tuple(found)

    def _left_on(self) -> date | None:
        text = self._cell(Column.LEFT_ON)
        if not text:
            return None
        day = _date(text)
        if day is None:
            self._wrong(
                Column.LEFT_ON,
                _("“{text}” is not a date.").format(text=text[:40]),
                _("Write it as 2026-10-12 or 12/10/2026."),
            )
        return day


def _date(text: str) -> date | None:
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?", text)
    french = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text)
    if iso is None and french is None:
        return None
    groups = iso.groups() if iso else french.groups()[::-1] if french else ()
    try:
        return date(*(int(part) for part in groups))
    except ValueError:
        return None


def _twice(rows: Iterable[_Row]) -> Iterable[Problem]:
    """Numbers and accounts that stood in an earlier row."""
    first: dict[tuple[str, str], Position] = {}
    for row in rows:
        person = row.person
        values = (("rpps", person.rpps), ("adeli", person.adeli), ("account", person.account))
        for name, value in values:
            if value is None or (name == "account" and person.left_on is not None):
                continue
            if (name, value) in first:
                yield Problem(
                    row.position,
                    _("“{value}” stands already at {place}.").format(
                        value=value, place=first[name, value]
                    ),
                    _("Each person stands once, with a login name of their own."),
                )
            first.setdefault((name, value), row.position)


def _same(one: Person, other: Person) -> bool:
    """Whether two records are one person: by the best number both have, else by account."""
    if one.rpps and other.rpps:
        return one.rpps == other.rpps
    if one.adeli and other.adeli:
        return one.adeli == other.adeli
    return one.account == other.account and fold(one.name) == fold(other.name)


def _merge(known: Sequence[Person], reading: _Reading, around: Surroundings) -> People:
    del around
    people = {person.id: person for person in known}
    added: list[Person] = []
    changed: list[Person] = []
    for row in reading.rows:
        person = row.person
        former = next((one for one in known if _same(one, person)), None)
        if former is not None:
            # The pseudonym stays what it was: findings and second factors hang on it.
            kept = {"id": former.id, "rpps": person.rpps or former.rpps,
                    "adeli": person.adeli or former.adeli}  # fmt: skip
            person = person.model_copy(update=kept)
        holder = next(
            (one for one in people.values() if one.account == person.account
             and one.left_on is None and person.left_on is None and one.id != person.id), None,
        )  # fmt: skip
        if holder is not None:
            reading.problems.append(
                Problem(
                    row.position,
                    _("the account “{account}” is already that of somebody else.").format(
                        account=person.account
                    ),
                    _("Give another login name, or say when the other person left."),
                )
            )
        elif former is None:
            added.append(person)
        elif person != former:
            changed.append(person)
        people[person.id] = person
    ordered = tuple(sorted(people.values(), key=lambda one: (one.account, one.id)))
    return People(ordered, tuple(added), tuple(changed), tuple(reading.notices))
