"""What stands on the page of a report: a reading of the data in sentences, shares and rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kit.checking.reasons import explain, what_to_do
from kit.i18n import _, localized, ngettext
from kit.model.device import DeviceClass
from kit.model.rule import Severity
from kit.model.verdict import Reason, Verdict
from kit.reporting.cutting import cut_text
from kit.reporting.data import (
    UNSEEN,
    Action,
    DeviceSheet,
    ReportData,
    RuleSheet,
    Standing,
    SupportSheet,
    TaskKind,
)
from kit.reporting.declared import MatterSheet
from kit.reporting.device_views import DeviceViews
from kit.reporting.history import StandingSince
from kit.reporting.method import limits, meanings, scoring
from kit.reporting.overview import (
    Census,
    TrendRow,
    census,
    change_sentences,
    references,
    trend_rows,
)
from kit.reporting.rows import LONGEST
from kit.reporting.sheets import Pair, device_facts, device_warnings, identity, run_identity
from kit.reporting.text import counted, show_number, typographic
from kit.reporting.words import withheld_text, word

_SEEN: Final = (Standing.READ, Standing.PARTLY_READ)
_UNSEEN_ORDER: Final = (
    Standing.NOT_READ,
    Standing.NOT_REACHED,
    Standing.NEVER_SEEN,
    Standing.TOO_OLD,
    Standing.MANAGED_BY_OTHER,
    Standing.NOT_COVERED,
    Standing.NO_RESULT,
)
MANY_DEVICES: Final = 4
SUPPORT_HORIZON_DAYS: Final = 365
MOST_DETAILED: Final = 20_000
"""Findings up to which values that comply are shown; beyond, a browser suffers. Our own choice."""


@dataclass(frozen=True)
class Segment:
    """A part of a bar: its style, its name, how many, and where it lies (percent of the bar)."""

    style: str
    name: str
    count: int
    start: float
    width: float


@dataclass(frozen=True)
class UnseenGroup:
    """Devices of which nothing is known for one and the same reason, told once.

    ``kinds``: their ids by kind of equipment.
    """

    standing: Standing
    why: str
    do: str
    kinds: tuple[tuple[DeviceClass, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Page:
    """Everything the template shows that is not a plain field of the data.

    ``since`` is by device and number of the rule. Other mappings are by device id, except
    ``numbers``, ``titles`` and ``remedies``, which are by rule, and ``sets``: the name of every set
    of devices that several tasks share.
    ``compact``: values that comply are left to the JSON report, their rules are only named.
    """

    compact: bool

    identity: tuple[Pair, ...]
    run_identity: tuple[Pair, ...]
    contents: tuple[Pair, ...]
    state: tuple[str, ...]
    grade_note: str
    seen: float | None
    verdicts: tuple[Segment, ...]
    coverage: tuple[Segment, ...]
    action_sizes: tuple[str, ...]
    nothing_to_do: str
    sets: Mapping[tuple[str, ...], str]
    unseen: tuple[UnseenGroup, ...]
    support: tuple[tuple[DeviceSheet, SupportSheet], ...]
    devices: DeviceViews
    facts: Mapping[str, tuple[Pair, ...]]
    warnings: Mapping[str, tuple[str, ...]]
    rules: tuple[RuleSheet, ...]
    numbers: Mapping[str, int]
    titles: Mapping[str, str]
    remedies: Mapping[str, str]
    changes: tuple[str, ...]
    trend: tuple[TrendRow, ...]
    census: Census
    since: Mapping[tuple[str, int], StandingSince]
    references: tuple[str, ...]
    meanings: tuple[tuple[Verdict, str], ...]
    scoring: tuple[str, ...]
    limits: tuple[str, ...]

    def title(self, number: int) -> str:
        """The title of a rule by its number."""
        return self.titles[self.rules[number - 1].id]

    def theme(self, number: int) -> str:
        """The theme of a rule by its number."""
        return self.rules[number - 1].theme

    def themes_of(self, numbers: Sequence[int]) -> str:
        """The themes of several rules, blank-separated, as the filter reads them."""
        return " ".join(sorted({self.theme(number) for number in numbers}))

    def settled(self, device: DeviceSheet) -> str:
        """How many findings of a device comply, and how many do not apply."""
        counts = device.result.counts
        parts = [
            _("{verdict}: {count}").format(verdict=word(one), count=show_number(counts[one]))
            for one in (Verdict.PASS, Verdict.NOT_APPLICABLE)
            if counts[one]
        ]
        return ", ".join(parts)


def bar(parts: Sequence[tuple[str, str, int]]) -> tuple[Segment, ...]:
    """Segments of a stacked bar from (style, name, count); empty parts are left out."""
    total = sum(count for _style, _name, count in parts)
    segments = []
    done = 0
    for style, name, count in parts:
        if count:
            start = round(100 * done / total, 2)
            done += count
            width = round(100 * done / total - start, 2)
            segments.append(Segment(style, name, count, start, width))
    return tuple(segments)


def verdict_bar(counts: Mapping[Verdict, int]) -> tuple[Segment, ...]:
    """The applicable findings of a set by verdict."""
    return bar([(one.value, word(one), counts[one]) for one in Verdict if one in _APPLICABLE])


_APPLICABLE: Final = frozenset(Verdict) - {Verdict.NOT_APPLICABLE}


def page_of(data: ReportData) -> Page:
    """The page of a report, in the current language."""
    compact = len(data.findings) > MOST_DETAILED
    numbers = {rule.id: number for number, rule in enumerate(data.rules, 1)}
    seen = sum(data.summary.standings[one] for one in _SEEN)
    unseen = _unseen(data)
    timezone = data.site.timezone
    return Page(
        compact=compact,
        identity=identity(data),
        run_identity=run_identity(data),
        contents=tuple(_contents(data, unseen=bool(unseen))),
        state=tuple(state_sentences(data)),
        grade_note=_grade_note(data),
        seen=seen / data.summary.devices if data.summary.devices else None,
        verdicts=verdict_bar(data.summary.result.counts),
        coverage=_coverage(data),
        action_sizes=tuple(_size(one) for one in data.actions),
        nothing_to_do=_nothing_to_do(data),
        sets=_shared_sets(data.actions),
        unseen=unseen,
        support=tuple(
            (one, one.support)
            for one in data.devices
            if one.support is not None and one.support.days_left <= SUPPORT_HORIZON_DAYS
        ),
        devices=DeviceViews(data, numbers, compact=compact),
        facts={one.id: device_facts(one, timezone) for one in data.devices},
        warnings={one.id: tuple(device_warnings(one)) for one in data.devices},
        rules=data.rules,
        numbers=numbers,
        titles=task_titles(data),
        remedies={
            one.id: typographic(localized(one.remedy)) if one.remedy else "" for one in data.rules
        }
        | {one.rule: typographic(localized(one.remedy)) for one in _matters(data)},
        changes=tuple(change_sentences(data)),
        trend=trend_rows(data),
        census=census(data),
        since={
            (one.device, numbers[one.rule]): one
            for one in (data.history.since if data.history is not None else ())
            if one.rule in numbers
        },
        references=tuple(references(data)),
        meanings=meanings(),
        scoring=tuple(scoring(data)),
        limits=tuple(limits(data)),
    )


def _matters(data: ReportData) -> tuple[MatterSheet, ...]:
    return data.declared.matters if data.declared is not None else ()


def task_titles(data: ReportData) -> dict[str, str]:
    """The title of every rule, and of everything that is to be declared."""
    rules = {one.id: typographic(localized(one.title)) for one in data.rules}
    return rules | {one.rule: typographic(localized(one.title)) for one in _matters(data)}


def _contents(data: ReportData, *, unseen: bool) -> Iterator[Pair]:
    yield "brief", _("In brief")
    if unseen:
        yield "unseen", _("What was not looked at")
    yield "results", _("Results")
    if data.history is not None and data.history.trend:
        yield "trend", _("Trend")
    if data.frameworks:
        yield "frameworks", _("Frameworks")
    yield "todo", _("What to do")
    if data.equipment is not None:
        yield "equipment", _("State of the equipment")
    yield "declared", _("People, care-record software and services")
    if data.deliveries is not None:
        yield "deliveries", _("Deliveries")
    yield "devices", _("Findings per device")
    yield "waivers", _("Waivers and choices of the site")
    yield "rules", _("Rules")
    yield "method", _("Method, limits and references")


def _size(action: Action) -> str:
    """How much an action is about: findings and devices, and the gravest severity."""
    findings, devices = action.findings, len(action.devices)
    if action.kind is TaskKind.DECLARE:
        return _("{matters}, severity up to {severity}").format(
            matters=counted(ngettext("{count} declaration", "{count} declarations", findings),
                            findings),
            severity=word(action.severity).lower(),
        )  # fmt: skip
    return _("{findings} on {devices}, severity up to {severity}").format(
        findings=counted(ngettext("{count} finding", "{count} findings", findings), findings),
        devices=counted(ngettext("{count} device", "{count} devices", devices), devices),
        severity=word(action.severity).lower(),
    )


def _nothing_to_do(data: ReportData) -> str:
    """What is said where no action is listed; where nothing was judged, nothing is settled."""
    if not data.findings:
        return _("Nothing was judged: what is left to do is not known.")
    if data.summary.result.waived:
        return _("Nothing is left to do besides what stands under waiver.")
    return _("Nothing stands open.")


def _shared_sets(actions: Sequence[Action]) -> dict[tuple[str, ...], str]:
    """Sets of devices that are long and come back, with a name each, so as to list them once."""
    used = Counter(task.devices for action in actions for task in action.tasks)
    shared = [names for names, times in used.items() if times > 1 and len(names) >= MANY_DEVICES]
    return {names: f"{number}" for number, names in enumerate(shared, 1)}


def _unseen(data: ReportData) -> tuple[UnseenGroup, ...]:
    """Devices of which nothing is known, grouped by why."""
    first: dict[str, Reason] = {}
    for one in data.findings:
        if one.reasons:
            first.setdefault(one.subject.id, one.reasons[0])
    groups: dict[tuple[Standing, str, str], list[DeviceSheet]] = {}
    for device in data.devices:
        if device.standing in UNSEEN:
            why, do = _why(device.standing, first.get(device.id))
            groups.setdefault((device.standing, why, do), []).append(device)
    found = sorted(
        groups.items(),
        key=lambda group: (_UNSEEN_ORDER.index(group[0][0]), -len(group[1]), group[1][0].id),
    )
    return tuple(UnseenGroup(*key, _by_kind(devices)) for key, devices in found)


def _by_kind(devices: Sequence[DeviceSheet]) -> tuple[tuple[DeviceClass, tuple[str, ...]], ...]:
    return tuple(
        (kind, tuple(one.id for one in devices if one.device_class is kind))
        for kind in DeviceClass
        if any(one.device_class is kind for one in devices)
    )


def _why(standing: Standing, reason: Reason | None) -> tuple[str, str]:
    if reason is None:
        return _("The check was not asked to look at it."), _("Run a check of the whole site.")
    if standing is Standing.NOT_COVERED:  # the reason names a kind, and so does the table
        return _("This version cannot read these kinds of equipment."), what_to_do(reason)
    cut = reason.model_copy(update={"detail": cut_text(reason.detail, LONGEST)})
    return explain(cut), what_to_do(reason)


def state_sentences(data: ReportData) -> Iterator[str]:
    """What a director must know, in three sentences at most."""
    summary = data.summary
    seen = sum(summary.standings[one] for one in _SEEN)
    full = summary.standings[Standing.READ]
    yield _("{seen} of {total} devices were read, {full} of them in full.").format(
        seen=seen, total=summary.devices, full=full
    )
    if summary.devices > seen:
        left = summary.devices - seen
        message = ngettext(
            "Nothing is known of {count} device: it is neither compliant nor non-compliant.",
            "Nothing is known of {count} devices: they are neither compliant nor non-compliant.",
            left,
        )
        yield counted(message, left)
    yield _failures(data)


def _failures(data: ReportData) -> str:
    summary = data.summary
    failed = summary.result.counts[Verdict.FAIL]
    if not failed:
        judged = summary.result.counts[Verdict.PASS]
        return (
            _("No non-compliance was found in what was read.")
            if judged
            else _("Nothing was judged.")
        )
    grave = [
        (summary.open_by_severity[one], one) for one in (Severity.CRITICAL, Severity.HIGH)
    ]  # fmt: skip
    told = counted(
        ngettext("{count} non-compliance was found", "{count} non-compliances were found", failed),
        failed,
    )
    parts = [
        _("{severity}: {count}").format(severity=word(one).lower(), count=count)
        for count, one in grave
        if count
    ]
    sentence = f"{told} ({', '.join(parts)})" if parts else told
    waived = summary.result.waived
    if waived:
        sentence += counted(
            ngettext(", {count} of them under waiver", ", {count} of them under waiver", waived),
            waived,
        )
    return sentence + "."


def _grade_note(data: ReportData) -> str:
    summary = data.summary
    if summary.result.grade is not None:
        return _("Everything applicable was checked.")
    reasons = ", ".join(withheld_text(one) for one in summary.withheld)
    return _("A grade is given when everything was checked; here: {reasons}.").format(
        reasons=reasons
    )


def _coverage(data: ReportData) -> tuple[Segment, ...]:
    standings = data.summary.standings
    return bar([(one.value, word(one), standings[one]) for one in (*_SEEN, *_UNSEEN_ORDER)])
