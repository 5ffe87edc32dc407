"""What to do, and what first: every open finding that nobody answers for, as a task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kit.checking.reasons import UNREAD_CODES, unread_code
from kit.model.finding import Finding
from kit.model.meta import Fix
from kit.model.verdict import Pending, Reason, ReasonCode, Verdict
from kit.reporting.cutting import cut_text
from kit.reporting.data import Action, Task, TaskKind
from kit.reporting.declared import DeclaredSheet, MatterSheet

_BY_FIX = {
    Fix.BY_HAND: TaskKind.BY_HAND,
    Fix.AT_INSTALL: TaskKind.AT_INSTALL,
    Fix.PURCHASE: TaskKind.PURCHASE,
}
_BY_REASON = {
    ReasonCode.NOT_REACHED: TaskKind.REACH,
    ReasonCode.NEVER_SEEN: TaskKind.REACH,
    ReasonCode.TOO_OLD: TaskKind.REACH,
    ReasonCode.DATED_AHEAD: TaskKind.REACH,
    ReasonCode.SITE_VALUE_MISSING: TaskKind.GIVE_VALUE,
    ReasonCode.CLASS_NOT_COVERED: TaskKind.VERIFY,
    ReasonCode.MANAGED_BY_OTHER: TaskKind.THIRD_PARTY,
    ReasonCode.AWAITING_EVIDENCE: TaskKind.EVIDENCE,
    ReasonCode.REFUSED: TaskKind.READ,
}


_TO_DECLARE = frozenset({Verdict.FAIL, Verdict.NOT_CHECKED})


class _Key(NamedTuple):
    """What findings of one task have in common."""

    kind: TaskKind
    rule: str
    reason: ReasonCode | None = None
    subject: str = ""


def _key(finding: Finding) -> _Key | None:
    """The task a finding belongs to; ``None`` when there is nothing to do about it."""
    if not finding.open or (finding.verdict is Verdict.FAIL and finding.waiver is not None):
        return None
    if finding.verdict is Verdict.FAIL:
        return _Key(_fail_kind(finding), finding.rule)
    reason = finding.reasons[0] if finding.reasons else None
    kind = _BY_REASON.get(reason.code, TaskKind.READ) if reason else TaskKind.READ
    if reason is not None and reason.code in _BY_REASON:
        return _Key(kind, "", reason.code, _subject(reason))
    unread = unread_code(reason) if reason and reason.code in UNREAD_CODES else None
    if unread is not None:
        return _Key(kind, "", ReasonCode.UNREADABLE, unread.value)
    return _Key(kind, finding.rule)


def _subject(reason: Reason) -> str:
    """What tells two tasks of one reason apart; the device's own words never do."""
    alike = {ReasonCode.NEVER_SEEN, ReasonCode.TOO_OLD}
    return "" if reason.code in alike else cut_text(reason.subject)


def _fail_kind(finding: Finding) -> TaskKind:
    if finding.pending is not None:
        return TaskKind.RESTART if finding.pending is Pending.REBOOT else TaskKind.WAIT
    if finding.fix is Fix.REMOTE:
        return TaskKind.APPLY if finding.enforced else TaskKind.DECIDE
    return _BY_FIX[finding.fix]


def _task(key: _Key, findings: Sequence[Finding]) -> Task:
    return Task(
        rule=key.rule or None,
        reason=key.reason,
        subject=key.subject,
        rules=len({one.rule for one in findings}),
        severity=max((one.severity for one in findings), key=lambda one: one.order),
        devices=_devices(findings),
        findings=len(findings),
    )


def _devices(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted({one.subject.id for one in findings}))


def _gravest_first(task: Task) -> tuple[int, int, str, str]:
    return (-task.severity.order, -len(task.devices), task.rule or "", task.subject)


def actions_of(
    findings: Sequence[Finding], declared: DeclaredSheet | None = None
) -> tuple[Action, ...]:
    """The to-do list: gravest severity first, then most devices, then the order of the kinds.

    A waived failure is nothing to do; it stands among the waivers. What is to be declared again,
    or is contradicted, concerns the whole site: it comes first among its equals.
    """
    by_task: dict[_Key, list[Finding]] = defaultdict(list)
    for one in findings:
        key = _key(one)
        if key is not None:
            by_task[key].append(one)
    by_kind: dict[TaskKind, list[Finding]] = defaultdict(list)
    tasks: dict[TaskKind, list[Task]] = defaultdict(list)
    for key, found in by_task.items():
        by_kind[key.kind] += found
        tasks[key.kind].append(_task(key, found))
    actions = [
        Action(
            kind=kind,
            severity=max((task.severity for task in tasks[kind]), key=lambda one: one.order),
            devices=_devices(found),
            findings=len(found),
            tasks=tuple(sorted(tasks[kind], key=_gravest_first)),
        )
        for kind, found in by_kind.items()
    ]
    kinds = list(TaskKind)
    matters = [one for one in declared.matters if one.verdict in _TO_DECLARE] if declared else []
    actions += [_declare(matters)] if matters else []
    pressing = any(one.said_before for one in matters)
    everything = 1 + max((len(one.devices) for one in actions), default=0)

    def rank(action: Action) -> tuple[int, int, int]:
        whole = action.kind is TaskKind.DECLARE and pressing
        width = everything if whole else len(action.devices)
        return -action.severity.order, -width, kinds.index(action.kind)

    return tuple(sorted(actions, key=rank))


def _declare(matters: Sequence[MatterSheet]) -> Action:
    by_rule: dict[str, list[MatterSheet]] = defaultdict(list)
    for one in matters:
        by_rule[one.rule].append(one)
    tasks = [
        Task(
            rule=rule, reason=None, subject="", rules=1, severity=found[0].severity, devices=(),
            findings=len(found),
        )
        for rule, found in by_rule.items()
    ]  # fmt: skip
    pressing = {one.rule for one in matters if one.said_before}
    tasks.sort(key=lambda one: (-one.severity.order, one.rule not in pressing, one.rule or ""))
    return Action(
        kind=TaskKind.DECLARE,
        severity=max((one.severity for one in tasks), key=lambda one: one.order),
        devices=(),
        findings=len(matters),
        tasks=tuple(tasks),
    )
