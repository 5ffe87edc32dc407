"""One cell of a note at a time: quantities, serial numbers, MACs, IMEIs, dates. Pure.

Each function gives the values or raises ``CellFault`` with what is wrong and what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from kit.i18n import _
from kit.intake.personal import holds_nir
from kit.intake.vocabulary import is_not_given, plain_words, vocabulary
from kit.model.delivery import MAX_PIECES
from kit.model.identifiers import check_imei, check_mac
from kit.sites.matching import fold

_SEPARATORS: Final = re.compile(r"[\n\r\t;,|]+|\s/\s|\s{2,}")
_SERIAL_LABEL: Final = re.compile(
    r"(?i)\A(?:s\s*/\s*n|sn|n\s*/\s*s|n[°º]\s*(?:de\s*)?s[ée]rie|serial(?:\s*(?:no|number))?|"
    r"service\s*tag)\s*[:.#°-]*\s*(?=\S)"
)
_SERIAL: Final = re.compile(r"[A-Z0-9][A-Z0-9._/-]{3,31}\Z")
_RANGE: Final = re.compile(r"(?i)\S+\s*(?:\bà\b|\bto\b|->|→|\.\.\.?|\bau\b)\s*\S+")
_EXPONENT: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?E\+?[0-9]+\Z", re.IGNORECASE)
_QUANTITY: Final = re.compile(r"(?:x\s*)?([0-9][0-9 ]*(?:[.,][0-9]+)?)\s*(?:x\b)?\s*(.*)\Z")
_LEADING_QUANTITY: Final = re.compile(r"(?i)\A\s*([0-9]{1,4})\s*[x×*]\s+(?=\S)")
_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+\Z")
_MAC_DIGITS: Final = re.compile(r"[0-9A-Fa-f]{12}\Z")
_MAC_SHAPE: Final = re.compile(r"[0-9A-Fa-f]{1,4}(?:[:.\-][0-9A-Fa-f]{1,4})+\Z")
_DATE_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?\Z")
_DATE_FR: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})(?:\s.*)?\Z")
_DATE_WORDS: Final = re.compile(r"(\d{1,2})(?:er)? ([a-z]+) (\d{4})\Z")
_MONTHS: Final = (
    ("janvier", "january"), ("fevrier", "february"), ("mars", "march"), ("avril", "april"),
    ("mai", "may"), ("juin", "june"), ("juillet", "july"), ("aout", "august"),
    ("septembre", "september"), ("octobre", "october"), ("novembre", "november"),
    ("decembre", "december"),
)  # fmt: skip
_OLDEST: Final = date(1995, 1, 1)
_LONGEST_SHOWN: Final = 40
_LONGEST_SERIAL_TEXT: Final = 80
IMEI_LENGTH: Final = 15


class CellFault(ValueError):
    """What is wrong with a cell, and what to do (both translated)."""

    def __init__(self, message: str, remedy: str) -> None:
        """Keep both parts."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def shown(text: str) -> str:
    """A cell as it may stand in a message: short, one line, no control signs, no NIR."""
    if holds_nir(text):
        return "***"
    line = " ".join(text.split())
    printable = "".join(sign if sign.isprintable() else "?" for sign in line)
    return printable if len(printable) <= _LONGEST_SHOWN else printable[: _LONGEST_SHOWN - 1] + "…"


def clean_text(text: str, longest: int = 300) -> str:
    """A text on one line with plain blanks; raises ``CellFault`` on control signs or a NIR."""
    line = " ".join(text.split())
    if not line.isprintable():
        raise CellFault(
            _("“{text}” holds control characters.").format(text=shown(line)),
            _("Type this cell again."),
        )
    refuse_nir(line)
    return line[:longest].strip()


def refuse_nir(text: str) -> None:
    """Raises ``CellFault`` when the text may hold a social security number."""
    if holds_nir(text):
        raise CellFault(
            _("this cell may hold a social security number (NIR)."),
            _("Remove it from the file: no number of a person is taken in."),
        )


