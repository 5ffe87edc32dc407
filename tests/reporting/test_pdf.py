"""The PDF: tagged, fonts inside, the same bytes, and text that comes out in reading order."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from kit.i18n import Language, language
from kit.reporting import blocks, html, pdf
from kit.reporting.blocks import safe
from kit.reporting.building import build
from kit.reporting.text import show_share
from tests.reporting import sample
from tests.reporting.test_building import EVERYTHING_PASSES
from tests.reporting.test_hostile_text import WORDS
from tests.reporting.test_html import hostile

POPPLER = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext is missing: poppler-utils"
)


@cache
def made(lang: Language = "fr") -> bytes:
    return pdf.render(build(sample.checked(), sample.AT), lang)["report.pdf"]


def said(content: bytes, folder: Path, *options: str) -> str:
    file = folder / "report.pdf"
    file.write_bytes(content)
    done = subprocess.run(
        ["pdftotext", *options, str(file), "-"], capture_output=True, timeout=60, check=True
    )
    return " ".join(done.stdout.decode().replace("\u200b", "").split())


def test_same_input_same_bytes() -> None:
    again = pdf.render(build(sample.checked(), sample.AT), "fr")["report.pdf"]
    assert again == made()


@POPPLER
def test_it_is_tagged_titled_and_on_a4(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(made())
    told = subprocess.run(
        ["pdfinfo", str(file)], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    facts = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    assert facts["Tagged"].strip() == "yes"
    assert "EHPAD Les Tilleuls" in facts["Title"]
    assert re.search(r"595\.\d+ x 841\.\d+", facts["Page size"])
    assert b"pdfuaid:part>1<" in made()
    assert re.search(rb"/Lang\s*\(fr\)", made())


@POPPLER
def test_every_font_is_inside(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(made())
    told = subprocess.run(
        ["pdffonts", str(file)], capture_output=True, text=True, timeout=60, check=True
    ).stdout.splitlines()[2:]
    assert told
    assert all(re.search(r"yes yes yes +\d+ +\d+$", line) for line in told)


@POPPLER
@pytest.mark.parametrize(
    ("lang", "order"),
    [
        ("fr", ["Rapport de conformité", "EHPAD Les Tilleuls", "Site de test", "En bref",
                "À faire en premier", "Visas", "Ce qui n’a pas été regardé", "Résultats",
                "Équipements par thèmes", "Déclarés, livrés, vus", "Tendance",
                "Cadres de référence", "Actions correctives", "État du parc", "Livraisons",
                "Constats par équipement", "til-ap-01", "til-nb-01 – ", "til-tc-01 – ",
                "Dérogations et choix du site", "DER-2026-02", "Règles désactivées",
                "Méthode, limites et références"]),
        ("en", ["Compliance report", "In brief", "To do first", "What was not looked at",
                "Results", "Trend", "What to do", "Findings per device", "Rules", "Limits"]),
    ],
)  # fmt: skip
def test_text_comes_out_in_reading_order(lang: Language, order: list[str], tmp_path: Path) -> None:
    text = said(made(lang), tmp_path).replace("\u00a0", " ")
    place = 0
    for words in order:
        found = text.find(words, place)
        assert found >= 0, f"{words!r} is not there after {text[place : place + 80]!r}"
        place = found + len(words)


@POPPLER
def test_the_first_page_tells_a_director(tmp_path: Path) -> None:
    text = said(made(), tmp_path, "-l", "1").replace("\u00a0", " ")
    result = build(sample.checked(), sample.AT).summary.result
    with language("fr"):
        share = show_share(result.ratio).replace("\u00a0", " ")
    for words in (
        "8 sur 19", "Rien n’est connu de 11 équipements", share, "Pas de note",
        "Appliquer les réglages à distance", "Visas", "FINESS ET", "0B0168811",
    ):  # fmt: skip
        assert words in text


@POPPLER
def test_nothing_becomes_markup(tmp_path: Path) -> None:
    for words in (WORDS["typst"], WORDS["script"], WORDS["nul"]):
        assert "\u200b" in safe("a" * 40)
        assert safe(words).replace("\u200b", "") == words.replace("\0", "⟨U+0000⟩").replace(
            "\ufffe", "⟨U+FFFE⟩"
        ).replace("\uffff", "⟨U+FFFF⟩")
    content = pdf.render(build(hostile(), sample.AT), "en")["report.pdf"]
    text = said(content, tmp_path)
    assert "<script>alert(1)</script>" in text.replace(" ", "")
    assert "⟨U+202E⟩" in text.replace(" ", "")
    assert b"/JavaScript" not in content
    assert b"/URI" not in content
    assert b"/Launch" not in content


def test_signs_no_font_holds_are_numbered() -> None:
    assert safe("é – € ≤ привет") == "é – € ≤ привет"
    assert safe("日本") == "⟨U+65E5⟩⟨U+672C⟩"
    assert safe("a\u0301") == "a⟨U+0301⟩"


def test_what_belongs_together_stays_on_one_page_unless_it_is_long() -> None:
    told = blocks.table(
        "",
        ["a", "b", "c"],
        ["1", "1", "2"],
        [
            [{"text": "one", "lines": 2}, "x", "y"],
            ["x", "y"],
            [{"text": "two"}, "x", "y" * 3000],  # more than a page could hold
        ],
    )
    assert not told["whole"]
    assert [(row["whole"], row["last"]) for row in told["rows"]] == [
        (True, False), (True, True), (False, True),
    ]  # fmt: skip
    assert told["rows"][0]["cells"][0] == {"text": "one", "lines": 2}
    assert blocks.table("", ["a"], ["1"], [["x"], ["y"]])["whole"]


def test_each_value_of_a_finding_has_its_line() -> None:
    data = build(sample.checked(), sample.AT)
    with language("en"):
        tables = [one for one in pdf.document(data)["blocks"] if one["kind"] == "table"]
    rows = [row["cells"] for one in tables for row in one["rows"]]
    place = next(n for n, row in enumerate(rows) if row[0].get("lines") == 2)
    (_verdict, rule, key, expected, observed), below = rows[place], rows[place + 1]
    assert rule["strong"] == "14. SSH root login forbidden"
    assert (key, expected["text"], observed["text"]) == (
        {"text": "PermitRootLogin", "small": "sshd_effective"}, "no", safe("prohibit-password"),
    )  # fmt: skip
    assert [one["text"] for one in below] == ["PermitRootLogin", "no", "[absent]"]
    assert below[0]["small"] == "sshd_configured"


def test_where_nothing_was_judged_nothing_is_settled_and_no_chart_is_empty() -> None:
    nobody = sample.checked(devices=[], findings={}, snapshots={}, facts={}, declared=None)
    for checked, words in (
        (nobody, "Nothing was judged: what is left to do is not known."),
        (sample.checked(findings=EVERYTHING_PASSES, declared=None), "Nothing stands open."),
    ):
        data = build(checked, sample.AT)
        with language("en"):
            told = list(pdf.document(data)["blocks"])
        texts = [one.get("text") for one in told]
        assert texts.count(words) == 2  # on the first page and where actions are listed
        assert ("Nothing stands open." in texts) == bool(checked.findings)
        assert all(one["parts"] for one in told if one["kind"] == "bar")
        assert words in html.render(data, "en")["report.html"].decode()


def test_a_large_site_counts_instead_of_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    data = build(sample.checked(), sample.AT)
    with language("en"):
        whole = list(pdf.document(data)["blocks"])
        monkeypatch.setattr(pdf, "MOST_OPEN", 3)
        brief = list(pdf.document(data)["blocks"])
    assert len(brief) < len(whole) - 20
    assert any("too many open findings" in one.get("text", "") for one in brief)
    counted = next(one for one in brief if one["kind"] == "table" and one["heads"][-2] == "Open")
    assert [row["cells"][0]["text"] for row in counted["rows"]] == [one.id for one in data.devices]
