"""The sheet of a sample: printed, filled in, taken back."""

from __future__ import annotations

import csv
import io
import subprocess
from pathlib import Path

import pytest

from kit.app.sample import draw_sample, import_sample, sample_files
from kit.checking.sampling import Hand
from kit.errors import InvalidDocuments
from tests.evidence.made import START, Made


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def filled(table: list[list[str]], hand, path: Path) -> Path:
    lines = [table[0], *([*row[:9], hand(row), *row[10:]] for row in table[1:])]
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(lines)
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def test_a_sheet_goes_out_and_comes_back(chained: Made, tmp_path: Path) -> None:
    drawn = draw_sample(chained.site, chained.store, 20, "graine", None)
    files = sample_files(drawn, START)
    again = sample_files(draw_sample(chained.site, chained.store, 20, "graine", None), START)
    assert files == again
    table = rows(files["sample.csv"])
    assert len(table) == 21

    def honest(row: list[str]) -> str:
        return {"Compliant": "Conforme", "Non-compliant": "NC"}.get(row[6], "impossible")

    found = import_sample(
        chained.site, chained.store, filled(table, honest, tmp_path / "honest.csv")
    )
    assert found.disagreeing == 0
    assert found.compared > 0
    assert found.compared + found.impossible == 20

    # The verdict in the sheet is not what is compared: a sheet that was "corrected" tells as much.
    wrong = [table[0], *([*row[:6], "Compliant", *row[7:]] for row in table[1:])]
    found = import_sample(
        chained.site, chained.store, filled(wrong, lambda _row: "nc", tmp_path / "wrong.csv")
    )
    passes = sum(row[6] == "Compliant" for row in table[1:])
    aside = sum(row[6] == "Not applicable" for row in table[1:])
    assert found.false_passes == passes > 0
    assert found.disagreeing == passes + aside
    assert found.settled[Hand.FAILS] == 20 - found.compared


def test_the_pdf_can_be_read(chained: Made, tmp_path: Path) -> None:
    files = sample_files(draw_sample(chained.site, chained.store, 8, "x", None), START)
    pdf = tmp_path / "sample.pdf"
    pdf.write_bytes(files["sample.pdf"])
    text = subprocess.run(
        ["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "Sheet for checking by hand" in text
    assert "non-compliant" in text


@pytest.mark.parametrize("said", ["maybe", "=1+1", "ok"])
def test_what_is_not_understood_is_told_and_never_counted(
    chained: Made, tmp_path: Path, said: str
) -> None:
    table = rows(
        sample_files(draw_sample(chained.site, chained.store, 3, "x", None), START)["sample.csv"]
    )
    with pytest.raises(InvalidDocuments) as refused:
        import_sample(
            chained.site, chained.store, filled(table, lambda _row: said, tmp_path / "s.csv")
        )
    assert len(refused.value.problems) == 3


def test_a_row_that_was_not_drawn_from_the_run_is_refused(chained: Made, tmp_path: Path) -> None:
    table = rows(
        sample_files(draw_sample(chained.site, chained.store, 3, "x", None), START)["sample.csv"]
    )
    table[1][4] = "no_such_rule"
    table[2] = table[3]
    with pytest.raises(InvalidDocuments) as refused:
        import_sample(
            chained.site, chained.store, filled(table, lambda _row: "nc", tmp_path / "s.csv")
        )
    assert len(refused.value.problems) == 2
