"""Frameworks: what does not load, what is counted, what the commands show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kit.catalogue.coverage import coverage, served
from kit.catalogue.loading import load_catalogue, shipped_catalogue
from kit.cli.commands import build
from kit.errors import InvalidDocuments
from kit.i18n import LANGUAGES, language
from kit.model.framework import Answered
from tests.catalogue.writing import rule, write_catalogue

RULES = (
    rule("one_rule", "[{type: sysctl, name: kernel.sysrq, value: 0}]"),
    rule("two_rule", "[{type: sysctl, name: kernel.dmesg_restrict, value: 1}]"),
)
HEAD = """\
schema: 1
frameworks:
  - id: tiny_text
    title: {fr: "Petit texte", en: "Small text"}
    publisher: Nobody
    version: "1"
    date: "2026-11"
    source: {fr: "Inventé", en: "Made up"}
    read: READ
    platforms: [linux, windows]
    levels: [{id: low, title: {fr: "bas", en: "low"}}, {id: high, title: {fr: "haut", en: "high"}}]
    controls:
"""
GOOD = """\
      - id: R1
        title: {fr: "Un", en: "One"}
        level: low
        platforms:
          linux: {rules: [one_rule]}
          windows: {planned: true}
      - id: R2
        title: {fr: "Deux", en: "Two"}
        level: low
        default: {manual: {fr: "Regarder.", en: "Look."}}
        platforms:
          linux: {rules: [one_rule, two_rule], planned: true}
      - id: R3
        title: {fr: "Trois", en: "Three"}
        level: high
        default: {not_applicable: {fr: "Sans objet.", en: "Not applicable."}}
"""


def write(root: Path, controls: str, *, read: bool = True, unmapped: str = "") -> Path:
    folder = write_catalogue(root, *RULES)
    (folder / "frameworks").mkdir()
    text = HEAD.replace("READ", "true" if read else "false") + controls
    (folder / "frameworks" / "tiny.yaml").write_text(text)
    if unmapped:
        (folder / "unmapped.yaml").write_text(f"schema: 1\nrules:\n{unmapped}")
    return folder


def problems(folder: Path) -> list[str]:
    with language("en"), pytest.raises(InvalidDocuments) as caught:
        load_catalogue(folder)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("read", [True, False])
def test_counts_by_platform_and_level(tmp_path: Path, read: bool) -> None:
    catalogue = load_catalogue(write(tmp_path, GOOD, read=read))
    found = coverage(catalogue.frameworks["tiny_text"])
    rows = {(row.platform.value, row.level): row for row in found.rows}
    everything = rows["linux", None].answered
    assert everything == {
        Answered.RULES: 1,
        Answered.PARTLY: 1,
        Answered.MANUAL: 0,
        Answered.NOT_APPLICABLE: 1,
        Answered.PLANNED: 0,
    }
    assert rows["windows", "low"].answered[Answered.PLANNED] == 1
    assert rows["windows", "low"].answered[Answered.MANUAL] == 1
    assert rows["windows", "high"].controls == 1
    for row in found.rows:
        assert sum(row.answered.values()) == row.controls
    # What was not read, is planned, or is answered in part only is never covered.
    assert rows["linux", None].covered == (1 if read else 0)
    assert rows["windows", None].covered == 0


def test_controls_of_a_rule(tmp_path: Path) -> None:
    catalogue = load_catalogue(write(tmp_path, GOOD))
    assert [(one.control, one.whole) for one in served(catalogue, "one_rule")] == [
        ("R1", True),
        ("R2", False),
    ]
    assert [one.control for one in served(catalogue, "two_rule")] == ["R2"]


def test_frameworks_are_part_of_the_digest(tmp_path: Path) -> None:
    first = load_catalogue(write(tmp_path / "a", GOOD))
    other = load_catalogue(write(tmp_path / "b", GOOD.replace("two_rule", "one_rule")))
    assert first.digest != other.digest


def test_all_mistakes_at_once_with_their_places(tmp_path: Path) -> None:
    controls = """\
      - id: R1
        title: {fr: "Un", en: "One"}
        level: lowest
        platforms:
          linux: {rules: [no_such_rule]}
          windows: {rules: [one_rule]}
      - id: R1
        title: {fr: "Un", en: "One"}
        level: low
        platforms:
          linux: {planned: true}
          ipados: {planned: true}
      - id: R2
        title: {fr: "Deux", en: "Two"}
        default: {rules: [one_rule]}
