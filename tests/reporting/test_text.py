"""What is shown cannot act, numbers do not flatter, dates are read one way."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.i18n import language
from kit.reporting.cutting import cut_text
from kit.reporting.html import css_string
from kit.reporting.text import (
    show_age,
    show_date,
    show_month,
    show_share,
    show_time,
    typographic,
    visible,
)

ACTING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text())
def test_nothing_invisible_is_left(text: str) -> None:
    shown = visible(text)
    assert {unicodedata.category(char) for char in shown}.isdisjoint(ACTING)
    assert visible(shown) == shown
    shown.encode()


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\0b", "a⟨U+0000⟩b"),
        ("\x1b[31m", "⟨U+001B⟩[31m"),
        ("a\nb\tc\x7f", "a↵b⇥c⟨U+007F⟩"),
        ("user\u202egpj.exe", "user⟨U+202E⟩gpj.exe"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("\ud800", "⟨U+D800⟩"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 3 + "⟨U+0301⟩" * 3),
        ("é à ’ – « »", "é à ’ – « »"),
    ],
)
def test_signs_take_the_place_of_what_acts(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(max_size=60))
def test_a_string_of_the_style_cannot_end_it(text: str) -> None:
    written = str(css_string(text))
    assert written[0] == written[-1] == '"'
    assert set(written[1:-1]) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\\ "
    )


def test_a_string_of_the_style_is_what_it_was() -> None:
    assert css_string('a"}</style>b') == ('"a\\000022 \\00007d \\00003c \\00002f style\\00003e b"')


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "–"), (0.0, "0%"), (0.999, "99%"), (1.0, "100%"), (0.29, "29%"), (0.004, "0%")],
)
def test_shares_are_rounded_down(share: float | None, shown: str) -> None:
    with language("en"):
        assert show_share(share) == shown


@given(st.floats(min_value=0, max_value=1, exclude_max=True))
def test_only_the_whole_is_a_hundred_percent(share: float) -> None:
    with language("en"):
        shown = show_share(share)
    assert shown != "100%" or share > 1 - 1e-9


def test_french_blanks_do_not_break() -> None:
    with language("fr"):
        assert typographic("Pourquoi ? « l'eau » : 5 %") == (
            "Pourquoi\u00a0? «\u00a0l’eau\u00a0»\u00a0: 5\u00a0%"
        )
    with language("en"):
        assert typographic("Why ?") == "Why ?"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "29 March 2026, 01:59 (UTC+01:00)"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "29 March 2026, 03:00 (UTC+02:00)"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "1 January 2027, 00:30 (UTC+01:00)"),
    ],
)
def test_times_are_local_and_say_their_offset(at: datetime, shown: str) -> None:
    with language("en"):
        assert show_time(at, "Europe/Paris") == shown


def test_leap_days_are_written() -> None:
    with language("en"):
        assert show_date(date(2028, 2, 29)) == "29 February 2028"


def test_months_of_publication_are_written() -> None:
    with language("fr"):
        assert show_month("2022-10") == "octobre 2022"
        assert show_month("2017-09-01") == "1er septembre 2017"
        assert show_month("2017-02-30") == "2017-02-30"
        assert show_month("2017, 3rd edition") == "2017, 3rd edition"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (-1, "dated after the report"),
        (0, "1 minute"),
        (59, "1 minute"),
        (7_199, "1 hour"),
        (86_400, "1 day"),
        (40 * 86_400 + 5, "40 days"),
    ],
)
def test_ages_are_told_in_one_unit(seconds: int | None, shown: str) -> None:
    with language("en"):
        assert show_age(seconds) == shown


def test_a_cut_text_tells_how_much_is_missing() -> None:
    assert cut_text("abc", 3) == "abc"
    assert cut_text("abcde", 3) == "abc…[+2]"
