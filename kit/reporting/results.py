"""Counts, shares and grades of sets of findings, withheld where something was not looked at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from kit.checking.scores import Grade, Tally, score_of, tally
from kit.model.finding import Finding
from kit.model.record import Record
from kit.model.verdict import Verdict


class Result(Record):
    """Counts and shares of a set of findings.

    ``counts`` has every verdict. ``ratio``: weight that passes over weight of everything
    applicable, 0 to 1; unset when anything that belongs to the set has no finding at all, since a
    share of what is left would be better than the truth. ``ratio_with_waivers`` counts waived
    failures as answered for. ``coverage``: share of applicable findings that could be judged.
    ``grade``: only when all of it was judged. Weights: ``kit.checking.scores``.
    """

    counts: dict[Verdict, int]
    waived: int
    pending: int
    ratio: float | None
    ratio_with_waivers: float | None
    coverage: float
    grade: Grade | None


class Group(Record):
    """The result of one theme, device class or severity; ``devices`` that have findings in it."""

    key: str
    devices: int
    result: Result


def counts_of(findings: Iterable[Finding]) -> dict[Verdict, int]:
    """How many findings of each verdict; every verdict is there."""
    return _counts(tally(findings))


def _counts(counted: Tally) -> dict[Verdict, int]:
    counts: Counter[Verdict] = Counter()
    for (verdict, *_others), count in counted.items():
        counts[verdict] += count
    return {verdict: counts[verdict] for verdict in Verdict}


def result_of(findings: Iterable[Finding], *, complete: bool) -> Result:
    """The result of a set of findings.

    ``complete`` says that everything that belongs to the set has its finding. Without it there is
    neither share nor grade: what was left out can only have made them better.
    """
    return result_of_tally(tally(findings), complete=complete)


def result_of_tally(counted: Tally, *, complete: bool) -> Result:
    """The same of findings that were counted."""
    reached = score_of(counted)
    return Result(
        counts=_counts(counted),
        waived=reached.waived,
        pending=sum(count for (*_others, pending), count in counted.items() if pending),
        ratio=reached.ratio if complete else None,
        ratio_with_waivers=reached.ratio_with_waivers if complete else None,
        coverage=reached.coverage,
        grade=reached.grade if complete else None,
    )


def grouped(
    findings: Iterable[Finding],
    key: Callable[[Finding], str],
    order: Callable[[str], int],
    complete: Callable[[str], bool],
) -> tuple[Group, ...]:
    """One group per key, sorted by ``order``."""
    tallies: Mapping[str, Tally] = defaultdict(Counter)
    devices: Mapping[str, set[str]] = defaultdict(set)
    for one in findings:
        name = key(one)
        counted = (one.verdict, one.severity, one.waiver is not None, one.pending is not None)
        tallies[name][counted] += 1
        devices[name].add(one.subject.id)
    return tuple(
        Group(
            key=name,
            devices=len(devices[name]),
            result=result_of_tally(counted, complete=complete(name)),
        )
        for name, counted in sorted(tallies.items(), key=lambda item: (order(item[0]), item[0]))
    )
