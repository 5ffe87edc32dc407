"""Numbers of professionals: their form, their key, and those that exist for tests only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from stdnum import luhn

from kit.i18n import _
from kit.redaction.nir import mask_numbers

# Test identities of the national agency begin with 997 (reference: PSC samples).
_TEST_RPPS: Final = "997"
_RPPS: Final = re.compile(r"[0-9]{11}\Z")
_ADELI: Final = re.compile(r"[0-9][0-9A-Z][0-9]{7}\Z")


@dataclass(frozen=True)
class NumberFault:
    """What is wrong with a number, and what to do (both translated)."""

    message: str
    remedy: str


def normalize_number(text: str) -> str:
    """Without blanks, dots and hyphens, in capitals."""
    return re.sub(r"[\s\u00a0\u202f.-]", "", text).upper()


def normalize_rpps(text: str) -> str:
    """A national identifier (8 and the number) gives the number."""
    bare = normalize_number(text)
    return bare[1:] if re.fullmatch(r"8[0-9]{11}", bare) else bare


def rpps_fault(number: str, *, test_allowed: bool = False) -> NumberFault | None:
    """Why this cannot be the RPPS number of somebody here, or ``None``."""
    if not _RPPS.match(number):
        return NumberFault(
            _("“{number}” is not an RPPS number: 11 digits are expected.").format(number=number),
            _("Copy it from the card or from annuaire.sante.fr."),
        )
    if number.startswith(_TEST_RPPS) and not test_allowed:
        return NumberFault(
            _("“{number}” is a test number; no real professional has it.").format(number=number),
            _("Give the real number, or mark the site with “test: true”."),
        )
    return None


def rpps_key_right(number: str) -> bool:
    """Whether the last digit is the Luhn key. Official examples break it: never a refusal."""
    return luhn.is_valid(number)


def adeli_fault(number: str) -> NumberFault | None:
    """Why this cannot be an ADELI number, or ``None``. Its last digit is not checked."""
    if _ADELI.match(number):
        return None
    return NumberFault(
        _("“{number}” is not an ADELI number: 9 characters are expected.").format(number=number),
        _("Leave it empty when the professional has an RPPS number."),
    )


def holds_social_security_number(text: str) -> bool:
    """Whether a text holds a social security number, or an INS made of one."""
    return mask_numbers(text, "*") != text
