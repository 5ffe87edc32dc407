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


def score(findings: Iterable[Finding]) -> Score:
    """The score of any set of findings; an empty set has no ratio, no coverage and no grade."""
    given = [one for one in findings if one.verdict is not Verdict.NOT_APPLICABLE]
    total = sum(WEIGHTS[one.severity] for one in given)
    passed = sum(WEIGHTS[one.severity] for one in given if one.verdict is Verdict.PASS)
    waived = [one for one in given if one.verdict is Verdict.FAIL and one.waiver is not None]
    answered = sum(WEIGHTS[one.severity] for one in waived)
    judged = [one for one in given if one.verdict in {Verdict.PASS, Verdict.FAIL}]
    counts = Counter(one.verdict for one in given)
    ratio = passed / total if total else None
    coverage = len(judged) / len(given) if given else 0.0
    return Score(
        counts={verdict: counts.get(verdict, 0) for verdict in Verdict
                if verdict is not Verdict.NOT_APPLICABLE},
        waived=len(waived),
        ratio=ratio,
        ratio_with_waivers=(passed + answered) / total if total else None,
        coverage=coverage,
        grade=_grade(ratio, given) if ratio is not None and len(judged) == len(given) else None,
    )  # fmt: skip


def _grade(ratio: float, findings: Iterable[Finding]) -> Grade:
    grade = next(letter for floor, letter in STEPS if ratio >= floor)
    critical = any(
        one.verdict is Verdict.FAIL and one.severity is Severity.CRITICAL for one in findings
    )
    return max(grade, "C") if critical else grade
