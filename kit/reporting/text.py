"""Text for people: what devices said made visible, and the numbers and dates of each language."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date, datetime
from math import floor
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from kit.i18n import N_, _, current_language, ngettext
from kit.reporting.results import Result

_MONTHS: Final = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July"),
    N_("August"), N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_NBSP: Final = "\u00a0"
_SIGNS: Final = {"\n": "↵", "\t": "⇥"}
# Signs of French and English, in no category below: most texts hold no other.
_PLAIN: Final = re.compile(
    "[\x20-\x7e\xa0-\xac\xae-\u024f\u2010-\u2027\u202f-\u205e\u20ac\u2190-\u21ff\u2264\u2265]*"
)
_MOST_MARKS: Final = 3
# Categories whose characters act, hide or cannot be encoded, instead of being seen.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS: Final = frozenset({"Mn", "Me", "Mc"})


def visible(text: str) -> str:
    """The text with every character that acts, hides or piles up shown as a sign.

    A new line becomes ``↵``, a tabulation ``⇥``, any other its number (``⟨U+202E⟩``); so do
    combining marks beyond the third on one letter. Printable text stays as it is.
    """
    if _PLAIN.fullmatch(text):
        return text
    shown: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in _MARKS else 0
        shown.append(char if category not in _UNSEEN and marks <= _MOST_MARKS else _sign(char))
    return "".join(shown)


def _sign(char: str) -> str:
    return _SIGNS.get(char) or f"⟨U+{ord(char):04X}⟩"


def typographic(text: str) -> str:
    """A sentence of ours with its French blanks made non-breaking and its apostrophes curved.

    Never for what a device said: that is shown as it came. Translated messages hold theirs.
    """
    if current_language() != "fr":
        return text
    text = re.sub(r"[ \u202f](?=[:;?!»%])", _NBSP, text)
    text = re.sub(r"(?<=[^\W\d_])'(?=[^\W\d_])", "’", text)
    return text.replace("« ", f"«{_NBSP}")


def plain_value(value: JsonValue) -> str:
    """A parameter's value as people write it."""
    if isinstance(value, list):
        return ", ".join(plain_value(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def show_number(number: int) -> str:
    """``1 234`` in French, ``1,234`` in English."""
    separator = "\u202f" if current_language() == "fr" else ","
    return f"{number:,}".replace(",", separator)


def show_share(share: float | None) -> str:
    """A share of 1 as a percentage, rounded down: 100 % is said of the whole only."""
    if share is None:
        return "–"
    percent = floor(share * 100 + 1e-9)
    return _("{number}%").format(number=percent)


def show_result(result: Result) -> str:
    """The share of a result that complies; nothing at all known gives no share."""
    return show_share(result.ratio if result.coverage else None)


def show_date(day: date) -> str:
    """``21 novembre 2026``; ``1er`` in French on the first of a month."""
    month = _(_MONTHS[day.month - 1])
    pattern = _("1 {month} {year}") if day.day == 1 else _("{day} {month} {year}")
    return pattern.format(day=day.day, month=month, year=day.year)


def show_short_date(day: date) -> str:
    """The day in figures."""
    return f"{day:%d/%m/%Y}" if current_language() == "fr" else day.isoformat()


def show_month(published: str) -> str:
    """A day or month of a publication (``2026-11-21``, ``2026-11``) in words; else as it is."""
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])(?:-(\d\d))?", published)
    if found is None:
        return published
    year, month, day = int(found.group(1)), int(found.group(2)), found.group(3)
    if day is not None:
        try:
            return show_date(date(year, month, int(day)))
        except ValueError:
            return published
    return _("{month} {year}").format(month=_(_MONTHS[month - 1]), year=year)


def show_time(at: datetime, timezone: str) -> str:
    """Day and time in a time zone, to the minute, with the offset from UTC."""
    local = at.astimezone(ZoneInfo(timezone))
    return _("{date}, {hour}:{minute} (UTC{offset})").format(
        date=show_date(local.date()),
        hour=f"{local.hour:02}",
        minute=f"{local.minute:02}",
        offset=f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:5],
    )


def show_short_time(at: datetime, timezone: str) -> str:
    """Day and time in figures, in a time zone."""
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local:%d/%m/%Y %H:%M}" if current_language() == "fr" else f"{local:%Y-%m-%d %H:%M}"


def show_age(seconds: int | None) -> str:
    """How long ago, in the largest unit that is not zero; a moment to come is said to be so."""
    if seconds is None:
        return "–"
    if seconds < 0:
        return _("dated after the report")
    if seconds >= _DAY:
        return counted(ngettext("{count} day", "{count} days", seconds // _DAY), seconds // _DAY)
    if seconds >= _HOUR:
        hours = seconds // _HOUR
        return counted(ngettext("{count} hour", "{count} hours", hours), hours)
    minutes = max(1, seconds // _MINUTE)
    return counted(ngettext("{count} minute", "{count} minutes", minutes), minutes)


def counted(message: str, number: int) -> str:
    """A translated message with its ``{count}`` filled in."""
    return message.format(count=show_number(number))
