"""Scores: shares of what was looked at, with and without waivers, never without coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal

from kit.model.finding import Finding
from kit.model.record import Record
from kit.model.rule import Severity
from kit.model.verdict import Verdict

Grade = Literal["A", "B", "C", "D", "E"]

# Our own choice: each step of severity counts twice the one below. See docs/scoring.md.
WEIGHTS: Final = {
    Severity.LOW: 1,
    Severity.MEDIUM: 2,
    Severity.HIGH: 4,
    Severity.CRITICAL: 8,
}
STEPS: Final[tuple[tuple[float, Grade], ...]] = (
    (0.95, "A"), (0.85, "B"), (0.70, "C"), (0.50, "D"), (0.0, "E"),
)  # fmt: skip


class Score(Record):
    """Counts and weighted shares of a set of findings.

    ``ratio``: weight that passes over weight of everything applicable (errors and what nobody
    looked at included), 0 to 1. ``ratio_with_waivers`` counts waived failures as answered for.
    ``coverage``: share of applicable findings that somebody really looked at and could judge.
    ``grade`` exists only at full coverage, and is capped at C while a critical failure stands.
    """

    counts: dict[Verdict, int]
    waived: int
    ratio: float | None
    ratio_with_waivers: float | None
    coverage: float
    grade: Grade | None


Tally = Counter[tuple[Verdict, Severity, bool, bool]]
"""Findings by verdict, severity, whether waived, whether pending; all a score needs."""


def tally(findings: Iterable[Finding]) -> Tally:
    """The findings counted, in one pass; sums of tallies are the tally of the sum."""
    return Counter(
        (one.verdict, one.severity, one.waiver is not None, one.pending is not None)
        for one in findings
    )


def score(findings: Iterable[Finding]) -> Score:
    """The score of any set of findings; an empty set has no ratio, no coverage and no grade."""
    return score_of(tally(findings))


def score_of(counted: Tally) -> Score:
    """The score of a set of findings that were counted."""
    counts: Counter[Verdict] = Counter()
    total = passed = answered = waived = 0
    critical = False
    for (verdict, severity, under_waiver, _pending), count in counted.items():
        if verdict is Verdict.NOT_APPLICABLE or not count:
            continue
        counts[verdict] += count
        weight = WEIGHTS[severity] * count
        total += weight
        if verdict is Verdict.PASS:
            passed += weight
        if verdict is Verdict.FAIL and under_waiver:
            answered += weight
            waived += count
        critical = critical or (verdict is Verdict.FAIL and severity is Severity.CRITICAL)
    given = sum(counts.values())
    judged = counts[Verdict.PASS] + counts[Verdict.FAIL]
    ratio = passed / total if total else None
    return Score(
        counts={verdict: counts[verdict] for verdict in Verdict
                if verdict is not Verdict.NOT_APPLICABLE},
        waived=waived,
        ratio=ratio,
        ratio_with_waivers=(passed + answered) / total if total else None,
        coverage=judged / given if given else 0.0,
        grade=_grade(ratio, critical=critical) if ratio is not None and judged == given else None,
    )  # fmt: skip


def _grade(ratio: float, *, critical: bool) -> Grade:
    grade = next(letter for floor, letter in STEPS if ratio >= floor)
    return max(grade, "C") if critical else grade
