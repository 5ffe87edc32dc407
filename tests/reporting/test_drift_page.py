"""Drift and history as files: whole, in both languages, harmless whatever a device said."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from kit.checking.declared_drift import DeclaredChange, DeclaredSeen
from kit.checking.drift import Seen, compare, history
from kit.errors import UsageError
from kit.i18n import language
from kit.model.declaration import DeclarationState
from kit.model.finding import Subject, SubjectKind
from kit.model.rule import Severity
from kit.model.verdict import Verdict
from kit.reporting.drift_page import drift_files, history_files
from kit.reporting.drift_words import seen_words
from tests.checking.test_drift import looked
from tests.reporting.sample_site import catalogue, site

AT = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\x1b[2J\x1b]0;x\x07",
    "=cmd|' /C calc'!A0", "+1", "@SUM(1)", "\u202egnp.exe", "a\x00b", "x" * 3_000_000,
    "{{ 7 * 7 }}", "line\nline\r\nline", "\ud800",
]  # fmt: skip


def made(observed: str):
    before = looked(1, ("pc-1", "rule_a", Verdict.PASS, "x"), ("pc-2", "rule_a", Verdict.FAIL))
    after = looked(
        2, ("pc-1", "rule_a", Verdict.FAIL, observed, observed), ("pc-2", "rule_a", Verdict.PASS)
    )
    drift = compare(before, after, [before])
    formats = ["html", "csv", "json"]
    return {
        **drift_files(drift, site(), catalogue(), formats, AT),
        **history_files(history([before, after]), site(), formats, AT),
    }


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_device_says_acts_nowhere(said: str) -> None:
    for name, content in made(said).items():
        text = content.decode()
        assert len(content) < 200_000
        if name.endswith(".html"):
            assert "<script" not in text
            assert "<img" not in text
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"):
                assert not any(cell[:1] in set("=+-@|%") for cell in row)
        if name.endswith(".json"):
            json.loads(text)
            assert text.isascii()
        assert not {"\x1b", "\x00", "\u202e"} & set(text), name


def test_what_became_of_declarations_is_told() -> None:
    rule = next(iter(catalogue().declared), "backup_restored")
    change = DeclaredChange(
        rule=rule, subject=Subject(kind=SubjectKind.SITE, id="les-tilleuls"),
        severity=Severity.HIGH, worse=True,
        before=DeclaredSeen(state=DeclarationState.ENDING, verdict=Verdict.PASS),
        after=DeclaredSeen(state=DeclarationState.EXPIRED, verdict=Verdict.NOT_CHECKED),
    )  # fmt: skip
    run = looked(1, ("pc-1", "rule_a", Verdict.PASS, "x"))
    drift = compare(run, looked(2, ("pc-1", "rule_a", Verdict.PASS, "x")))
    drift = drift.model_copy(update={"declared": (change,)})
    with language("fr"):
        files = drift_files(drift, site(), catalogue(), ["html", "csv", "json"], AT)
    for name in ("drift.html", "drift.csv"):
        text = files[name].decode()
        assert "les-tilleuls" in text, name
        assert "Déclaration échue" in text, name
    assert "Rien n’a changé" not in files["drift.html"].decode()
    assert json.loads(files["drift.json"])["declared"][0]["worse"] is True


def test_no_code_of_the_kit_is_left_in_what_several_settings_show() -> None:
    seen = Seen(verdict=Verdict.PASS, observed="installed; everybody: <absent>; <absent>; <other>")
    with language("fr"):
        told = seen_words(seen).replace("\u00a0", " ")
    assert told == "Conforme (installé ; tout le monde: [absent] ; [absent] ; <other>)"


def test_both_languages_say_the_same_and_twice_the_same_bytes() -> None:
    assert made("1") == made("1")
    for lang, words in (("fr", ("Nouveaux écarts", "Corrigés")), ("en", ("New failures", "Fixed"))):
        with language(lang):
            page = made("1")["drift.html"].decode()
        assert f'lang="{lang}"' in page
        for word in words:
            assert word in page


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    for name, content in made("1").items():
        if name.endswith(".html"):
            text = content.decode()
            assert "default-src 'none'" in text
            assert "http" not in text.replace('http-equiv="', "")


def test_a_format_nobody_knows_is_refused() -> None:
    drift = compare(looked(1), looked(2))
    with pytest.raises(UsageError):
        drift_files(drift, site(), catalogue(), ["docx"], AT)
