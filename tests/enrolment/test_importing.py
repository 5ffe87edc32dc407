"""Lists of people: headings as they come, every mistake at once, nobody twice."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.enrolment.importing import People, Surroundings, take_people
from kit.enrolment.numbers import normalize_rpps, rpps_fault, rpps_key_right
from kit.enrolment.pseudonyms import digest_key, pseudonym
from kit.errors import InvalidDocuments
from kit.i18n import language
from kit.model.device import PostRole
from kit.model.person import Person
from kit.secrets.reference import SecretStr

KEY = SecretStr("ab" * 32)
GOOD = """\
Liste du personnel au 1er novembre
Nom;Prénom;N° RPPS;Identifiant;Postes;Usage des postes;Date de départ
Durand;Marie;9970 0366 240;mdurand;;Poste de soins;
Martin;Paul;;pmartin;til-pc-001, til-pc-002;;
Petit;Zoé;;zpetit;;;12/10/2026
"""


def around(*, test: bool = True) -> Surroundings:
    return Surroundings(
        devices=frozenset({"til-pc-001", "til-pc-002"}),
        reserved=frozenset({"esms"}),
        name=lambda identity: pseudonym(KEY, identity),
        test=test,
    )


def take(text: str, known: Sequence[Person] = (), *, test: bool = True) -> People:
    return take_people(text.encode(), "liste.csv", known, around(test=test))


def problems(text: str, known: Sequence[Person] = (), *, test: bool = True) -> list[str]:
    with language("en"), pytest.raises(InvalidDocuments) as caught:
        take(text, known, test=test)
    return [str(one) for one in caught.value.problems]


def rows(*lines: str) -> str:
    return "\n".join(["nom;compte;rpps;postes;type de poste;départ", *lines, ""])


def test_a_list_as_offices_write_it() -> None:
    done = take(GOOD)
    durand, martin, petit = done.people
    assert (durand.name, durand.rpps, durand.account) == ("Marie Durand", "99700366240", "mdurand")
    assert durand.post_roles == (PostRole.SHARED_CARE_POST,)
    assert martin.posts == ("til-pc-001", "til-pc-002")
    assert petit.left_on == date(2026, 10, 12)
    assert len(done.added) == 3
    assert done.notices == ()


def test_the_same_from_a_spreadsheet_and_in_english() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Full name", "Login", "RPPS"], ["Marie Durand", "mdurand", 99700366240]):
        sheet.append(row)
    raw = io.BytesIO()
    book.save(raw)
    (person,) = take_people(raw.getvalue(), "list.xlsx", (), around()).people
    assert (person.name, person.account, person.rpps) == ("Marie Durand", "mdurand", "99700366240")


def test_again_changes_nothing_and_a_correction_keeps_the_pseudonym() -> None:
    first = take(GOOD)
    again = take(GOOD, first.people)
    assert (again.people, again.added, again.changed) == (first.people, (), ())
    moved = GOOD.replace("mdurand", "marie.d".replace(".", "-"))
    changed = take(moved, first.people)
    assert [one.account for one in changed.changed] == ["marie-d"]
    assert {one.id for one in changed.people} == {one.id for one in first.people}


def test_who_is_not_in_the_list_stays_and_who_left_gives_the_account_free() -> None:
    first = take(GOOD)
    later = take(rows("Petitjean Luc;zpetit;;;;"), first.people)
    assert len(later.people) == 4
    found = problems(rows("Autre Luc;pmartin;;;;"), first.people)
    assert len(found) == 1
    assert "already that of somebody else" in found[0]


def test_every_mistake_is_told_with_its_cell() -> None:
    found = problems(
        rows(
            "Durand Marie;M Durand;123;nulle-part;plage;31/02/2026",
            ";root;;;;",
            "Martin Paul;esms;;;;",
        )
    )
    places = sorted(one.partition(": ")[0] for one in found)
    assert places == [
        "liste.csv:2:2", "liste.csv:2:3", "liste.csv:2:4", "liste.csv:2:5", "liste.csv:2:6",
        "liste.csv:3:1", "liste.csv:3:2", "liste.csv:4:2",
    ]  # fmt: skip


def test_twice_in_a_list_is_refused_by_number_and_by_account() -> None:
    number = "10003461033"
    found = problems(rows(f"A A;aa;{number};;;", f"B B;bb;{number};;;", "C C;aa;;;;"))
    assert len(found) == 2


def test_a_wrong_key_is_a_warning_and_a_test_number_is_for_tests() -> None:
    done = take(rows("A A;aa;10003461033;;;"))  # an official example that breaks the key
    assert done.people[0].rpps == "10003461033"
    assert len(done.notices) == 1
    assert done.notices[0].position.column == 3
    found = problems(rows("A A;aa;99700366240;;;"), test=False)
    assert len(found) == 1
    assert "test number" in found[0]


@pytest.mark.parametrize(
    ("number", "fault", "key"),
    [
        ("99700366240", False, True),
        ("99700218896", False, True),
        ("10003461033", False, False),
        ("10102727017", False, False),
        ("1000346103", True, None),
        ("1000346103A", True, None),
    ],
)
def test_rpps_numbers_of_the_reference(number: str, fault: bool, key: bool | None) -> None:
    assert (rpps_fault(number, test_allowed=True) is not None) is fault
    if key is not None:
        assert rpps_key_right(number) is key
    assert normalize_rpps(f"8{number}") == (
        number if number.isdigit() and not fault else f"8{number}"
    )


def test_a_social_security_number_is_never_kept() -> None:
    found = problems("nom;compte;remarque\nDurand Marie;mdurand;NIR 2 69 05 49 588 157 80\n")
    assert len(found) == 1
    assert "269" not in found[0].replace(" ", "")


def test_a_column_nobody_reads_is_told() -> None:
    with language("en"):
        done = take("nom;compte;chambre\nDurand Marie;mdurand;12\n")
    assert ["chambre" in str(one) for one in done.notices] == [True]


@pytest.mark.parametrize("text", ["", "a;b\n1;2\n", "nom;prénom\nDurand;Marie\n"])
def test_what_is_no_list_is_refused(text: str) -> None:
    assert problems(text)


@given(st.text(max_size=200))
def test_any_cell_is_taken_or_refused(cell: str) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    try:
        done = take(f"nom;compte\n{quoted};mdurand\n")
    except InvalidDocuments:
        return
    assert all(person.name.isprintable() for person in done.people)


def test_pseudonyms_are_stable_keyed_and_tell_nothing() -> None:
    one = pseudonym(KEY, "rpps:99700366240")
    assert one == pseudonym(KEY, "rpps:99700366240")
    assert one != pseudonym(SecretStr("cd" * 32), "rpps:99700366240")
    assert "99700366240" not in one
    assert digest_key(KEY) != KEY.get_secret_value()
