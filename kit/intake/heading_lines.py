"""What stands above the table of a note: its number, that of the order, its date, the supplier."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from kit.intake.cells import CellFault, parse_date
from kit.intake.personal import holds_nir
from kit.sites.matching import fold

_NUMBER: Final = r"\s*(?:client)?\s*(?:n[°o.]?|no|num(?:ero)?|number|ref(?:erence)?|#)?\s*[:.#]?\s*"
_VALUE: Final = r"([a-z0-9][a-z0-9/_.-]{2,29})(?![a-z0-9])"
_NOTE: Final = re.compile(
    r"\b(?:bon de livraison|bordereau de livraison|bordereau d.expedition|b\.?l\.?|delivery note|"
    r"packing (?:slip|list))" + _NUMBER + _VALUE
)
_ORDER: Final = re.compile(
    r"\b(?:bon de commande|votre commande|commande|cde|bc|purchase order|order|p\.?o\.?)"
    + _NUMBER
    + _VALUE
)
_DATE: Final = re.compile(
    r"(?:\bdate\b[^0-9]{0,30}|\bdu\s+|\ble\s+|\bdated?\s+)"
    r"(\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}(?:er)? [a-z]{3,10} \d{4})"
)
_LIKE_DATE: Final = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}\Z")
_SUPPLIER: Final = re.compile(
    r"(?i)\b(?:fournisseur|expéditeur|expediteur|supplier|vendor|sold by)\s*:\s*([^:]{2,60})"
)
_LONGEST: Final = 400


@dataclass(frozen=True)
class NoteFacts:
    """What the note says of itself; unknown where unset."""

    note_number: str | None = None
    order_number: str | None = None
    supplier: str | None = None
    dated: date | None = None


def _number(pattern: re.Pattern[str], texts: Iterable[str]) -> str | None:
    """The first number announced; a word without any digit is none."""
    for text in texts:
        for found in pattern.finditer(text):
            value = found[1].strip("-./_").upper()
            dated = _LIKE_DATE.match(value)
            if any(sign.isdigit() for sign in value) and not dated and not holds_nir(value):
                return value
    return None


def _date(texts: Iterable[str], today: date) -> date | None:
    for text in texts:
        for found in _DATE.finditer(text):
            try:
                return parse_date(found[1], today)
            except CellFault:
                continue
    return None


def read_facts(preamble: Iterable[str], today: date) -> NoteFacts:
    """Read the lines above the table. A person's name is never looked for."""
    lines = [" ".join(line.split())[:_LONGEST] for line in preamble]
    folded = [fold(line) for line in lines]
    supplier = next((found[1] for line in lines if (found := _SUPPLIER.search(line))), "")
    named = " ".join(sign for sign in supplier.split() if sign.isprintable()).strip(" -;,")
    return NoteFacts(
        note_number=_number(_NOTE, folded),
        order_number=_number(_ORDER, folded),
        supplier=named if named and not holds_nir(named) else None,
        dated=_date(folded, today),
    )
