"""The rows of a device's findings: merged, cut, and worded for a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from kit.checking.reasons import (
    explain,
    fix_label,
    pending_label,
    show_expected,
    show_observed,
    what_to_do,
)
from kit.checking.vocabulary import name_shown
from kit.i18n import _, ngettext
from kit.model.finding import Finding, FindingDetail
from kit.model.meta import Fix
from kit.model.rule import Severity
from kit.model.verdict import Reason, ReasonCode, Verdict
from kit.reporting.cutting import cut_text
from kit.reporting.text import counted, show_date

LONGEST: Final = 300
"""Characters of a value in a table; the JSON report holds more. Our own choice."""
MOST_LINES: Final = 12
MOST_KEYS: Final = 6
MOST_REASONS: Final = 3
_WHOLLY_UNREAD: Final = re.compile(r"<[a-z_]+>")

# A value that differs or is not set shows itself: expected beside observed.
_SHOWN_BY_VALUE: Final = frozenset({ReasonCode.DIFFERS, ReasonCode.ABSENT})
_OPEN_ORDER: Final = (Verdict.FAIL, Verdict.ERROR, Verdict.NOT_CHECKED)


@dataclass(frozen=True)
class Line:
    """Things that were read and show the same: their names, where, expected, observed.

    Nothing is expected of what could not be read: ``expected`` is empty then.
    """

    keys: tuple[str, ...]
    more_keys: int
    reads: str
    expected: str
    observed: str


@dataclass(frozen=True)
class Row:
    """One finding: what it is about, and what stands in each cell. ``rule`` is a number."""

    verdict: Verdict
    severity: Severity
    rule: int
    lines: tuple[Line, ...]
    as_expected: int  # values of a failing rule that are as expected, not shown
    cut: int  # lines left out because there are too many
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Same:
    """Findings of a device that share one verdict and one reason: told once."""

    verdict: Verdict
    severity: Severity
    why: str
    do: str
    rules: tuple[int, ...]


@dataclass(frozen=True)
class DeviceRows:
    """A device's findings: those that all say the same, those open, and those settled."""

    same: Same | None
    open: tuple[Row, ...]
    settled: tuple[Row, ...]


def device_rows(
    findings: Sequence[Finding],
    numbers: Mapping[str, int],
    row: Callable[[Finding], Row],
) -> DeviceRows:
    """The rows of one device; ``numbers`` gives the number of each rule, ``row`` what it says."""
    same = _same(findings, numbers)
    if same is not None:
        return DeviceRows(same, (), ())
    opened: list[Row] = []
    settled: list[Row] = []
    for one in map(row, findings):
        (opened if one.verdict in _OPEN_ORDER else settled).append(one)
    opened.sort(key=lambda one: (-one.severity.order, _OPEN_ORDER.index(one.verdict)))
    return DeviceRows(None, tuple(opened), tuple(settled))


def finding_row(
    numbers: Mapping[str, int],
    waiver_ends: Mapping[str, date],
    finding: Finding,
    *,
    compact: bool = False,
) -> Row:
    """The row of a finding; ``compact``: what is settled has its rule and verdict alone."""
    if compact and not finding.open:
        return Row(finding.verdict, finding.severity, numbers[finding.rule], (), 0, 0, ())
    return _row(finding, numbers[finding.rule], waiver_ends)


def _same(findings: Sequence[Finding], numbers: Mapping[str, int]) -> Same | None:
    first = findings[0] if findings else None
    if first is None or not first.open or not first.reasons or first.details:
        return None
    alike = all(
        one.verdict is first.verdict and one.reasons == first.reasons and not one.details
        for one in findings
    )
    if not alike:
        return None
    return Same(
        verdict=first.verdict,
        severity=max((one.severity for one in findings), key=lambda one: one.order),
        why=_explain(first.reasons[0]),
        do=what_to_do(first.reasons[0]),
        rules=tuple(sorted(numbers[one.rule] for one in findings)),
    )


def _explain(reason: Reason) -> str:
    cut = {"subject": cut_text(reason.subject, LONGEST), "detail": cut_text(reason.detail, LONGEST)}
    return explain(reason.model_copy(update=cut))