def leading_quantity(designation: str) -> tuple[int | None, str]:
    """``12 x ThinkCentre`` gives 12 and the rest; no quantity in front gives ``None``."""
    found = _LEADING_QUANTITY.match(designation)
    if not found:
        return None, designation
    return parse_quantity(found[1]), designation[found.end() :]


def parse_quantity(text: str, *, zero_allowed: bool = False) -> int:
    """A whole number of pieces, with or without unit: ``12``, ``x12``, ``12,00 u``, ``12 pcs``."""
    plain = fold(text).replace("\u2019", " ").strip()
    found = _QUANTITY.match(plain)
    if not found:
        raise CellFault(
            _("“{text}” is not a quantity.").format(text=shown(text)),
            _("Write a whole number of devices."),
        )
    digits, unit = found[1].strip(), plain_words(found[2])
    if unit and unit.split()[0] in vocabulary().packs:
        raise CellFault(
            _("“{text}” counts packs, not devices.").format(text=shown(text)),
            _("Write how many devices there are."),
        )
    if unit and unit not in vocabulary().units:
        raise CellFault(
            _("“{text}”: the unit is not known.").format(text=shown(text)),
            _("Write a whole number of devices."),
        )
    return _whole(text, digits, zero_allowed)


def _whole(text: str, digits: str, zero_allowed: bool) -> int:
    whole, _sign, decimals = digits.replace(",", ".").partition(".")
    if " " in whole and not _THOUSANDS.match(whole):
        raise CellFault(
            _("“{text}” is not a quantity.").format(text=shown(text)),
            _("Write a whole number of devices."),
        )
    if decimals.strip("0"):
        raise CellFault(
            _("“{text}” is not a whole number.").format(text=shown(text)),
            _("Write a whole number of devices."),
        )
    number = int(whole.replace(" ", "")[:12])
    if number > MAX_PIECES or (number == 0 and not zero_allowed):
        raise CellFault(
            _("a quantity must be between 1 and {most}, not {number}.").format(
                most=MAX_PIECES, number=number
            ),
            _("Check this row; remove it if nothing was delivered."),
        )
    return number


def parse_serials(text: str, *, mobile: bool = False) -> tuple[str, ...]:
    """The serial numbers of a cell, in capitals, in their order; none when not given.

    Of a ``mobile`` device the IMEI may stand there instead: a right one is no NIR.
    """
    if is_not_given(text):
        return ()
    _refuse_rounded(text.strip())
    found = []
    for piece in _split_serials(text):
        bare = _SERIAL_LABEL.sub("", piece.strip()).strip(" .:#'\"")
        if is_not_given(bare):
            continue
        digits = re.sub(r"[\s.-]", "", bare)
        found.append(digits if mobile and is_imei(digits) else _serial(bare))
    return tuple(found)


def _refuse_rounded(text: str) -> None:
    if _EXPONENT.match(text):
        raise CellFault(
            _("“{text}”: the spreadsheet has rounded this number.").format(text=shown(text)),
            _("Ask for the file again with this column as text."),
        )


def _split_serials(text: str) -> list[str]:
    """The pieces of a list; blanks separate too when every piece then looks like a serial."""
    pieces = [piece for piece in _SEPARATORS.split(text.replace("\u00a0", " ")) if piece.strip()]
    listed: list[str] = []
    for piece in pieces:
        bare = _SERIAL_LABEL.sub("", piece.strip())
        words = bare.split()
        alone = len(words) > 1 and all(
            _SERIAL.match(word.upper()) and any(sign.isdigit() for sign in word) for word in words
        )
        listed.extend(words if alone and not holds_nir(piece) else [piece])
    return listed


