"""XLSX and CSV: every finding is there, typed, filterable, and nothing computes."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from defusedxml import ElementTree

from kit.documents_io.workbook_output import Sheet, SheetColumn, column_name, workbook
from kit.i18n import LANGUAGES, language
from kit.model.verdict import Verdict
from kit.reporting.building import build
from kit.reporting.formats import render_all
from kit.reporting.words import word
from tests.reporting import sample
from tests.reporting.test_html import hostile

PERCENT = "\uff05"  # full width: no spreadsheet begins a formula with it
TO_CSV = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false,false,false,3"
SOFFICE = shutil.which("soffice")


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def csv_rows(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request: pytest.FixtureRequest) -> tuple[str, dict[str, bytes]]:
    data = build(sample.checked(), sample.AT)
    return request.param, render_all(data, ["xlsx", "csv"], request.param)


def test_the_workbook_holds_every_device_and_finding(made: tuple[str, dict[str, bytes]]) -> None:
    lang, files = made
    book = opened(files["report.xlsx"])
    with language(lang):  # type: ignore[arg-type]
        words = {word(one): one for one in Verdict}
    by_title = {sheet.title: sheet for sheet in book.worksheets}
    findings = by_title["Constats" if lang == "fr" else "Findings"]
    rows = list(findings.iter_rows(min_row=2, values_only=True))
    assert Counter(words[str(row[8])] for row in rows) == Counter(
        one.verdict for found in sample.findings().values() for one in found
    )
    devices = by_title["Équipements" if lang == "fr" else "Devices"]
    assert [row[0] for row in devices.iter_rows(min_row=2, values_only=True)] == sorted(
        one.id for one in sample.devices()
    )
    for name in ("Dérogations", "Synthèse") if lang == "fr" else ("Waivers", "Summary"):
        assert by_title[name].max_row > 1


def test_sheets_are_frozen_filtered_and_typed(made: tuple[str, dict[str, bytes]]) -> None:
    _lang, files = made
    for sheet in opened(files["report.xlsx"]).worksheets:
        wide = sheet.page_setup.fitToWidth > 1
        assert sheet.freeze_panes == ("B2" if wide else "A2")
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.print_title_cols == ("$A:$A" if wide else None)
        widths = [one.width for one in sheet.column_dimensions.values()]
        assert widths
        assert min(widths) > 5
        kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
        assert kinds <= {"s", "n", "d"}  # no formula, no error
    devices = opened(files["report.xlsx"]).worksheets[1]
    heads = [cell.value for cell in devices[1]]
    row = next(one for one in devices.iter_rows(min_row=2) if one[0].value == "til-nb-02")
    read_on = row[12]
    assert isinstance(read_on.value, datetime)
    assert (read_on.value.hour, read_on.value.minute) == (9, 42)  # Paris, from 08:42 UTC
    assert row[len(heads) - 2].number_format == "0%"


def test_rows_are_as_high_as_their_texts_and_days_as_the_language_writes_them(
    made: tuple[str, dict[str, bytes]],
) -> None:
    lang, files = made
    summary, devices, findings, *_others = opened(files["report.xlsx"]).worksheets
    long = next(row for row in summary.iter_rows(min_row=2) if len(str(row[1].value)) > 91)
    assert summary.row_dimensions[long[0].row].height == 26
    assert summary.row_dimensions[long[0].row + 1].height is None
    heights = {one.height for one in findings.row_dimensions.values()}
    assert max(filter(None, heights)) <= 409  # a spreadsheet takes no more
    assert findings.page_setup.fitToWidth > 1  # or nobody could read it
    written = devices["M2"].number_format if devices["M2"].value else devices["M5"].number_format
    assert written.startswith("dd/mm/yyyy" if lang == "fr" else r"yyyy\-mm\-dd")


def test_csv_and_workbook_say_the_same(made: tuple[str, dict[str, bytes]]) -> None:
    _lang, files = made
    sheet = opened(files["report.xlsx"]).worksheets[2]
    rows = csv_rows(files["report-findings.csv"])
    assert len(rows) == sheet.max_row
    assert [one[0] for one in rows[1:]] == [
        str(one[0]) for one in sheet.iter_rows(min_row=2, values_only=True)
    ]
    assert all(len(row) == len(rows[0]) for row in rows)


def test_figures_of_csv_are_written_as_the_language_does() -> None:
    data = build(sample.checked(), sample.AT)
    french = csv_rows(render_all(data, ["csv"], "fr")["report-devices.csv"])
    english = csv_rows(render_all(data, ["csv"], "en")["report-devices.csv"])
    place = {row[0]: number for number, row in enumerate(french)}["til-pc-03"]
    assert "," in french[place][-2]
    assert float(english[place][-2]) == float(french[place][-2].replace(",", "."))
    assert "21/11/2026 09:4" in " ".join(french[place])


def test_nothing_anybody_said_is_computed() -> None:
    files = render_all(build(hostile(), sample.AT), ["xlsx", "csv"], "fr")
    for sheet in opened(files["report.xlsx"]).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                if str(cell.value or "")[:1] in "=+-@" and isinstance(cell.value, str):
                    assert cell.quotePrefix
    for name, content in files.items():
        if name.endswith(".csv"):
            cells = [cell for row in csv_rows(content) for cell in row]
            assert not [cell for cell in cells if cell[:1] in {"=", "+", "@", "\t", "|", "%"}]


@pytest.mark.parametrize("sign", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "|cmd", PERCENT])
def test_texts_that_begin_like_a_formula_are_quoted(sign: str) -> None:
    sheet = Sheet("a", [SheetColumn("h", 10)], [[sign], ["plain"], [3.5], [7]])
    book = opened(b"".join(workbook("t", sample.AT, "fr", [sheet])))
    cells = [row[0] for row in book.active.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s", "s", "n", "n"]
    assert cells[0].quotePrefix is not (sign == PERCENT)
    assert cells[0].value == sign


def test_names_of_sheets_are_those_a_spreadsheet_takes() -> None:
    column = [SheetColumn("h", 10)]
    names = ["a/b:c", "x" * 60, "'quoted'", "[]", "é à"]
    book = opened(b"".join(workbook("t", sample.AT, "en", [Sheet(n, column, []) for n in names])))
    assert book.sheetnames == ["a b c", "x" * 31, "quoted", "4", "é à"]
    assert [column_name(one) for one in (1, 26, 27, 52, 703)] == ["A", "Z", "AA", "AZ", "AAA"]


def test_every_part_is_xml_and_carries_no_time_of_day() -> None:
    content = render_all(build(sample.checked(), sample.AT), ["xlsx"], "fr")["report.xlsx"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            ElementTree.fromstring(archive.read(info))


@pytest.mark.skipif(SOFFICE is None, reason="soffice is not installed: libreoffice-calc-nogui")
def test_libreoffice_opens_it_without_a_word(tmp_path: Path) -> None:
    file = tmp_path / "report.xlsx"
    file.write_bytes(render_all(build(hostile(), sample.AT), ["xlsx"], "fr")["report.xlsx"])
    done = subprocess.run(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--headless",
         "--convert-to", TO_CSV,
         "--outdir", str(tmp_path), str(file)],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    warnings = [
        line
        for line in done.stderr.splitlines()
        if line and "javaldx" not in line and "java may not" not in line
    ]
    assert warnings == []
    (table,) = tmp_path.glob("report-*.csv")
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines(), delimiter=";"))
    assert len(rows) > sum(map(len, sample.findings().values()))
    assert not any("Err:" in cell or "#NAME" in cell for row in rows for cell in row)
