"""The categories of establishments, and which of them are ESMS."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from kit.i18n import N_, _
from kit.model.identifiers import PlainText
from kit.model.record import Record
from kit.model.site import CategoryCode
from kit.sites.finess import NumberFault

_TABLE: Final = Path(__file__).parent / "data" / "categories.yaml"


class Sector(StrEnum):
    """Whom a category of establishment serves."""

    OLDER_PEOPLE = "older_people"
    HOME_SERVICES = "home_services"
    DISABLED_CHILDREN = "disabled_children"
    DISABLED_ADULTS = "disabled_adults"
    SPECIFIC_DIFFICULTIES = "specific_difficulties"
    SOCIAL = "social"
    HEALTH = "health"
    COORDINATION = "coordination"
    TRAINING = "training"
    OTHER = "other"


class Category(Record):
    """One category; ``verified`` is about ``esms``: sorted by a published list or by ourselves."""

    code: CategoryCode
    label: PlainText
    sector: Sector
    esms: bool
    closed: bool = False
    verified: bool


class _Table(Record):
    schema_: Literal[1] = Field(alias="schema")
    categories: tuple[Category, ...]


_REFUSALS: Final[Mapping[Sector, str]] = {
    Sector.HEALTH: N_("it belongs to the health sector"),
    Sector.COORDINATION: N_("it coordinates others and receives nobody"),
    Sector.TRAINING: N_("it is a school"),
    Sector.OTHER: N_("it is no social or medico-social establishment"),
}


@cache
def categories() -> Mapping[str, Category]:
    """Every category known, by code."""
    table = validate(_Table, read_yaml(_TABLE))
    return {category.code: category for category in table.categories}


def category_fault(code: str) -> NumberFault | None:
    """Why a site of this category is not taken in, or ``None``."""
    found = categories().get(code)
    if found is None:
        return NumberFault(
            _("the category “{code}” is not in the table of this version.").format(code=code),
            _("Check the code on finess.esante.gouv.fr; without it, leave “category” out."),
        )
    if not found.esms:
        return NumberFault(
            _("the category {code} “{label}” is not an ESMS: {why}.").format(
                code=code, label=found.label, why=_(_REFUSALS[found.sector])
            ),
            _("Give the FINESS number of the medico-social establishment itself."),
        )
    return None
