"""Every rule of the catalogue, over its fixture `tests/rules/<rule id>.yaml`.

A fixture gives `pass`, the observations (read -> key -> observation) of a device as wanted, and
`fail`, what differs on one that is not. `facts` are those of a Debian workstation unless given;
`platform` is linux. A rule with variants gives `cases`, a list of such blocks, one a variant, and
in `not_applicable` a list of facts that no variant covers, if there are any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.catalogue.loading import shipped_catalogue
from kit.catalogue.templates import build
from kit.catalogue.validation import sample_values
from kit.documents_io.yaml import read_yaml
from kit.model.facts import Facts
from kit.model.meta import Fix
from kit.model.observation import Absent, Observations, Observed, Unread, Unreadable
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.rule import PlatformRule, Rule
from kit.model.setting import Setting
from kit.model.verdict import Verdict, worst
from tests.cases import facts, seen

FOLDER = Path(__file__).parent
RULES = shipped_catalogue().rules
# No document shows such a value.
NEVER = Observed("no such value")


def fixture(rule_id: str) -> Mapping[str, Any]:
    data = read_yaml(FOLDER / f"{rule_id}.yaml", f"rules/{rule_id}.yaml").data
    assert isinstance(data, dict)
    return data


def fixtures() -> dict[str, Mapping[str, Any]]:
    return {path.stem: fixture(path.stem) for path in sorted(FOLDER.glob("*.yaml"))}


FIXTURES = fixtures()


def _blocks() -> Iterator[Any]:
    for rule_id, data in FIXTURES.items():
        if rule_id in RULES:
            for number, block in enumerate(data.get("cases", [data])):
                yield pytest.param(RULES[rule_id], block, id=f"{rule_id}-{number}")


BLOCKS = list(_blocks())


def chosen(block: PlatformRule, known: Facts) -> tuple[dict[str, Any], ...] | None:
    if block.settings:
        return block.settings
    return next((one.settings for one in block.variants if one.when.holds(known)), None)


def settings_of(rule: Rule, platform: Platform, known: Facts) -> list[Setting]:
    data = chosen(rule.platforms[platform], known)
    assert data is not None, "no variant for these facts"
    values = sample_values(shipped_catalogue().parameters)
    return [build(one, values) for one in data]


def verdict(settings: list[Setting], platform: Platform, shown: Mapping[str, Observations]) -> Any:
    return worst(one.judge(shown, platform).verdict for one in settings)


def only_present(settings: list[Setting], platform: Platform, read: str, key: str) -> bool:
    """Whether anything will do, as long as it is there."""
    asked = [one for setting in settings for one in setting.questions(platform)]
    ops = {one.expected.op for one in asked if (one.read, one.key) == (read, key)}
    return ops == {Operator.PRESENT}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    return {
        read: {**base.get(read, {}), **over.get(read, {})} for read in base.keys() | over.keys()
    }


def test_each_rule_has_a_fixture_and_each_fixture_a_rule() -> None:
    assert RULES
    assert sorted(FIXTURES) == sorted(RULES)


def test_each_variant_has_a_case() -> None:
    for rule_id, rule in RULES.items():
        for block in rule.platforms.values():
            given = [facts(one.get("facts")) for one in FIXTURES[rule_id].get("cases", ())]
            for variant in block.variants:
                assert any(variant.when.holds(known) for known in given), (rule_id, variant.when)
            for left_out in FIXTURES[rule_id].get("not_applicable", ()):
                assert chosen(block, facts(left_out)) is None, (rule_id, left_out)


@pytest.mark.parametrize(("rule", "block"), BLOCKS)
def test_pass_and_fail(rule: Rule, block: Mapping[str, Any]) -> None:
    platform, known = Platform(block.get("platform", "linux")), facts(block.get("facts"))
    settings = settings_of(rule, platform, known)
    assert verdict(settings, platform, seen(block["pass"])) is Verdict.PASS
    failing = seen(merged(block["pass"], block["fail"]))
    assert verdict(settings, platform, failing) is Verdict.FAIL
    assert verdict(settings, platform, {}) is Verdict.ERROR


@pytest.mark.parametrize(("rule", "block"), BLOCKS)
def test_each_observation_counts(rule: Rule, block: Mapping[str, Any]) -> None:
    """Every key of the fixture is judged: changed, the rule fails; not known, it is an error."""
    platform, known = Platform(block.get("platform", "linux")), facts(block.get("facts"))
    settings, whole = settings_of(rule, platform, known), seen(block["pass"])
    for read, keys in whole.items():
        for key in keys:
            for value, wanted in {
                Absent() if only_present(settings, platform, read, key) else NEVER: Verdict.FAIL,
                Unreadable(Unread.DENIED): Verdict.ERROR,
            }.items():
                shown = {**whole, read: {**keys, key: value}}
                assert verdict(settings, platform, shown) is wanted, (read, key)


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_texts(rule_id: str) -> None:
    """Two languages, each with its own typography; ids are not numbers of somebody's list."""
    rule = RULES[rule_id]
    texts = [rule.title, rule.why, *([rule.remedy] if rule.remedy else [])]
    for text in texts:
        assert set(text) == {"fr", "en"}
        for language, words in text.items():
            assert "'" not in words, words
            assert "  " not in words, words
            assert words == words.strip(), words
            if language == "fr":
                assert not re.search(r"[^\u00a0\u202f][;:?!»](?:\s|$)|«[^\u00a0\u202f]", words), (
                    words
                )
            else:
                assert not re.search(r"\s[;:?!]", words), words
    assert not any(words.endswith(".") for words in rule.title.values())
    assert all(words.endswith(".") for words in rule.why.values())
    assert not re.search(r"\d{3}|(?:^|_)(?:cis|anssi|stig|lnx)(?:_|$)", rule_id)
    assert rule.facts


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_what_cannot_be_enforced_says_who_mends_it(rule_id: str) -> None:
    """A rule with nothing to enforce is mended by people: it says by whom, and what they do."""
    rule, known = RULES[rule_id], facts()
    for platform, block in rule.platforms.items():
        if chosen(block, known) is None:
            continue
        for setting in settings_of(rule, platform, known):
            fix = block.meta.on(setting.meta(known)).fix
            if setting.enforced() is None:
                assert fix is not Fix.REMOTE
            if fix is not Fix.REMOTE:
                assert rule.remedy is not None
