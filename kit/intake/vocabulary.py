"""The words of delivery notes, from data files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from kit.model.device import OsLabel, PostRole
from kit.model.platform import Platform
from kit.model.record import Record
from kit.sites.matching import fold

_DATA: Final = Path(__file__).parent / "data"
_SIGNS: Final = re.compile(r"[^a-z0-9]+")
_BRACKETS: Final = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_LONGEST_HEADING: Final = 60


class Column(StrEnum):
    """What a column of a note holds."""

    DESIGNATION = "designation"
    MODEL = "model"
    MAKER = "maker"
    REFERENCE = "reference"
    SELLER_REFERENCE = "seller_reference"
    QUANTITY = "quantity"
    ORDERED = "ordered"
    SERIAL = "serial"
    MAC = "mac"
    IMEI = "imei"
    SECOND_IMEI = "second_imei"
    LOT = "lot"
    OS = "os"
    POST_ROLE = "post_role"
    ZONE = "zone"
    PURCHASED_ON = "purchased_on"
    PERSON = "person"
    IGNORED = "ignored"


NAMING: Final = frozenset(
    {Column.DESIGNATION, Column.MODEL, Column.REFERENCE, Column.SELLER_REFERENCE}
)


class System(Record):
    """An operating system as notes write it."""

    words: str
    os: OsLabel | None = None
    platform: Platform


class _Headings(Record):
    schema_: Literal[1] = Field(alias="schema")
    fields: Mapping[Column, tuple[str, ...]]


class Vocabulary(Record):
    """``vocabulary.yaml``."""

    schema_: Literal[1] = Field(alias="schema")
    totals: tuple[str, ...]
    money: tuple[str, ...]
    accessories: tuple[str, ...]
    not_given: tuple[str, ...]
    junk_serials: tuple[str, ...]
    units: tuple[str, ...]
    packs: tuple[str, ...]
    post_roles: Mapping[PostRole, tuple[str, ...]]
    systems: tuple[System, ...]


@cache
def vocabulary() -> Vocabulary:
    """The words the kit is delivered with."""
    return validate(Vocabulary, read_yaml(_DATA / "vocabulary.yaml"))


@cache
def _headings() -> Mapping[str, Column]:
    read = validate(_Headings, read_yaml(_DATA / "headings.yaml"))
    return {synonym: column for column, synonyms in read.fields.items() for synonym in synonyms}


def plain_words(text: str) -> str:
    """Lower case, no accents, only letters and digits: ``N° de série`` gives ``n de serie``."""
    return _SIGNS.sub(" ", fold(text)).strip()


def column_of(text: str) -> Column | None:
    """Which column a heading announces; brackets in it are no part of the name."""
    if not text.strip() or len(text) > _LONGEST_HEADING:
        return None
    known = _headings()
    whole = plain_words(text)
    return known.get(whole) or known.get(plain_words(_BRACKETS.sub(" ", text)))


def is_not_given(text: str) -> bool:
    """Whether a cell says that there is nothing to say."""
    return fold(text) in vocabulary().not_given


@cache
def _starts(kind: Literal["totals", "accessories"]) -> re.Pattern[str]:
    words = sorted(getattr(vocabulary(), kind), key=len, reverse=True)
    return re.compile("(?:" + "|".join(re.escape(word) for word in words) + r")\b")


def begins_as_total(text: str) -> bool:
    """Whether the row is a sum."""
    return bool(_starts("totals").match(plain_words(text)))


def begins_as_accessory(text: str) -> bool:
    """Whether the designation is of something that is no managed device."""
    return bool(_starts("accessories").match(plain_words(text)))


def speaks_of_money(text: str) -> bool:
    """Whether a sum is one of prices."""
    found = f" {plain_words(text)} "
    return "€" in text or any(f" {word} " in found for word in vocabulary().money)


def system_of(text: str) -> System | None:
    """The operating system a text names; the most precise wins."""
    asked = set(fold(text).replace("\u00a0", " ").replace(",", " ").replace("/", " ").split())
    asked |= set(plain_words(text).split())
    best: System | None = None
    for system in vocabulary().systems:
        words = set(system.words.split())
        if words <= asked and (best is None or len(words) > len(best.words.split())):
            best = system
    return best


def post_role_of(text: str) -> PostRole | None:
    """The post role a cell names, in French or English or by its code."""
    asked = plain_words(text)
    for role, names in vocabulary().post_roles.items():
        if asked == plain_words(str(role)) or asked in names:
            return role
    return None