def _row(finding: Finding, number: int, waiver_ends: Mapping[str, date]) -> Row:
    judged_well = 0 if finding.verdict is Verdict.PASS else _count(finding, Verdict.PASS)
    shown = [one for one in finding.details if not judged_well or one.verdict is not Verdict.PASS]
    lines = tuple(merged_lines(shown))
    return Row(
        verdict=finding.verdict,
        severity=finding.severity,
        rule=number,
        lines=lines[:MOST_LINES],
        as_expected=judged_well,
        cut=max(0, len(lines) - MOST_LINES),
        notes=tuple(_notes(finding, waiver_ends)),
    )


def _count(finding: Finding, verdict: Verdict) -> int:
    return sum(1 for one in finding.details if one.verdict is verdict)


def merged_lines(details: Iterable[FindingDetail]) -> Iterator[Line]:
    """One line for everything that shows the same, in the order of the first of each."""
    same: dict[tuple[str, str], list[FindingDetail]] = {}
    for one in details:
        unread = one.verdict is Verdict.ERROR and _WHOLLY_UNREAD.fullmatch(one.observed)
        expected = show_expected(one.operator, cut_text(one.expected, LONGEST), one.quantifier)
        observed = cut_text(_observed(one), LONGEST)
        same.setdefault(("" if unread else expected, observed), []).append(one)
    for (expected, observed), found in same.items():
        keys = list(dict.fromkeys(cut_text(one.key, LONGEST) for one in found))
        reads = ", ".join(dict.fromkeys(cut_text(one.read, LONGEST) for one in found))
        yield Line(
            tuple(keys[:MOST_KEYS]), max(0, len(keys) - MOST_KEYS), reads, expected, observed
        )


def _observed(detail: FindingDetail) -> str:
    """What was observed; of several instances those that fail, each value with its instances."""
    failing: dict[str, list[str]] = {}
    prefix = f"{detail.key} ["
    for reason in detail.reasons:
        if reason.code not in _SHOWN_BY_VALUE or not reason.subject.startswith(prefix):
            return show_observed(detail.observed)
        value = "<absent>" if reason.code is ReasonCode.ABSENT else reason.detail
        name = reason.subject.removeprefix(prefix).removesuffix("]")
        failing.setdefault(show_observed(value), []).append(cut_text(name, LONGEST))
    told = [f"{value} ({_some(names)})" for value, names in failing.items()]
    return _("; ").join(told) or show_observed(detail.observed)


def _some(names: Sequence[str]) -> str:
    return ", ".join(name_shown(one) for one in names[:MOST_KEYS]) + (
        ", …" if len(names) > MOST_KEYS else ""
    )


def _notes(finding: Finding, waiver_ends: Mapping[str, date]) -> Iterator[str]:
    """Why, where the values do not say it, and what to do."""
    yield from _reasons(finding)
    if finding.verdict is not Verdict.FAIL:
        return
    if finding.waiver is not None:
        end = waiver_ends.get(finding.waiver)
        until = show_date(end) if end is not None else "?"
        yield _("Waiver {id}, until {end}.").format(id=finding.waiver, end=until)
    if finding.pending is not None:
        yield _("Configured, {pending}.").format(pending=pending_label(finding.pending))
    elif finding.fix is Fix.REMOTE and finding.enforced:
        yield _("The next “apply” mends it.")
    elif finding.fix is Fix.REMOTE:
        yield _("Recommended: applied on request.")
    else:
        yield _("To be mended: {how}.").format(how=_lower_first(fix_label(finding.fix)))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _reasons(finding: Finding) -> Iterator[str]:
    """Why, where the values beside it do not say it, and what to do about what is not known."""
    said = [
        one
        for one in finding.reasons
        if one.code not in _SHOWN_BY_VALUE or not finding.details
    ]  # fmt: skip
    told = list(dict.fromkeys(filter(None, (_why(one, finding) for one in said))))
    yield from told[:MOST_REASONS]
    if len(told) > MOST_REASONS:
        left = len(told) - MOST_REASONS
        yield counted(ngettext("{count} more reason.", "{count} more reasons.", left), left)
    if said and finding.verdict in {Verdict.ERROR, Verdict.NOT_CHECKED}:
        yield what_to_do(said[0])


def _why(reason: Reason, finding: Finding) -> str:
    """A reason told; of a value shown as not read, only what the device said of it."""
    if reason.code is not ReasonCode.UNREADABLE or not finding.details:
        return _explain(reason)
    said = reason.detail.partition(": ")[2]
    return _("The device said: “{words}”.").format(words=cut_text(said, LONGEST)) if said else ""
