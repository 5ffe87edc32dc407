"""FINESS numbers, SIREN and SIRET: what is right, what is a test number, what to say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.fr import siren as siren_number
from stdnum.fr import siret as siret_number

from kit.i18n import _

_FORM: Final = re.compile(r"[0-9][0-9A-Z][0-9]{7}\Z")
# Departments 01 to 95, Corsica 2A and 2B, overseas 97 and 98. Source: the public FINESS stock file.
_REAL: Final = re.compile(r"(?:0[1-9]|[1-8][0-9]|2[AB]|9[0-5]|9[78])[0-9]{7}\Z")
# The national test data use departments that do not exist: 0 followed by a letter (0B0168811).
_TEST: Final = re.compile(r"0[A-Z][0-9]{7}\Z")
# Corsican keys are computed with A = 1 and B = 2; this is not the rule of the NIR.
_CORSICA: Final = str.maketrans("AB", "12")


@dataclass(frozen=True)
class NumberFault:
    """What is wrong with a number, and what to do (both translated)."""

    message: str
    remedy: str


def normalize_finess(text: str) -> str:
    """Without blanks and in capitals; a number of 8 digits lost its first 0 in a spreadsheet."""
    bare = re.sub(r"[\s\u00a0\u202f.-]", "", text).upper()
    return f"0{bare}" if re.fullmatch(r"[0-9]{8}", bare) else bare


def is_test_finess(number: str) -> bool:
    """Whether the number is of the form kept for tests, which no establishment can have."""
    return bool(_TEST.match(number))


def finess_key_right(number: str) -> bool:
    """Whether the last digit is the Luhn key, Corsican letters read as digits."""
    digits = number.translate(_CORSICA)
    return digits.isdigit() and luhn.is_valid(digits)


def finess_department(number: str) -> str:
    """``01`` to ``95``, ``2A``, ``2B``, or three digits overseas as far as the number tells."""
    return number[:2]


def finess_fault(number: str, *, test_allowed: bool = False) -> NumberFault | None:
    """What is wrong with a FINESS number, or ``None``."""
    if not _FORM.match(number):
        return NumberFault(
            _("“{number}” is not a FINESS number: 9 characters are expected.").format(
                number=number
            ),
            _("Copy it from finess.esante.gouv.fr; keep the 0 in front."),
        )
    if is_test_finess(number):
        if test_allowed:
            return None
        return NumberFault(
            _("“{number}” is a test number; no real establishment has it.").format(number=number),
            _("Give the real FINESS number, or mark the site with “test: true”."),
        )
    if not _REAL.match(number):
        return NumberFault(
            _("“{number}”: no French department begins a FINESS number like this.").format(
                number=number
            ),
            _("Copy it from finess.esante.gouv.fr; keep the 0 in front."),
        )
    if not finess_key_right(number):
        return NumberFault(
            _("“{number}” has a wrong key: one of its digits is mistyped.").format(number=number),
            _("Compare it digit by digit with finess.esante.gouv.fr."),
        )
    return None


def siren_fault(number: str) -> NumberFault | None:
    """What is wrong with a SIREN number, or ``None``."""
    try:
        siren_number.validate(number)
    except ValidationError:
        return NumberFault(
            _("“{number}” is not a SIREN number: 9 digits with a key.").format(number=number),
            _("Compare it with the notice of the legal entity."),
        )
    return None


def siret_fault(number: str) -> NumberFault | None:
    """What is wrong with a SIRET number, or ``None`` (La Poste's own rule included)."""
    try:
        siret_number.validate(number)
    except ValidationError:
        return NumberFault(
            _("“{number}” is not a SIRET number: 14 digits with a key.").format(number=number),
            _("Compare it with the notice of the establishment."),
        )
    return None