def _serial(text: str) -> str:
    refuse_nir(text)
    if len(text) > _LONGEST_SERIAL_TEXT:
        raise CellFault(
            _("“{text}” is too long for a serial number.").format(text=shown(text)),
            _("Write one serial number per line, or separate them by commas."),
        )
    _refuse_rounded(text)
    if _RANGE.match(text):
        raise CellFault(
            _("“{text}” is a range of serial numbers.").format(text=shown(text)),
            _("List them one by one: ranges are not counted out."),
        )
    serial = "".join(text.split()).upper()
    if fold(text) in vocabulary().junk_serials or len(set(serial)) == 1:
        raise CellFault(
            _("“{text}” is a filler, not a serial number.").format(text=shown(text)),
            _("Read it on the device, or leave the cell empty."),
        )
    if not _SERIAL.match(serial) or not any(sign.isdigit() for sign in serial):
        raise CellFault(
            _("“{text}” is not a serial number.").format(text=shown(text)),
            _("4 to 32 letters, digits, “.”, “-”, “/” or “_”, with at least one digit."),
        )
    return serial


def parse_macs(text: str) -> tuple[str, ...]:
    """The MAC addresses of a cell as ``aa:bb:cc:dd:ee:ff``; none when not given."""
    if is_not_given(text):
        return ()
    pieces = re.split(r"[\s;,|/]+", text.replace("\u00a0", " ").strip())
    return tuple(_mac(piece) for piece in pieces if piece and not is_not_given(piece))


def _mac(text: str) -> str:
    digits = re.sub(r"[:.\-]", "", text)
    try:
        if not _MAC_DIGITS.match(digits):
            raise ValueError(text)
        if not (_MAC_DIGITS.match(text) or _MAC_SHAPE.match(text)):
            raise ValueError(text)
        pairs = [digits[place : place + 2].lower() for place in range(0, 12, 2)]
        return check_mac(":".join(pairs))
    except ValueError as error:
        refuse_nir(text)
        raise CellFault(
            _("“{text}” is not the MAC address of a device.").format(text=shown(text)),
            _("12 hexadecimal digits, such as 00:1A:2B:3C:4D:5E; or leave the cell empty."),
        ) from error


def is_imei(text: str) -> bool:
    """Whether the text is 15 digits with a right IMEI key."""
    try:
        check_imei(text)
    except ValueError:
        return False
    return True


def parse_imeis(text: str) -> tuple[str, ...]:
    """The IMEIs of a cell; none when not given. A right IMEI is never taken for a NIR."""
    if is_not_given(text):
        return ()
    _refuse_rounded(text.strip())
    found = []
    for piece in re.split(r"[\n;,|]+|\s/\s", text.replace("\u00a0", " ")):
        digits = re.sub(r"[\s.-]", "", re.sub(r"(?i)\A\s*imei\s*[12]?\s*:?", "", piece))
        if not digits or is_not_given(piece):
            continue
        if not is_imei(digits):
            refuse_nir(piece)
            raise CellFault(
                _("“{text}” is not an IMEI.").format(text=shown(piece)),
                _("15 digits, the last of which is a key; dial *#06# on the device."),
            )
        found.append(digits)
    return tuple(found)


@dataclass(frozen=True)
class _Parts:
    year: int
    month: int
    day: int


def parse_date(text: str, today: date) -> date | None:
    """A day as ``2026-10-12``, ``12/10/2026``, ``12.10.26`` or ``12 octobre 2026``."""
    if is_not_given(text):
        return None
    parts = _date_parts(fold(text))
    try:
        if parts is None:
            raise ValueError(text)
        day = date(parts.year, parts.month, parts.day)
    except ValueError as error:
        raise CellFault(
            _("“{text}” is not a date.").format(text=shown(text)),
            _("Write it as 2026-10-12 or 12/10/2026."),
        ) from error
    if not _OLDEST <= day <= today:
        raise CellFault(
            _("the date {date} is in the future or too old.").format(date=day.isoformat()),
            _("Correct the year."),
        )
    return day


def _date_parts(text: str) -> _Parts | None:
    if found := _DATE_ISO.match(text):
        return _Parts(int(found[1]), int(found[2]), int(found[3]))
    if found := _DATE_FR.match(text):
        year = int(found[3])
        return _Parts(year if year > 99 else 2000 + year, int(found[2]), int(found[1]))
    if found := _DATE_WORDS.match(text):
        for number, names in enumerate(_MONTHS, start=1):
            if any(name.startswith(found[2]) and len(found[2]) > 2 for name in names):
                return _Parts(int(found[3]), number, int(found[1]))
    return None
