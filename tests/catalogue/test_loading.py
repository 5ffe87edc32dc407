"""A catalogue with mistakes does not load, and says all of them with their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.catalogue.loading import load_catalogue
from kit.errors import InvalidDocuments, Problem
from kit.i18n import language
from tests.catalogue.writing import BASELINE, PARAMETERS, rule, write_catalogue

PTRACE = "[{type: sysctl, name: kernel.yama.ptrace_scope, value: 1}]"


def problems(folder: Path) -> tuple[Problem, ...]:
    with language("en"), pytest.raises(InvalidDocuments) as caught:
        load_catalogue(folder)
    return caught.value.problems


def test_loads_and_has_a_digest_of_its_data_not_of_its_comments(tmp_path: Path) -> None:
    first = load_catalogue(write_catalogue(tmp_path / "a", rule("one_rule", PTRACE)))
    assert list(first.rules) == ["one_rule"]
    assert first.rules["one_rule"].theme == "kernel"
    noted = rule("one_rule", PTRACE) + "# a comment\n"
    assert load_catalogue(write_catalogue(tmp_path / "b", noted)).digest == first.digest
    other = rule("one_rule", PTRACE.replace("1}", "2}"))
    assert load_catalogue(write_catalogue(tmp_path / "c", other)).digest != first.digest


def test_all_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    folder = write_catalogue(
        tmp_path,
        rule("bad_type", "[{type: sysctle, name: kernel.x, value: 1}]"),
        rule("bad_parameter", "[{type: sysctl, name: kernel.x, value: {parameter: none}}]"),
        rule("bad_enforce",
             "[{type: sysctl, name: kernel.x, op: at_least, value: 2, enforce: 1}]"),
        rule("bad_require", PTRACE, more="        meta: {requires: [nowhere]}\n"),
        rule("twice", PTRACE),
        rule("twice", PTRACE),
        parameters=PARAMETERS.replace("default: 2", "default: 7"),
        baseline=BASELINE + "    exclude: [not_a_rule]\n    parameters: {level: 9}\n",
    )  # fmt: skip
    shown = [str(problem) for problem in problems(folder)]
    wanted = {
        "sysctle": "rules/kernel.yaml:10",
        "“none” is unknown": "rules/kernel.yaml:18",
        "would fail its own check": "rules/kernel.yaml:26",
        "nowhere": "rules/kernel.yaml:35",
        "already used": "rules/kernel.yaml:44",
        "default: the value must lie": "parameters.yaml:8",
        "not_a_rule": "baselines/tiny.yaml:9",
        "level: the value must lie": "baselines/tiny.yaml:10",
    }
    for word, place in wanted.items():
        assert any(word in line and place in line for line in shown), (word, shown)


def test_circular_requirements_are_named(tmp_path: Path) -> None:
    folder = write_catalogue(
        tmp_path,
        rule("first_rule", PTRACE, more="        meta: {requires: [second_rule]}\n"),
        rule("second_rule", "[{type: sysctl, name: kernel.sysrq, value: 0}]",
             more="        meta: {requires: [first_rule]}\n"),
    )  # fmt: skip
    (found,) = problems(folder)
    assert "circle" in found.message
    assert "first_rule" in found.message
    assert "second_rule" in found.message


def test_setting_on_a_platform_it_cannot_be_read_on(tmp_path: Path) -> None:
    folder = write_catalogue(tmp_path, rule("odd_rule", PTRACE).replace("linux:", "windows:"))
    (found,) = problems(folder)
    assert "windows" in found.message


def test_parameter_with_neither_default_nor_example(tmp_path: Path) -> None:
    folder = write_catalogue(
        tmp_path, rule("one_rule", PTRACE),
        parameters=PARAMETERS.replace("    example: 1\n", ""),
    )  # fmt: skip
    (found,) = problems(folder)
    assert "place" in found.message


def test_rule_with_settings_and_variants_is_refused(tmp_path: Path) -> None:
    both = rule("one_rule", PTRACE, more=(
        "        variants: [{when: {os: [debian12]}, settings: "
        "[{type: sysctl, name: kernel.x, value: 1}]}]\n"))  # fmt: skip
    (found,) = problems(write_catalogue(tmp_path, both))
    assert "either" in found.message
