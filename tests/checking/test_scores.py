"""Scores: nothing unknown can raise one, a waiver changes none, a grade needs every answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.checking.scores import STEPS, WEIGHTS, Score, score
from kit.model.finding import Finding, Provenance, Subject, SubjectKind
from kit.model.meta import Fix
from kit.model.rule import Severity
from kit.model.tier import Tier
from kit.model.verdict import Verdict

GRADES = [letter for _floor, letter in STEPS]  # best first
UNKNOWN = (Verdict.ERROR, Verdict.NOT_CHECKED)


def finding(verdict: Verdict, severity: Severity, *, waived: bool = False) -> Finding:
    return Finding(
        subject=Subject(kind=SubjectKind.DEVICE, id="pc-1"),
        rule="some_rule",
        theme="kernel",
        severity=severity,
        tier=Tier.CORE,
        verdict=verdict,
        enforced=True,
        fix=Fix.REMOTE,
        waiver="W-1" if waived else None,
        provenance=Provenance.MEASURED,
    )


findings = st.lists(
    st.builds(
        finding, st.sampled_from(Verdict), st.sampled_from(Severity), waived=st.booleans()
    ),
    max_size=30,
)  # fmt: skip


def praise(one: Score) -> tuple[float, float, float, int]:
    """What may be read as good news, each growing; no grade is the least of grades.

    A set with nothing applicable has no share; nothing said of it could be better than that.
    """
    return (
        2.0 if one.ratio is None else one.ratio,
        2.0 if one.ratio_with_waivers is None else one.ratio_with_waivers,
        one.coverage if sum(one.counts.values()) else 2.0,
        -1 if one.grade is None else len(GRADES) - GRADES.index(one.grade),
    )


def with_verdict(found: list[Finding], which: set[int], verdict: Verdict) -> list[Finding]:
    return [
        one.model_copy(update={"verdict": verdict}) if number in which else one
        for number, one in enumerate(found)
    ]


@given(findings, st.sets(st.integers(0, 29)), st.sampled_from(UNKNOWN))
def test_no_missing_information_raises_a_score(
    found: list[Finding], lost: set[int], how: Verdict
) -> None:
    """Whatever a finding was, not applicable and waived included, not knowing it praises less."""
    before, after = praise(score(found)), praise(score(with_verdict(found, lost, how)))
    for known, unknown in zip(before, after, strict=True):
        assert unknown <= known


@given(findings, st.sets(st.integers(0, 29)))
def test_learning_a_failure_never_raises_a_share(found: list[Finding], learnt: set[int]) -> None:
    """From unknown to failed: more is known, nothing is better."""
    hidden = {n for n in learnt if n < len(found) and found[n].verdict in UNKNOWN}
    seen = [
        one.model_copy(update={"verdict": Verdict.FAIL, "waiver": None}) if n in hidden else one
        for n, one in enumerate(found)
    ]
    assert score(seen).ratio == score(found).ratio


@given(findings, st.sets(st.integers(0, 29)))
def test_a_waiver_never_changes_the_share_nor_the_grade(
    found: list[Finding], waived: set[int]
) -> None:
    plain = [one.model_copy(update={"waiver": None}) for one in found]
    annotated = [
        one.model_copy(update={"waiver": "W-9"}) if number in waived else one
        for number, one in enumerate(plain)
    ]
    before, after = score(plain), score(annotated)
    for name in ("counts", "ratio", "coverage", "grade"):
        assert getattr(after, name) == getattr(before, name), name
    assert before.ratio_with_waivers == before.ratio
    failing = sum(one.waiver is not None and one.verdict is Verdict.FAIL for one in annotated)
    assert after.waived == failing
    if after.ratio is not None:
        assert after.ratio_with_waivers is not None
        assert after.ratio <= after.ratio_with_waivers <= 1
        assert (after.ratio < after.ratio_with_waivers) == (failing > 0)


@given(findings)
def test_a_grade_needs_every_answer_and_something_to_judge(found: list[Finding]) -> None:
    result = score(found)
    applicable = [one for one in found if one.verdict is not Verdict.NOT_APPLICABLE]
    unknown = [one for one in applicable if one.verdict in UNKNOWN]
    assert (result.grade is not None) == (bool(applicable) and not unknown)
    assert (result.ratio is None) == (not applicable)
    assert 0 <= result.coverage <= 1
    assert (result.coverage == 1) == (bool(applicable) and not unknown)
    assert sum(result.counts.values()) == len(applicable)


@given(findings)
def test_a_critical_failure_caps_the_grade(found: list[Finding]) -> None:
    worst = [*found, finding(Verdict.FAIL, Severity.CRITICAL, waived=True)]
    assert score(worst).grade in {None, "C", "D", "E"}


@given(findings, st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_matter(found: list[Finding], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert score(shuffled) == score(found)


@pytest.mark.parametrize(
    ("passed", "failed", "grade"),
    [
        (19, 1, "A"), (18, 1, "B"), (17, 3, "B"), (16, 4, "C"), (7, 3, "C"), (6, 4, "D"),
        (1, 1, "D"), (4, 6, "E"), (0, 1, "E"), (1, 0, "A"),
    ],
)  # fmt: skip
def test_steps_of_the_grade(passed: int, failed: int, grade: str) -> None:
    found = [finding(Verdict.PASS, Severity.LOW)] * passed
    found += [finding(Verdict.FAIL, Severity.LOW)] * failed
    assert score(found).grade == grade


def test_a_large_share_does_not_hide_a_critical_failure() -> None:
    found = [finding(Verdict.PASS, Severity.CRITICAL)] * 99
    assert score([*found, finding(Verdict.FAIL, Severity.CRITICAL)]).grade == "C"
    assert score([*found, finding(Verdict.FAIL, Severity.HIGH)]).grade == "A"


def test_the_page_that_explains_scores_has_the_figures_in_use() -> None:
    page = (Path(__file__).parents[2] / "docs/scoring.md").read_text(encoding="utf-8")
    weights = dict(re.findall(r"^\| (low|medium|high|critical) \| (\d+) \|$", page, re.MULTILINE))
    assert {name: int(weight) for name, weight in weights.items()} == WEIGHTS
    steps = re.findall(r"^\| ([A-E]) \| (\d+) % \|$", page, re.MULTILINE)
    assert [(int(floor) / 100, letter) for letter, floor in steps] == list(STEPS)
