"""The shipped catalogue: nothing without use, nothing without a place, nothing said twice."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.catalogue.loading import load_catalogue, shipped_catalogue
from kit.catalogue.registry import setting_types
from kit.catalogue.templates import build, parameter_names
from kit.catalogue.validation import sample_values, setting_data
from kit.documents_io.yaml import parse_yaml
from kit.model.framework import Answered, Framework
from kit.model.rule import Texts
from kit.model.tier import Tier

ROOT = Path(__file__).parents[2]
CATALOGUE = shipped_catalogue()
FRAMEWORKS = sorted(CATALOGUE.frameworks)
# ANSSI-BP-028 v2.0: how many of its 80 recommendations stand at each level.
LEVELS = {"minimal": 11, "intermediary": 29, "enhanced": 18, "high": 22}


def test_loads_anew_to_the_same_content() -> None:
    assert load_catalogue().digest == CATALOGUE.digest
    assert CATALOGUE.rules


def test_every_parameter_is_used_and_every_one_used_is_declared() -> None:
    used = {
        name
        for rule in CATALOGUE.rules.values()
        for block in rule.platforms.values()
        for _path, data in setting_data(block)
        for name in parameter_names(data)
    }
    assert used == set(CATALOGUE.parameters)


def examples(kind: type) -> Iterator[str]:
    """The settings of the YAML blocks of a docstring: each begins with its type."""
    lines = inspect.cleandoc(kind.__doc__ or "").split("\n")
    blocks: list[list[str]] = []
    inside = False
    for line in lines:
        if line.strip() == ".. code-block:: yaml":
            inside = True
        elif inside and line and not line.startswith(" "):
            inside = False
        elif inside:
            text = line.removeprefix("    ")
            if re.match(r"\{?type:", text):
                blocks.append([])
            if blocks:
                blocks[-1].append(text)
    yield from (textwrap.dedent("\n".join(block)) for block in blocks)


@pytest.mark.parametrize("name", sorted(setting_types()))
def test_every_resource_type_has_examples_that_load(name: str) -> None:
    found = list(examples(setting_types()[name]))
    assert found
    for text in found:
        data = parse_yaml(text, name).data
        assert build(data, sample_values(CATALOGUE.parameters)).type == name


def test_every_core_rule_answers_a_control_or_says_why_not() -> None:
    mapped = {
        rule
        for framework in CATALOGUE.frameworks.values()
        for control in framework.controls
        for platform in framework.platforms
        for rule in control.answer(platform).rules  # type: ignore[union-attr]
    }
    rules = {**CATALOGUE.rules, **CATALOGUE.standing}
    core = {name for name, rule in rules.items() if rule.tier is Tier.CORE}
    assert core - mapped - set(CATALOGUE.unmapped) == set()
    assert mapped <= set(rules)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_control_is_answered_on_every_platform(name: str) -> None:
    framework = CATALOGUE.frameworks[name]
    for control in framework.controls:
        for platform in framework.platforms:
            answer = control.answer(platform)
            assert answer is not None, (control.id, platform)
            for rule in answer.rules:
                assert platform in CATALOGUE.rules[rule].platforms
            assert len(set(answer.rules)) == len(answer.rules), control.id


def test_every_number_of_the_texts_is_there_in_order() -> None:
    bp028, hygiene = (CATALOGUE.frameworks[name] for name in ("anssi_bp_028", "anssi_hygiene"))
    assert [one.id for one in bp028.controls] == [f"R{n}" for n in range(1, 81)]
    assert [one.id for one in hygiene.controls] == [str(n) for n in range(1, 43)]
    levels = [one.level for one in bp028.controls]
    assert {level: levels.count(level) for level in LEVELS} == LEVELS


def test_what_is_answered_whole_stands_here_one_by_one() -> None:
    """A control may be called answered by rules only after somebody weighed it: list it here."""
    whole = {
        (name, control.id, platform.value)
        for name, framework in CATALOGUE.frameworks.items()
        for control in framework.controls
        for platform in framework.platforms
        if (answer := control.answer(platform)) and answer.state is Answered.RULES
    }
    assert whole == {("anssi_bp_028", "R11", "linux")}


def words_of(framework: Framework) -> Iterator[Texts]:
    yield framework.title
    yield framework.source
    yield from (level.title for level in framework.levels)
    for control in framework.controls:
        yield control.title
        for answer in (control.default, *control.platforms.values()):
            if answer is not None:
                yield from (one for one in (answer.manual, answer.not_applicable) if one)


def all_texts() -> Iterator[Texts]:
    """Every text of the catalogue but those of rules, which `tests/rules` looks at."""
    for framework in CATALOGUE.frameworks.values():
        yield from words_of(framework)
    yield from (one.reason for one in CATALOGUE.unmapped.values())
    for parameter in CATALOGUE.parameters.values():
        yield parameter.title
        if parameter.unit is not None:
            yield parameter.unit
    for rule in CATALOGUE.standing.values():
        yield from (text for text in (rule.title, rule.why, rule.remedy) if text)
    yield from (baseline.title for baseline in CATALOGUE.baselines.values())


@pytest.mark.parametrize("text", list(all_texts()), ids=lambda text: text.get("en", "?")[:40])
def test_texts_have_two_languages_with_their_typography(text: Texts) -> None:
    assert set(text) == {"fr", "en"}
    for lang, words in text.items():
        assert "'" not in words
        assert words == words.strip()
        assert "  " not in words
        if lang == "fr":
            assert not re.search(r"[^\u00a0\u202f][:;?!»](?:\s|$)|«[^\u00a0\u202f]", words)
        else:
            assert not re.search(r"\s[;:?!]", words)


@pytest.mark.parametrize("path", sorted((ROOT / "kit/reads").glob("*.py")), ids=lambda p: p.stem)
def test_reads_know_no_language_but_that_of_programs(path: Path) -> None:
    """Fragments run with ``LC_ALL=C``; none changes it, and no parser waits for a French word."""
    tree = ast.parse(path.read_bytes())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            if id(node) in docstrings:
                continue
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            assert text.isascii(), (node.lineno, text)
            assert not re.search(r"\b(?:LC_[A-Z]+|LANG|LANGUAGE)=", text), (node.lineno, text)
