"""How far the rules answer the frameworks: counts, without any claim the mapping cannot carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from kit.model.catalogue import Catalogue
from kit.model.framework import Answered, Control, Framework
from kit.model.platform import Platform
from kit.model.record import Record


class CoverageRow(Record):
    """Controls of one level (or of all, ``level`` unset) on one platform, by how they are answered.

    ``covered``: those answered whole by rules, in a framework whose text was read; else 0.
    """

    platform: Platform
    level: str | None
    controls: int
    answered: dict[Answered, int]
    covered: int


class FrameworkCoverage(Record):
    """The coverage of one framework; rows by platform, each level, then all levels together."""

    framework: str
    version: str
    read: bool
    rows: tuple[CoverageRow, ...]


class Served(Record):
    """A control that a rule answers, alone or with others."""

    framework: str
    control: str
    platform: Platform
    whole: bool  # False: the rules named leave a part of it open


def coverage(framework: Framework) -> FrameworkCoverage:
    """Counts for one framework."""
    rows = []
    for platform in framework.platforms:
        for level in framework.levels:
            chosen = [one for one in framework.controls if one.level == level.id]
            rows.append(_row(framework, platform, level.id, chosen))
        rows.append(_row(framework, platform, None, framework.controls))
    return FrameworkCoverage(
        framework=framework.id, version=framework.version, read=framework.read, rows=tuple(rows)
    )


def _row(
    framework: Framework, platform: Platform, level: str | None, controls: Sequence[Control]
) -> CoverageRow:
    answers = [control.answer(platform) for control in controls]
    counts = Counter(answer.state for answer in answers if answer is not None)
    return CoverageRow(
        platform=platform,
        level=level,
        controls=len(controls),
        answered={state: counts.get(state, 0) for state in Answered},
        covered=counts.get(Answered.RULES, 0) if framework.read else 0,
    )


def served(catalogue: Catalogue, rule: str) -> Iterator[Served]:
    """Every control ``rule`` answers, by framework, in the order of the text."""
    for _id, framework in sorted(catalogue.frameworks.items()):
        for control in framework.controls:
            for platform in framework.platforms:
                answer = control.answer(platform)
                if answer is not None and rule in answer.rules:
                    yield Served(
                        framework=framework.id,
                        control=control.id,
                        platform=platform,
                        whole=answer.state is Answered.RULES,
                    )