"""
    unmapped = (
        '  - {id: one_rule, reason: {fr: "Aucun.", en: "None."}}\n'
        '  - {id: gone, reason: {fr: "Aucun.", en: "None."}}\n'
    )
    shown = problems(write(tmp_path, controls, unmapped=unmapped))
    wanted = {
        "R1: the level must be": "frameworks/tiny.yaml:15",
        "“no_such_rule” is unknown": "frameworks/tiny.yaml:17",
        "“one_rule” does not exist for windows": "frameworks/tiny.yaml:18",
        "“R1” is given twice": "frameworks/tiny.yaml:19",
        "R1: nothing is said about windows": "frameworks/tiny.yaml:19",
        "R1: the framework is not mapped for ipados": "frameworks/tiny.yaml:24",
        "R2: the level must be": "frameworks/tiny.yaml:25",
        "answers a control, and is listed": "unmapped.yaml:3",
        "“gone” is unknown": "unmapped.yaml:4",
    }
    for word, place in wanted.items():
        assert any(word in line and place in line for line in shown), (word, place, shown)
    assert sum("does not exist for windows" in line for line in shown) == 2


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "{planned: false}",
        "{rules: []}",
        '{planned: true, manual: {fr: "Voir.", en: "Look."}}',
        '{rules: [one_rule], not_applicable: {fr: "Non.", en: "No."}}',
        '{rules: [one_rule], planned: true, manual: {fr: "Voir.", en: "Look."}}',
        '{manual: {fr: "Voir.", en: "Look."}, not_applicable: {fr: "Non.", en: "No."}}',
    ],
)
def test_an_answer_is_one_thing(tmp_path: Path, answer: str) -> None:
    (found,) = problems(write(tmp_path, GOOD.replace("{planned: true}", answer, 1)))
    assert "frameworks/tiny.yaml:18" in found
    assert "give rules" in found


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build(), ["catalogue", *arguments], standalone_mode=False)
    code = result.return_value if result.exception is None else 1
    return code, result.stdout


@pytest.mark.parametrize("lang", LANGUAGES)
def test_coverage_says_that_the_texts_were_not_read(lang: str) -> None:
    with language(lang):  # type: ignore[arg-type]
        code, shown = run("coverage")
    assert code == 0
    for name, framework in shipped_catalogue().frameworks.items():
        assert name in shown
        assert framework.source[lang] in shown  # type: ignore[index]
    assert not any(one.read for one in shipped_catalogue().frameworks.values())
    if lang == "en":
        assert shown.count("text not read: nothing here counts as covered") == 2


def test_coverage_in_json_adds_up() -> None:
    code, shown = run("coverage", "--framework", "anssi_bp_028", "--json")
    assert code == 0
    data = json.loads(shown)
    assert data["schema"] == 1
    (found,) = data["frameworks"]
    assert found["read"] is False
    assert len(found["controls"]) == 80
    *levels, everything = found["rows"]
    assert everything["level"] is None
    assert [row["level"] for row in levels] == ["minimal", "intermediary", "enhanced", "high"]
    assert sum(row["controls"] for row in levels) == everything["controls"] == 80
    assert all(row["covered"] == 0 for row in found["rows"])


def test_one_framework_is_shown_control_by_control() -> None:
    with language("en"):
        _code, shown = run("coverage", "--framework", "anssi_bp_028")
    for number in range(1, 81):
        assert f" R{number} " in shown


def test_a_rule_is_shown_with_the_controls_it_answers() -> None:
    with language("en"):
        _code, shown = run("show", "process_tracing_restricted")
        _code, alone = run("show", "device_covered")
    assert "anssi_bp_028, Linux: answers R11" in shown
    assert "anssi_hygiene, Linux: answers a part of 14" in shown
    assert "Answers no control" in alone
    _code, data = run("show", "process_tracing_restricted", "--json")
    controls = {(one["framework"], one["control"]) for one in json.loads(data)["controls"]}
    assert controls == {("anssi_bp_028", "R11"), ("anssi_hygiene", "14")}


def test_an_unknown_framework_names_the_known_ones() -> None:
    from kit.app.catalogue import frameworks
    from kit.errors import UsageError

    with pytest.raises(UsageError) as caught:
        frameworks("cis")
    assert "anssi_bp_028, anssi_hygiene" in str(caught.value.remedy)
