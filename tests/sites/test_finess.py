import pytest

from kit.sites.categories import categories, category_fault
from kit.sites.finess import finess_fault, normalize_finess, siren_fault, siret_fault

REAL = ("010780195", "010000016", "970216057", "590799730")
CORSICA = ("2B0000020", "2B0005342", "2B0004246", "2A0000170", "2A0000386", "2A0002606")


@pytest.mark.parametrize("number", REAL + CORSICA)
def test_published_numbers_are_right(number):
    assert finess_fault(number) is None


@pytest.mark.parametrize("number", REAL + CORSICA)
def test_every_changed_digit_is_found(number):
    for place in range(2, 9):
        for digit in "0123456789":
            if digit != number[place]:
                assert finess_fault(number[:place] + digit + number[place + 1 :]) is not None


@pytest.mark.parametrize("number", ["0B0168811", "0A0000018"])
def test_test_numbers_only_where_they_are_allowed(number):
    assert finess_fault(number) is not None
    assert finess_fault(number, test_allowed=True) is None


@pytest.mark.parametrize("number", ["", "1", "00078019500", "990000000", "0107801 5", "\uff10" * 9])
def test_malformed(number):
    assert finess_fault(number) is not None


def test_normalizing():
    assert normalize_finess(" 01 078\u00a0019 5 ") == "010780195"
    assert normalize_finess("10780195") == "010780195"  # a spreadsheet ate the first 0
    assert normalize_finess("2b0000020") == "2B0000020"


def test_siret_and_the_rule_of_la_poste():
    assert siret_fault("77220148900022") is None
    assert siret_fault("35600000000048") is None
    assert siret_fault("35600000009075") is None  # sum of digits, not Luhn
    assert siret_fault("77220148900023") is not None
    assert siren_fault("772201489") is None
    assert siren_fault("772201488") is not None


def test_categories():
    assert category_fault("500") is None
    assert category_fault("252") is None  # closed, but sites keep it
    for code in ("355", "603", "620", "606"):
        fault = category_fault(code)
        assert fault is not None
        assert code in fault.message
    assert category_fault("999") is not None


# The value set JDV_J254 of the ANS: establishments for disabled people.
OFFICIAL = (
    "182 183 186 188 189 192 194 195 196 209 221 238 242 255 354 390 395 396 "
    "445 446 448 449 460 640"
)


@pytest.mark.parametrize("code", OFFICIAL.split())
def test_the_official_list_is_taken_in(code):
    assert categories()[code].esms
    assert categories()[code].verified
