from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.fr import nir

from kit.intake.cells import (
    CellFault,
    parse_date,
    parse_imeis,
    parse_macs,
    parse_quantity,
    parse_serials,
    shown,
)
from kit.intake.personal import holds_nir


def imei_that_is_also_a_nir():
    """15 digits with a right IMEI key and a right NIR key: they exist."""
    for rank in range(100_000):
        body = f"1850578{rank:06d}"
        number = body + nir.calc_check_digits(body)
        if luhn.is_valid(number):
            return number
    raise AssertionError


BOTH = imei_that_is_also_a_nir()


def test_an_imei_is_never_taken_for_a_nir():
    assert holds_nir(BOTH)
    assert parse_imeis(BOTH) == (BOTH,)
    assert parse_serials(BOTH, mobile=True) == (BOTH,)
    with pytest.raises(CellFault, match="social security"):
        parse_serials(BOTH)


@pytest.mark.parametrize(
    "text",
    ["255081416802538", "2 55 08 14 168 025 38", "SN 2.55.08.14.168.025.38", "2550814168025",
     "2 55 08 2A 168 025 " + nir.calc_check_digits("255082A168025"), "x 255081416802538 y"],
)  # fmt: skip
def test_numbers_of_persons_are_found(text):
    assert holds_nir(text)
    assert "255" not in shown(text)


@pytest.mark.parametrize(
    "text",
    ["490154203237518", "3614060000007", "4006381333931", "255081416802539", "PF4A0001",
     "2026-10-12", "0B0168811-0001", "1234567", "195348123456"],
)  # fmt: skip
def test_numbers_of_things_are_not(text):
    assert not holds_nir(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12", 12), (" 12 ", 12), ("12,00", 12), ("12.0", 12), ("x12", 12), ("12 x", 12), ("3 U.", 3),
     ("1\u00a0200", 1200), ("1 200", 1200), ("5 pièces", 5), ("1 unité", 1), ("2 Pcs", 2)],
)  # fmt: skip
def test_quantities(text, expected):
    assert parse_quantity(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "douze", "-1", "0", "1,5", "12 34", "2 kg", "1 lot de 5", "999999", "=3", "1e3", "٣"],
)
def test_no_quantities(text):
    with pytest.raises(CellFault):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PF4A001", ("PF4A001",)),
        ("pf4a001\npf4a002", ("PF4A001", "PF4A002")),
        ("PF4A001 PF4A002", ("PF4A001", "PF4A002")),
        ("S/N : PF4A001, S/N : PF4A002", ("PF4A001", "PF4A002")),
        ("N° de série PF4A001", ("PF4A001",)),
        ("Service Tag: 7XK2Q93", ("7XK2Q93",)),
        ("PF4A001 / PF4A002", ("PF4A001", "PF4A002")),
        ("5CD 123 4567", ("5CD1234567",)),
        ("\u00a0PF4A001\u00a0", ("PF4A001",)),
        ("N/A", ()),
        ("à venir", ()),
        ("'0012345", ("0012345",)),
    ],
)
def test_serials(text, expected):
    assert parse_serials(text) == expected


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "@SUM(1)", "+33612345678", "PF4A001 à PF4A009", "x" * 60, "1,2E+15",
     "voir BL", "123", "0000000", "To be filled by O.E.M.", "é1234"],
)  # fmt: skip
def test_no_serials(text):
    with pytest.raises(CellFault):
        parse_serials(text)


def test_macs():
    wanted = ("00:1a:2b:3c:4d:5e",)
    for text in ("001A2B3C4D5E", "00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "001a.2b3c.4d5e"):
        assert parse_macs(text) == wanted
    for text in ("00:1A:2B:3C:4D", "0-01A2B3C4D5E-", "ff:ff:ff:ff:ff:ff", "zz:1a:2b:3c:4d:5e"):
        with pytest.raises(CellFault):
            parse_macs(text)


def test_dates():
    today = date(2026, 11, 2)
    day = date(2026, 10, 12)
    for text in ("2026-10-12", "12/10/2026", "12.10.26", "12-10-2026", "12 octobre 2026",
                 "2026-10-12 00:00:00", "12 oct 2026"):  # fmt: skip
        assert parse_date(text, today) == day
    assert parse_date("1er août 2026", today) == date(2026, 8, 1)
    for text in ("31/02/2026", "2026-13-01", "demain", "12/10", "01/01/1900", "03/11/2026"):
        with pytest.raises(CellFault):
            parse_date(text, today)


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_a_fault(text):
    for parse in (parse_quantity, parse_serials, parse_macs, parse_imeis,
                  lambda text: parse_date(text, date(2026, 11, 2))):  # fmt: skip
        try:
            parse(text)
        except CellFault as fault:
            assert fault.remedy  # noqa: PT017 - the value is as good
        assert shown(text).isprintable()
