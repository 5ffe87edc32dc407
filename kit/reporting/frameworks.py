"""The frameworks of a report: every control by the worst of what answers it at this site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kit.model.device import Device, DeviceState
from kit.model.finding import Finding
from kit.model.framework import Answer, Answered, Control, Framework
from kit.model.identifiers import RuleId
from kit.model.platform import Platform
from kit.model.record import Record
from kit.model.rule import Texts
from kit.model.verdict import Verdict, worst
from kit.reporting.results import Result, result_of

_OPEN = frozenset({Answered.PARTLY, Answered.MANUAL, Answered.PLANNED})
"""Answers that leave something nobody measured."""


class ControlSheet(Record):
    """One control: what it is called, how it is answered, and what came of it."""

    id: str
    title: Texts
    answered: tuple[Answered, ...]
    verdict: Verdict
    rules: tuple[RuleId, ...]


class FrameworkSheet(Record):
    """A text and how the site stands to it.

    ``read`` false: the text itself was not read for the mapping, which is then indicative only.
    ``controls`` concern equipment of this site; ``elsewhere`` do not. ``verdicts`` counts controls:
    one with anything that no rule measures is never a pass. ``result`` is that of the findings of
    mapped rules; it never has a grade.
    """

    id: RuleId
    title: Texts
    publisher: str
    version: str
    date: str
    source: Texts
    read: bool
    controls: int
    elsewhere: int
    verdicts: dict[Verdict, int]
    result: Result
    sheets: tuple[ControlSheet, ...]


def framework_sheets(
    frameworks: Iterable[Framework],
    devices: Iterable[Device],
    findings: Sequence[Finding],
    *,
    complete: bool,
) -> tuple[FrameworkSheet, ...]:
    """One sheet per framework, by id; ``complete``: every finding that is due is there."""
    platforms = {
        one.id: one.platform for one in devices if one.state is not DeviceState.REMOVED
    }  # fmt: skip
    found: dict[tuple[Platform, str], list[Finding]] = {}
    for one in findings:
        platform = platforms.get(one.subject.id)
        if platform is not None:
            found.setdefault((platform, one.rule), []).append(one)
    here = frozenset(platforms.values())
    ordered = sorted(frameworks, key=lambda one: one.id)
    return tuple(_sheet(one, here, found, complete=complete) for one in ordered)


def _sheet(
    framework: Framework,
    here: frozenset[Platform],
    found: Mapping[tuple[Platform, str], list[Finding]],
    *,
    complete: bool,
) -> FrameworkSheet:
    concerned = [one for one in framework.platforms if one in here]
    sheets = [sheet for one in framework.controls if (sheet := _control(one, concerned, found))]
    mapped = {
        (platform, rule)
        for platform in concerned
        for control in framework.controls
        for rule in _rules(control.answer(platform))
    }
    own = [one for key in sorted(mapped) for one in found.get(key, ())]
    verdicts = Counter(one.verdict for one in sheets)
    result = result_of(own, complete=complete).model_copy(update={"grade": None})
    return FrameworkSheet(
        id=framework.id,
        title=framework.title,
        publisher=framework.publisher,
        version=framework.version,
        date=framework.date,
        source=framework.source,
        read=framework.read,
        controls=len(sheets),
        elsewhere=len(framework.controls) - len(sheets),
        verdicts={verdict: verdicts[verdict] for verdict in Verdict},
        result=result,
        sheets=tuple(sheets),
    )


def _rules(answer: Answer | None) -> tuple[RuleId, ...]:
    return answer.rules if answer is not None else ()


def _control(
    control: Control,
    platforms: Iterable[Platform],
    found: Mapping[tuple[Platform, str], list[Finding]],
) -> ControlSheet | None:
    """One control on the platforms of the site; ``None`` when it concerns none of them."""
    answers = [(one, answer) for one in platforms if (answer := control.answer(one)) is not None]
    if not answers:
        return None
    verdicts = [
        verdict for platform, answer in answers for verdict in _verdicts(platform, answer, found)
    ]
    return ControlSheet(
        id=control.id,
        title=control.title,
        answered=tuple(sorted({answer.state for _platform, answer in answers})),
        verdict=worst(verdicts),
        rules=tuple(sorted({rule for _platform, answer in answers for rule in answer.rules})),
    )


def _verdicts(
    platform: Platform, answer: Answer, found: Mapping[tuple[Platform, str], list[Finding]]
) -> Iterator[Verdict]:
    if answer.state is Answered.NOT_APPLICABLE:
        yield Verdict.NOT_APPLICABLE
    if answer.state in _OPEN:
        yield Verdict.NOT_CHECKED
    for rule in answer.rules:
        own = found.get((platform, rule))
        yield worst(one.verdict for one in own) if own else Verdict.NOT_CHECKED
