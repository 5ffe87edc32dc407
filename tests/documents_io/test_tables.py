import io
import tracemalloc
import zipfile
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from kit.documents_io.tables import MAX_ROWS, read_table_bytes
from kit.errors import InvalidDocuments
from kit.i18n import language

OFFICE = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)


@pytest.fixture(autouse=True)
def _english():
    with language("en"):
        yield


def zipped(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return out.getvalue()


def ods(rows):
    return zipped(
        content_xml=f"<office:document-content {OFFICE}><office:body><office:spreadsheet>"
        f'<table:table table:name="BL">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )


def xlsx(fill):
    book = Workbook()
    fill(book.active, book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rows(raw):
    (sheet,) = read_table_bytes(raw, "bl")
    return sheet.rows


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv(delimiter, encoding):
    text = 'Modèle;Qté;N° de série\r\nÉcran;2;"A;B"\r\n\r\nx;1,5;y\r\n'.replace(";", delimiter)
    text = text.replace('"A' + delimiter + 'B"', '"A;B"')
    if delimiter == ",":
        text = text.replace("1,5", '"1,5"')
    assert rows(text.encode(encoding)) == (
        ("Modèle", "Qté", "N° de série"),
        ("Écran", "2", "A;B"),
        (),
        ("x", "1,5", "y"),
    )


def test_csv_with_title_lines_and_commas_in_cells():
    text = (
        "Bon de livraison, le 12/10/2026\n\nModèle;Prix\nPC, avec souris;450,00\nTablette;12,5\n"
        "Total;462,5\n"
    )
    assert rows(text.encode())[3] == ("PC, avec souris", "450,00")


def test_quoted_newlines_stay_in_their_cell():
    assert rows(b'm;s\r\nPC;"S1\nS2"\r\n') == (("m", "s"), ("PC", "S1\nS2"))


def test_xlsx_values_dates_zeros_and_merged_cells():
    def fill(sheet, book):
        sheet["A1"] = "Modèle"
        sheet["A2"] = "PC"
        sheet.merge_cells("A2:A4")
        sheet["B2"] = 12.0
        sheet["B3"] = 490154203237518
        sheet["B4"] = 1234
        sheet["B4"].number_format = "000000"
        sheet["C2"] = date(2026, 10, 12)
        sheet["C3"] = True
        sheet["C4"] = 2.5
        hidden = book.create_sheet("caché")
        hidden["A1"] = "x"
        hidden.sheet_state = "hidden"

    (sheet,) = read_table_bytes(xlsx(fill), "bl.xlsx")
    assert sheet.rows == (
        ("Modèle",),
        ("PC", "12", "2026-10-12"),
        ("PC", "490154203237518", "TRUE"),
        ("PC", "001234", "2.5"),
    )
    assert sheet.covered == {(2, 0), (3, 0)}
    assert str(sheet.position(2, 1)) == "bl.xlsx [Sheet]:3:2"


def test_a_formula_without_value_is_refused_not_empty():
    def fill(sheet, _book):
        sheet["A1"] = "=1+1"

    with pytest.raises(InvalidDocuments, match="formula"):
        rows(xlsx(fill))


def test_ods():
    assert rows(
        ods(
            "<table:table-row><table:table-cell><text:p>Modèle</text:p></table:table-cell>"
            "<table:table-cell table:number-columns-repeated='2'/>"
            "<table:table-cell><text:p>S<text:s/>1</text:p><text:p>S2</text:p></table:table-cell>"
            "</table:table-row>"
            "<table:table-row table:number-rows-repeated='2'><table:table-cell/></table:table-row>"
            "<table:table-row><table:table-cell table:number-rows-spanned='2'><text:p>PC</text:p>"
            "</table:table-cell><table:table-cell office:value-type='float' office:value='12'>"
            "<text:p>12,00</text:p></table:table-cell></table:table-row>"
            "<table:table-row><table:covered-table-cell/><table:table-cell "
            "office:value-type='date' office:date-value='2026-10-12T00:00:00'/></table:table-row>"
            "<table:table-row table:number-rows-repeated='1048000'><table:table-cell "
            "table:number-columns-repeated='16384'/></table:table-row>"
        )
    ) == (("Modèle", "", "", "S 1\nS2"), (), (), ("PC", "12"), ("PC", "2026-10-12"))


WORKBOOK = '<workbook><sheets><sheet name="a" r:id="r1" xmlns:r="r"/></sheets></workbook>'
RELATIONS = '<Relationships><Relationship Id="r1" Target="worksheets/s.xml"/></Relationships>'


def raw_xlsx(sheet):
    return zipped(
        xl__workbook_xml=WORKBOOK,
        **{"xl/_rels/workbook.xml.rels": RELATIONS, "xl/worksheets/s.xml": sheet},
    )


def test_cells_without_references_count_on():
    sheet = (
        "<worksheet><sheetData><row><c><v>1</v></c><c><v>2</v></c></row></sheetData></worksheet>"
    )
    assert rows(raw_xlsx(sheet)) == (("1", "2"),)


HOSTILE = {
    "cell_far_away": raw_xlsx(
        '<w><sheetData><row><c r="XFD1048576"><v>1</v></c></row></sheetData></w>'
    ),
    "ods_repeated_rows": ods(
        "<table:table-row table:number-rows-repeated='1000000'><table:table-cell "
        "table:number-columns-repeated='150'><text:p>x</text:p></table:table-cell></table:table-row>"
    ),
    "entities": raw_xlsx(
        '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><w><v>&b;</v></w>'
    ),
    "bomb": zipped(content_xml="<a>" + " " * 80_000_000 + "</a>"),
    "many_rows": ("a;b\n" * (MAX_ROWS + 1)).encode(),
    "many_columns": (";".join("x" * 300) + "\n").encode(),
    "long_cell": (b"x" * 10_000 + b";y\n"),
    "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "pdf": b"%PDF-1.7\n",
    "empty": b" \n",
    "binary": bytes(range(256)),
    "zip_of_something": zipped(readme="x"),
    "broken_zip": zipped(content_xml="<a/>")[:-10],
    "bad_string_rank": raw_xlsx('<w><sheetData><row><c t="s"><v>7</v></c></row></sheetData></w>'),
    "bad_row": raw_xlsx('<w><sheetData><row r="x"><c><v>7</v></c></row></sheetData></w>'),
    "no_relations": zipped(xl__workbook_xml=WORKBOOK),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_files_are_refused_with_a_reason_and_little_memory(name):
    tracemalloc.start()
    with pytest.raises(InvalidDocuments) as caught:
        read_table_bytes(HOSTILE[name], "bl")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.problems[0].remedy
    assert peak < 250 * 2**20


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(raw):
    try:
        sheets = read_table_bytes(raw, "bl")
    except InvalidDocuments as error:
        sheets = ()
        assert error.problems  # noqa: PT017 - the other branch is as good
    for sheet in sheets:
        assert all(isinstance(cell, str) for row in sheet.rows for cell in row)


XLSX = xlsx(lambda sheet, _book: sheet.append(["Modèle", 12, "x"]))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(XLSX) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_spreadsheet_is_read_or_refused(place, noise):
    damaged = XLSX[:place] + noise + XLSX[place + len(noise) :]
    try:
        read_table_bytes(damaged, "bl")
    except InvalidDocuments as error:
        assert error.problems  # noqa: PT017 - as above
