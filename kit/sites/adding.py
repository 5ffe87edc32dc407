"""A new site, from an entry of the FINESS register or by hand."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from kit.documents_io.validation import explain
from kit.errors import InvalidDocuments, InvalidInput, Position, Problem, UsageError
from kit.i18n import _
from kit.sites.categories import category_fault
from kit.sites.documents import LegalEntityFile, SiteFile
from kit.sites.finess import (
    NumberFault,
    finess_fault,
    is_test_finess,
    normalize_finess,
    siren_fault,
    siret_fault,
)
from kit.sites.finess_extracts import Establishment
from kit.sites.names import default_code


def slug_of(text: str) -> str:
    """A folder name from a text: ``EHPAD « Les Lilas »`` gives ``ehpad-les-lilas``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")


@dataclass(frozen=True)
class NewSite:
    """What is known of a site to add; a value given by hand wins over the register's."""

    finess_et: str = ""
    siret: str = ""
    name: str = ""
    category: str = ""
    finess_ej: str = ""
    site_id: str = ""
    region: str = ""
    test: bool = False


def from_register(wanted: NewSite, found: Establishment) -> NewSite:
    """Complete what was given by hand with the register's entry."""
    return NewSite(
        finess_et=found.finess_et,
        siret=wanted.siret or found.siret,
        name=wanted.name or found.name,
        category=wanted.category or found.category,
        finess_ej=wanted.finess_ej or found.finess_ej,
        site_id=wanted.site_id,
        region=wanted.region,
        test=wanted.test,
    )


def check_open(found: Establishment) -> None:
    """Raises ``InvalidInput`` when the register says the establishment is closed."""
    if found.closed:
        raise InvalidInput(
            _("the establishment {number} “{name}” was closed on {date}.").format(
                number=found.finess_et, name=found.name, date=found.closed
            ),
            remedy=_("Look up the number that replaces it on finess.esante.gouv.fr."),
        )


def compose_site(wanted: NewSite) -> SiteFile:
    """The file of the new site.

    Raises ``UsageError`` when the name or an identifier is missing, ``InvalidDocuments`` with
    everything wrong in the numbers and the category.
    """
    number = normalize_finess(wanted.finess_et)
    legal = normalize_finess(wanted.finess_ej)
    siret = re.sub(r"\s", "", wanted.siret)
    if not number and not siret:
        raise UsageError(
            _("a site is identified by its FINESS number, or by its SIRET in the social sector."),
            remedy=_("Give one of the two."),
        )
    if not wanted.name.strip():
        raise UsageError(
            _("the name of the site is not known."),
            remedy=_("Give it with --name, or the FINESS file with --extract."),
        )
    test = wanted.test
    faults: list[tuple[str, NumberFault | None]] = [
        ("finess_et", finess_fault(number, test_allowed=test) if number else None),
        ("finess_ej", finess_fault(legal, test_allowed=test) if legal else None),
        ("siret", siret_fault(siret) if siret and not is_test_finess(number) else None),
        ("category", category_fault(wanted.category) if wanted.category else None),
    ]
    wrong = [Problem(Position(key), fault.message, fault.remedy) for key, fault in faults if fault]
    if wrong:
        raise InvalidDocuments(
            _("The site cannot be added."), wrong, remedy=_("Nothing was written.")
        )
    site_id = wanted.site_id or slug_of(wanted.name) or number.lower()
    values: dict[str, Any] = {
        "schema": 1,
        "id": site_id,
        "name": " ".join(wanted.name.split()),
        "code": default_code(site_id),
        "test": test,
        "finess_et": number or None,
        "finess_ej": legal or None,
        "siret": siret or None,
        "category": wanted.category or None,
        "region": wanted.region or None,
    }
    try:
        return SiteFile.model_validate(values)
    except ValidationError as error:
        problems = []
        for details in error.errors(include_url=False):
            message, remedy = explain(details)
            problems.append(Problem(Position(str(details["loc"][0])), message, remedy))
        raise InvalidDocuments(
            _("The site cannot be added."), problems, remedy=_("Nothing was written.")
        ) from error


def legal_entity_of(found: Establishment) -> LegalEntityFile | None:
    """The legal entity of a register entry; ``None`` when the file names none with a right key."""
    number = normalize_finess(found.finess_ej)
    if not found.legal_entity or not number or finess_fault(number) is not None:
        return None
    siren = found.siren if found.siren and siren_fault(found.siren) is None else None
    return LegalEntityFile.model_validate(
        {
            "schema": 1,
            "id": number.lower(),
            "name": found.legal_entity[:120].strip(),
            "finess_ej": number,
            "siren": siren,
        }
    )
