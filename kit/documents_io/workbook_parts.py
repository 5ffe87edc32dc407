"""The fixed parts of a workbook: styles, relations, what stands around the rows of a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final
from xml.sax.saxutils import escape, quoteattr

# Places in ``cellXfs`` below.
PLAIN, HEAD, DAY, MOMENT, SHARE, QUOTED = range(6)


class Colour(IntEnum):
    """Places in ``dxfs`` below: wrong, in doubt, known to nobody, right."""

    BAD = 0
    DOUBT = 1
    UNKNOWN = 2
    GOOD = 3


Frame = tuple[str, str, int]
"""Name of a sheet, name of its last column, number of its last row."""

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_START: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_STYLES: Final = (
    f'{_START}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts>'
    '<fonts count="2"><font><sz val="10"/><name val="Arial"/><family val="2"/></font>'
    '<font><b/><sz val="10"/><color rgb="FFFFFFFF"/><name val="Arial"/><family val="2"/></font>'
    "</fonts>"
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FF1C3F67"/>'
    '<bgColor indexed="64"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="6">'
    "{top}</xf>{head}</xf>{day}</xf>{moment}</xf>{share}</xf>{quoted}</xf></cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    '<dxfs count="4">{dxfs}</dxfs></styleSheet>'
)
_COLOURS: Final = (
    ("FF9C2A22", "FFFBE3E0"), ("FF7A4B00", "FFFDF1D8"), ("FF44505C", "FFE9EDF1"),
    ("FF1D6A43", "FFE3F3EA"),
)  # fmt: skip


def _xf(number: int, font: int = 0, fill: int = 0, extra: str = "", wrap: int = 1) -> str:
    align = f'<alignment vertical="top" wrapText="{wrap}"/>'
    return (
        f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0"'
        f' applyNumberFormat="1" applyFont="1" applyFill="1" applyAlignment="1"{extra}>{align}'
    )


def _styles() -> str:
    dxfs = "".join(
        f'<dxf><font><color rgb="{ink}"/></font><fill><patternFill patternType="solid">'
        f'<fgColor rgb="{paper}"/><bgColor rgb="{paper}"/></patternFill></fill></dxf>'
        for ink, paper in _COLOURS
    )
    return _STYLES.format(
        top=_xf(0), head=_xf(0, 1, 2), day=_xf(164, wrap=0), moment=_xf(165, wrap=0),
        share=_xf(9, wrap=0), quoted=_xf(49, extra=' quotePrefix="1"'), dxfs=dxfs,
    )  # fmt: skip


def sheet_top(widths: Sequence[int], *, first: bool) -> str:
    """Everything before the rows."""
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width + 1}" customWidth="1"/>'
        for n, width in enumerate(widths, 1)
    )
    selected = ' tabSelected="1"' if first else ""
    return (
        f'{_START}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView workbookViewId="0"{selected}>'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        '<selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="13"/><cols>{columns}</cols><sheetData>'
    )


def sheet_end(frame: str, colours: Sequence[tuple[str, Colour]]) -> str:
    """Everything after the rows; ``frame`` is what the rows cover, ``A1:C9``."""
    rules = "".join(
        f'<cfRule type="cellIs" dxfId="{int(colour)}" priority="{number}" operator="equal">'
        f"<formula>{escape(_quoted(text))}</formula></cfRule>"
        for number, (text, colour) in enumerate(colours, 1)
    )
    told = f'<conditionalFormatting sqref="{frame}">{rules}</conditionalFormatting>'
    return (
        f'</sheetData><autoFilter ref="{frame}"/>{told if rules else ""}'
        '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
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
    yield "xl/styles.xml", _styles()


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
        for n, (name, _column, _last) in enumerate(frames, 1)
    )
    names = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{n}" hidden="1">'
        f"{escape(_place(name))}!$A$1:${column}${last}</definedName>"
        f'<definedName name="_xlnm.Print_Titles" localSheetId="{n}">'
        f"{escape(_place(name))}!$1:$1</definedName>"
        for n, (name, column, last) in enumerate(frames)
    )
    return (
        f'{_START}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><bookViews><workbookView/>'
        f"</bookViews><sheets>{sheets}</sheets><definedNames>{names}</definedNames></workbook>"
    )


def _place(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
