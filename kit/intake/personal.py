"""Numbers of persons, which no document of the kit may hold."""

from __future__ import annotations

import re
from typing import Final

from stdnum import ean
from stdnum.fr import nir

# Sex, year, month (real, or the codes of unknown months), department or abroad, town, order, key.
_NIR: Final = re.compile(
    r"(?<![0-9A-Z])([1-478]) ?([0-9]{2}) ?([0-9]{2}) ?([0-9]{2}|2[AB]) ?([0-9]{3}) ?([0-9]{3})"
    r"(?: ?([0-9]{2}))?(?![0-9A-Z])"
)
_BLANKS: Final = re.compile(r"[\s\u00a0\u202f.-]+")
_MONTHS: Final = frozenset(f"{month:02d}" for month in (*range(1, 13), *range(20, 43)))


def holds_nir(text: str) -> bool:
    """Whether a text holds a number that may be a French social security number.

    With its key (15 characters) the key decides. Without it (13) the form decides, unless the
    number is a product code with a right EAN key.
    """
    for found in _NIR.finditer(_BLANKS.sub(" ", text.upper())):
        number = "".join(part or "" for part in found.groups())
        if found[7] is not None:
            if nir.is_valid(number):
                return True
        elif found[1] in "12" and found[3] in _MONTHS and not ean.is_valid(number):
            return True
    return False
