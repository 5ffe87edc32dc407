"""Counts, shares and grades of sets of findings, withheld where something was not looked at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from kit.checking.scores import score
from kit.model.finding import Finding
from kit.model.verdict import Verdict
from kit.reporting.data import Group, Result


def counts_of(findings: Iterable[Finding]) -> dict[Verdict, int]:
    """How many findings of each verdict; every verdict is there."""
    counted = Counter(one.verdict for one in findings)
    return {verdict: counted.get(verdict, 0) for verdict in Verdict}


def result_of(findings: Sequence[Finding], *, complete: bool) -> Result:
    """The result of a set of findings.

    ``complete`` says that everything that belongs to the set has its finding. Without it there is
    neither share nor grade: what was left out can only have made them better.
    """
    reached = score(findings)
    return Result(
        counts=counts_of(findings),
        waived=reached.waived,
        pending=sum(1 for one in findings if one.pending is not None),
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
    sets: Mapping[str, list[Finding]] = defaultdict(list)
    for one in findings:
        sets[key(one)].append(one)
    return tuple(
        Group(
            key=name,
            devices=len({one.subject.id for one in found}),
            result=result_of(found, complete=complete(name)),
        )
        for name, found in sorted(sets.items(), key=lambda item: (order(item[0]), item[0]))
    )
