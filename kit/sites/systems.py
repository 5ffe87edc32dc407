"""What operating systems are called on screens and pages; programs get their labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from kit.i18n import localized
from kit.model.identifiers import PlainText
from kit.model.record import Record
from kit.model.rule import Texts

_TABLE: Final = Path(__file__).parent / "data" / "systems.yaml"
_LABEL: Final = re.compile(r"(?P<family>[a-z]+)(?P<version>[0-9]*)(?:-(?P<edition>[a-z]+))?")


class _Family(Record):
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z]+$")]
    name: PlainText
    dotted: bool = False  # two digits after the dot


class _Table(Record):
    schema_: Literal[1] = Field(alias="schema")
    families: tuple[_Family, ...]
    editions: Mapping[str, Texts]


@cache
def _table() -> _Table:
    return validate(_Table, read_yaml(_TABLE))


def system_name(label: str) -> str:
    """``debian12`` -> ``Debian 12``, in the current language; an unknown label stays as it is."""
    found = _LABEL.fullmatch(label)
    if found is None:
        return label
    table = _table()
    family = next((one for one in table.families if one.prefix == found["family"]), None)
    edition = found["edition"]
    if family is None or (edition and edition not in table.editions):
        return label
    version = found["version"]
    if family.dotted and len(version) > 2:
        version = f"{version[:-2]}.{version[-2:]}"
    words = (family.name, version, localized(table.editions[edition]) if edition else "")
    return " ".join(filter(None, words))
