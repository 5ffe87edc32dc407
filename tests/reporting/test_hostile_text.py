"""What a device may say, through every format: nothing acts, nothing breaks, nothing explodes."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Final

import pytest
from defusedxml import ElementTree

from kit.reporting.building import build
from kit.reporting.data import ReportData
from kit.reporting.formats import FORMATS, render_all
from tests.reporting import sample
from tests.reporting.test_html import DEVICE_PAYLOADS, PAYLOADS, page, spoken
from tests.reporting.test_spreadsheets import csv_rows, opened

WORDS: Final = {
    "html": "<b onclick=alert(1)>bold</b>",
    "script": "</script><script>alert(1)</script>",
    "ansi": "\x1b]0;title\x07\x1b[2J\x1b[31mred",
    "formula": "=cmd|' /C calc'!A0",
    "right_to_left": "user\u202egnp.exe\u2066\u200f",
    "nul": "before\0after\ufffe\uffff",
    "xml": "]]><!ENTITY x SYSTEM 'file:///etc/passwd'>&x;",
    "typst": '#read("/etc/passwd") $x$ *bold* \\ @label <here> `raw`',
    "long": "x" * 10_000_000,
}  # fmt: skip
ACTING: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
TEXTS: Final = (".html", ".json", ".csv", ".xml")


@cache
def said(kind: str) -> ReportData:
    return build(spoken(WORDS.get(kind, kind), name="name"), sample.AT)


@cache
def tame_files(name: str) -> dict[str, bytes]:
    return render_all(said("word"), [name], "fr")


@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize("name", FORMATS)
def test_hostile_text_goes_through_harmlessly(name: str, kind: str) -> None:
    tame = tame_files(name)
    wild = render_all(said(kind), [name], "fr")
    assert set(wild) == set(tame)
    for file, content in wild.items():
        assert len(content) < 40 * len(tame[file]) + 1_000_000
        if file.endswith(TEXTS):
            # The first sign of a CSV file tells spreadsheets that it is UTF-8.
            assert not ACTING.search(content.decode().removeprefix("\ufeff"))
        if file.endswith(".json"):
            json.loads(content)
        elif file.endswith(".xml"):
            root = ElementTree.fromstring(content, forbid_dtd=True)
            told = ElementTree.fromstring(tame[file])
            assert [one.tag for one in root.iter()] == [one.tag for one in told.iter()]
        elif file.endswith(".csv"):
            rows = csv_rows(content)
            assert not any(cell[:1] in "=+@|%" for row in rows for cell in row if cell)
            assert {len(row) for row in rows} == {len(rows[0])}
        elif file.endswith(".xlsx"):
            cells = [c for s in opened(content).worksheets for row in s.iter_rows() for c in row]
            assert not any(cell.data_type in {"f", "e"} for cell in cells)


def test_the_payloads_of_the_page_go_through_every_format() -> None:
    words = "".join((*PAYLOADS, *DEVICE_PAYLOADS))
    files = render_all(build(spoken(words, name=PAYLOADS[0]), sample.AT), FORMATS, "en")
    assert all(files.values())
    assert page(build(spoken(words, name=PAYLOADS[0]), sample.AT)).inside("title").isprintable()
