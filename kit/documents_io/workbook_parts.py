"""The fixed parts of a workbook: styles, relations, what stands around the rows of a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final
from xml.sax.saxutils import escape, quoteattr

# Places in ``cellXfs`` below.
PLAIN, HEAD, DAY, MOMENT, SHARE, QUOTED, NUMBER, AMONG_TEXTS = range(8)
LINE_HEIGHT: Final = 13
MOST_HEIGHT: Final = 403
"""Points: of a line, and of the highest row (31 lines; a spreadsheet takes 409 points)."""
_PAGE_WIDTH: Final = 190
"""Characters across a printed page: about two thirds of the size on the screen."""


class Colour(IntEnum):
    """Places in ``dxfs`` below: wrong, in doubt, known to nobody, right."""

    BAD = 0
    DOUBT = 1
    UNKNOWN = 2
    GOOD = 3


Frame = tuple[str, str, int, int]
"""Name of a sheet, name of its last column, number of its last row, pages across when printed."""

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_START: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_STYLES: Final = (
    f'{_START}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="{date}"/>'
    '<numFmt numFmtId="165" formatCode="{date}\\ hh:mm"/></numFmts>'
    '<fonts count="2"><font><sz val="10"/><name val="Arial"/><family val="2"/></font>'
    '<font><b/><sz val="10"/><color rgb="FFFFFFFF"/><name val="Arial"/><family val="2"/></font>'
    "</fonts>"
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FF1C3F67"/>'
    '<bgColor indexed="64"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="8">'
    "{top}</xf>{head}</xf>{day}</xf>{moment}</xf>{share}</xf>{quoted}</xf>{number}</xf>{among}</xf></cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    '<dxfs count="4">{dxfs}</dxfs></styleSheet>'
)
_COLOURS: Final = (
    ("FF9C2A22", "FFFBE3E0"), ("FF7A4B00", "FFFDF1D8"), ("FF44505C", "FFE9EDF1"),
    ("FF1D6A43", "FFE3F3EA"),
)  # fmt: skip


def _xf(number: int, font: int = 0, fill: int = 0, extra: str = "", *,
        figure: bool = False, among: bool = False) -> str:  # fmt: skip
    # Figures keep off the text of the next column, and stand below texts where those are.
    side = ' horizontal="right" indent="1"' if figure else ""
    side = ' horizontal="left"' if among else side
    align = f'<alignment vertical="top"{side} wrapText="{int(not figure)}"/>'
    return (
        f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0"'
        f' applyNumberFormat="1" applyFont="1" applyFill="1" applyAlignment="1"{extra}>{align}'
    )


def _styles(language: str) -> str:
    dxfs = "".join(
        f'<dxf><font><color rgb="{ink}"/></font><fill><patternFill patternType="solid">'
        f'<fgColor rgb="{paper}"/><bgColor rgb="{paper}"/></patternFill></fill></dxf>'
        for ink, paper in _COLOURS
    )
    return _STYLES.format(
        date="dd/mm/yyyy" if language == "fr" else r"yyyy\-mm\-dd",
        top=_xf(0), head=_xf(0, 1, 2), day=_xf(164, figure=True), moment=_xf(165, figure=True),
        share=_xf(9, figure=True), quoted=_xf(49, extra=' quotePrefix="1"'),
        number=_xf(0, figure=True), among=_xf(0, among=True), dxfs=dxfs,
    )  # fmt: skip


def pages_across(widths: Sequence[int]) -> int:
    """How many pages a sheet is wide when printed, so that it can still be read."""
    return max(1, -(-sum(widths) // _PAGE_WIDTH))


def sheet_top(widths: Sequence[int], *, first: bool) -> str:
    """Everything before the rows."""
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width + 1}" customWidth="1"/>'
        for n, width in enumerate(widths, 1)
    )
    selected = ' tabSelected="1"' if first else ""
    # The first column says what a row is about: it stays in view on a sheet that is scrolled.
    place, pane = (
        ('xSplit="1" ySplit="1" topLeftCell="B2"', "bottomRight")
        if pages_across(widths) > 1
        else ('ySplit="1" topLeftCell="A2"', "bottomLeft")
    )
    return (
        f'{_START}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView workbookViewId="0"{selected}>'
        f'<pane {place} activePane="{pane}" state="frozen"/>'
        f'<selection pane="{pane}" activeCell="A2" sqref="A2"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="{LINE_HEIGHT}"/><cols>{columns}</cols><sheetData>'
    )


def sheet_end(frame: str, colours: Sequence[tuple[str, Colour]], across: int) -> str:
    """Everything after the rows; ``frame`` is what the rows cover, ``A1:C9``; pages across."""
    rules = "".join(
        f'<cfRule type="cellIs" dxfId="{int(colour)}" priority="{number}" operator="equal">'
        f"<formula>{escape(_quoted(text))}</formula></cfRule>"
        for number, (text, colour) in enumerate(colours, 1)
    )
    told = f'<conditionalFormatting sqref="{frame}">{rules}</conditionalFormatting>'
    return (
        f'</sheetData><autoFilter ref="{frame}"/>{told if rules else ""}'
        '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.3" footer="0.3"/>'
        f'<pageSetup paperSize="9" orientation="landscape" fitToWidth="{across}"'
        ' fitToHeight="0"/>'
        "<headerFooter><oddFooter>&amp;L&amp;A&amp;R&amp;P / &amp;N</oddFooter></headerFooter>"
        "</worksheet>"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def fixed_parts(
    title: str, made_at: datetime, language: str, frames: Sequence[Frame]
) -> Iterator[tuple[str, str]]:
    """Name and text of every part besides the sheets."""
    yield "[Content_Types].xml", _content_types(len(frames))
    yield "_rels/.rels", _relations(
        (f"{_RELATIONS}/officeDocument", "xl/workbook.xml"),
        (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
    )  # fmt: skip
    yield "docProps/core.xml", _core(title, made_at, language)
    yield "xl/workbook.xml", _workbook(frames)
    sheets = [
        (f"{_RELATIONS}/worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(frames) + 1)
    ]
    yield "xl/_rels/workbook.xml.rels", _relations(*sheets, (f"{_RELATIONS}/styles", "styles.xml"))
    yield "xl/styles.xml", _styles(language)


def _content_types(count: int) -> str:
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in range(1, count + 1)
    )
    package = "application/vnd.openxmlformats-package"
    return (
        f'{_START}<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{package}.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/docProps/core.xml" ContentType="{package}.core-properties+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{sheets}</Types>'
    )


def _relations(*relations: tuple[str, str]) -> str:
    told = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(relations, 1)
    )
    return f'{_START}<Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>'


def _core(title: str, made_at: datetime, language: str) -> str:
    moment = f"{made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f'{_START}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>esms-kit</dc:creator>"
        f"<dc:language>{escape(language)}</dc:language>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{moment}</dcterms:created>'
        "</cp:coreProperties>"
    )


def _workbook(frames: Sequence[Frame]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
        for n, (name, *_extent) in enumerate(frames, 1)
    )
    names = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{n}" hidden="1">'
        f"{escape(_place(name))}!$A$1:${column}${last}</definedName>"
        f'<definedName name="_xlnm.Print_Titles" localSheetId="{n}">'
        f"{_titles(escape(_place(name)), across)}</definedName>"
        for n, (name, column, last, across) in enumerate(frames)
    )
    return (
        f'{_START}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><bookViews><workbookView/>'
        f"</bookViews><sheets>{sheets}</sheets><definedNames>{names}</definedNames></workbook>"
    )


def _titles(place: str, across: int) -> str:
    """What is printed on every page: the heading, and on a wide sheet the first column."""
    return f"{place}!$1:$1" if across == 1 else f"{place}!$A:$A,{place}!$1:$1"


def _place(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
