"""Which column of a list of people says what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import as_file, files
from typing import Final, Literal

from pydantic import Field

from kit.documents_io.tables import Sheet
from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from kit.model.device import PostRole
from kit.model.record import Record
from kit.sites.matching import fold

_ROWS_BEFORE: Final = 30


class Column(StrEnum):
    """What a column may hold."""

    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    NAME = "name"
    RPPS = "rpps"
    ADELI = "adeli"
    ACCOUNT = "account"
    POSTS = "posts"
    POST_ROLES = "post_roles"
    LEFT_ON = "left_on"


class _Vocabulary(Record):
    schema_: Literal[1] = Field(alias="schema")
    columns: Mapping[Column, tuple[str, ...]]
    post_roles: Mapping[PostRole, tuple[str, ...]]


@cache
def _vocabulary() -> _Vocabulary:
    with as_file(files("kit.enrolment") / "data" / "headings.yaml") as path:
        return validate(_Vocabulary, read_yaml(path, "headings.yaml"))


def plain(text: str) -> str:
    """Folded, signs as blanks: what headings are compared by."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", fold(text).replace("°", " ")).split())


def column_of(heading: str) -> Column | None:
    """The column a heading names."""
    words = plain(heading)
    return next((c for c, names in _vocabulary().columns.items() if words in names), None)


def post_role_of(text: str) -> PostRole | None:
    """The post role a cell names, in French or English or by its code."""
    words = plain(text)
    for role, names in _vocabulary().post_roles.items():
        if words in names or words == plain(role.value):
            return role
    return None


def heading_row(sheet: Sheet) -> tuple[int, Mapping[Column, int]] | None:
    """The row of the headings and where each column is; it names an account and a person."""
    for row in range(min(len(sheet.rows), _ROWS_BEFORE)):
        found: dict[Column, int] = {}
        for index, cell in enumerate(sheet.rows[row]):
            column = column_of(cell) if cell.strip() else None
            if column is not None and column not in found:
                found[column] = index
        if Column.ACCOUNT in found and {Column.NAME, Column.LAST_NAME} & set(found):
            return row, found
    return None


def headings(columns: Iterable[Column]) -> str:
    """One heading of each, as examples for people."""
    return ", ".join(_vocabulary().columns[column][0] for column in columns)
