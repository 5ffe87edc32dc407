"""Findings of one device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from kit.catalogue.registry import owned_files
from kit.checking.freshness import not_fresh
from kit.checking.leftovers import leftover_details
from kit.checking.observing import facts_of, observe
from kit.checking.standing import (
    covered_finding,
    leftover_finding,
    profile_finding,
    watchdog_finding,
)
from kit.checking.waivers import local_day, waived_rules
from kit.desired.resolution import (
    FILES_READ,
    Desired,
    DesiredSetting,
    Undecided,
    file_key,
)
from kit.desired.resolver import Resolver
from kit.desired.selection import not_covered, selected_rules
from kit.model.catalogue import Catalogue
from kit.model.contribution import NOTHING_ADDED, Contributions
from kit.model.device import Device
from kit.model.finding import Finding, FindingDetail, Provenance, Subject, SubjectKind
from kit.model.hardware import HardwareProfile
from kit.model.meta import Effective, Fix
from kit.model.observation import Absent, Instances, Observation, Observations, Observed
from kit.model.operators import Operator
from kit.model.rule import Baseline, Rule
from kit.model.setting import Detail, Judgement, show_value
from kit.model.site import Site
from kit.model.snapshot import NOBODY_LOOKED, Outcome, Snapshot
from kit.model.verdict import Pending, Reason, ReasonCode, Verdict, worst
from kit.model.waiver import Waiver
from kit.reads.watchdog_files import watchdog_files

_PENDING = {
    Effective.AFTER_REBOOT: Pending.REBOOT,
    Effective.RELOGIN: Pending.RELOGIN,
    Effective.BY_LATER_EVIDENCE: Pending.MDM_SYNC,
}
_VALUELESS = {Operator.PRESENT, Operator.ABSENT, Operator.EMPTY, Operator.NOT_EMPTY}


@dataclass(frozen=True)
class JudgedSetting:
    """A desired setting with its judgement; what planning and findings are both made from."""

    desired: DesiredSetting
    judgement: Judgement
    pending: Pending | None = None


@dataclass(frozen=True)
class JudgedDevice:
    """Everything that follows from one snapshot of one device.

    ``desired`` and ``settings`` are empty when the device could not be judged at all.
    """

    device: Device
    findings: tuple[Finding, ...]
    settings: tuple[JudgedSetting, ...] = ()
    desired: Desired | None = None
    observations: Mapping[str, Observations] | None = None


@dataclass(frozen=True)
class Context:
    """What is the same for every device of a check. ``at`` is an aware date and time.

    ``hide`` puts names of people out of each finding.
    """

    catalogue: Catalogue
    baseline: Baseline
    site: Site
    waivers: tuple[Waiver, ...]
    at: datetime
    contributions: Contributions = NOTHING_ADDED
    hide: Callable[[Finding], Finding] | None = None

    @cached_property
    def resolver(self) -> Resolver:
        """Resolves this site's devices, each distinct kind once."""
        return Resolver(self.catalogue, self.baseline, self.site, self.contributions)

    @cached_property
    def _waived(self) -> tuple[tuple[Waiver, frozenset[str]], ...]:
        """The waivers that hold on the local day of the check, with their rules, by id."""
        day = local_day(self.at, self.site.timezone)
        return tuple(
            (waiver, waived_rules(waiver, self.catalogue))
            for waiver in sorted(self.waivers, key=lambda one: one.id)
            if waiver.holds_on(day)
        )

    def waiver_for(self, rule: str, device: Device) -> str | None:
        """The id of a waiver that stands for this failure on the local day of the check."""
        for waiver, rules in self._waived:
            if rule in rules and waiver.in_scope(device.id, device.post_role):
                return waiver.id
        return None


def judge_device(
    context: Context,
    device: Device,
    snapshot: Snapshot | None,
    profile: HardwareProfile | None = None,
) -> JudgedDevice:
    """Judge one device on one snapshot (``None``: it was never collected).

    Raises ``ContradictoryRules`` when its rules contradict each other.
    """
    uncovered = not_covered(device)
    if uncovered is not None:
        finding = covered_finding(context.catalogue, device, uncovered)
        return JudgedDevice(device, (finding,))
    unread = _unread(context, device, snapshot)
    if unread is not None or snapshot is None:
        verdict, reason = unread or (Verdict.NOT_CHECKED, Reason(code=ReasonCode.NEVER_SEEN))
        return JudgedDevice(device, tuple(_unread_findings(context, device, verdict, reason)))
    facts = facts_of(snapshot)
    desired = context.resolver.resolve(device, facts)
    observations = observe(snapshot, desired.wanted)
    judged = tuple(_judge(one, observations, device) for one in desired.settings)
    provenance = Provenance(snapshot.origin)
    paths = (*owned_files(device.platform), *watchdog_files(device.platform))
    files = observe(snapshot, {FILES_READ: frozenset(map(file_key, paths))})[FILES_READ]
    left = leftover_details(desired, files, observations)
    findings = [
        *_findings(context, device, judged, provenance, snapshot.taken_at),
        *(
            _undecided_finding(context, device, one, provenance, snapshot.taken_at)
            for one in desired.undecided
        ),
        *profile_finding(context.catalogue, device, facts, profile, provenance, snapshot.taken_at),
        *leftover_finding(context.catalogue, device, left, provenance, snapshot.taken_at),
        *watchdog_finding(context.catalogue, device, files, provenance, snapshot.taken_at),
    ]
    findings.sort(key=lambda one: one.rule)
    if context.hide is not None:
        findings = [context.hide(one) for one in findings]
    return JudgedDevice(device, tuple(findings), judged, desired, observations)


def _unread(
    context: Context, device: Device, snapshot: Snapshot | None
) -> tuple[Verdict, Reason] | None:
    if device.managed_by is not None:
        reason = Reason(code=ReasonCode.MANAGED_BY_OTHER, subject=device.managed_by)
        return Verdict.NOT_CHECKED, reason
    if snapshot is None:
        return Verdict.NOT_CHECKED, Reason(code=ReasonCode.NEVER_SEEN)
    dated = not_fresh(context.site, snapshot, context.at)
    if dated is not None:
        return Verdict.NOT_CHECKED, dated
    if snapshot.outcome is Outcome.DONE:
        return None
    looked = snapshot.outcome not in NOBODY_LOOKED
    reason = Reason(
        code=ReasonCode.REFUSED if looked else ReasonCode.NOT_REACHED,
        subject=snapshot.outcome.value,
        detail=snapshot.detail,
    )
    return (Verdict.ERROR if looked else Verdict.NOT_CHECKED), reason


def _judge(
    one: DesiredSetting, observations: Mapping[str, Observations], device: Device
) -> JudgedSetting:
    judgement = one.setting.answer(observations, one.questions)
    failing = {detail.read for detail in judgement.details if detail.verdict is Verdict.FAIL}
    waits = (
        judgement.verdict is Verdict.FAIL
        and one.enforced
        and bool(one.targets)
        and not failing & {target.answers for target in one.targets}
    )
    pending = _PENDING.get(one.meta.effective) if waits else None
    if pending is not None and one.setting.had_its_moment(observations):
        return JudgedSetting(one, _not_taken(judgement))
    return JudgedSetting(one, judgement, pending)


def _not_taken(judgement: Judgement) -> Judgement:
    """The failure of what has nothing to wait for any more, and says so."""
    return Judgement(
        tuple(
            replace(
                detail,
                reasons=(
                    *detail.reasons,
                    Reason(code=ReasonCode.NOT_TAKEN, subject=detail.key),
                ),
            )
            if detail.verdict is Verdict.FAIL
            else detail
            for detail in judgement.details
        )
    )


def _findings(
    context: Context,
    device: Device,
    judged: Sequence[JudgedSetting],
    provenance: Provenance,
    at: datetime,
) -> Iterable[Finding]:
    by_rule: dict[str, list[JudgedSetting]] = defaultdict(list)
    for one in judged:
        by_rule[one.desired.rule.id].append(one)
    for rule_id, settings in sorted(by_rule.items()):
        first = settings[0].desired
        verdict = worst(one.judgement.verdict for one in settings)
        details = tuple(
            _detail(one.desired, detail) for one in settings for detail in one.judgement.details
        )
        failing = [one for one in settings if one.judgement.verdict is not Verdict.PASS]
        waiting = [one.pending for one in failing]
        yield Finding(
            subject=Subject(kind=SubjectKind.DEVICE, id=device.id),
            rule=rule_id,
            theme=first.rule.theme,
            severity=first.rule.severity,
            tier=first.rule.tier,
            verdict=verdict,
            enforced=first.enforced,
            fix=_fix(settings),
            pending=waiting[0] if waiting and all(waiting) else None,
            waiver=context.waiver_for(rule_id, device) if verdict is Verdict.FAIL else None,
            reasons=tuple(reason for detail in details for reason in detail.reasons),
            details=details,
            provenance=provenance,
            observed_at=at,
        )


def _fix(settings: Sequence[JudgedSetting]) -> Fix:
    """Who mends what fails; a setting nothing is enforced for is mended by hand."""
    failing = [one for one in settings if one.judgement.verdict is Verdict.FAIL] or settings
    fixes = {
        Fix.BY_HAND
        if one.desired.meta.fix is Fix.REMOTE and not one.desired.enforceable
        else one.desired.meta.fix
        for one in failing
    }
    order = (Fix.PURCHASE, Fix.AT_INSTALL, Fix.BY_HAND, Fix.REMOTE)
    return next(fix for fix in order if fix in fixes)


def show_observation(observation: Observation) -> str:
    """An observation in a few words; codes for what is not a value are in angle brackets."""
    if isinstance(observation, Observed):
        return show_value(observation.value)
    if isinstance(observation, Absent):
        return "<absent>"
    if isinstance(observation, Instances):
        shown = [f"{name}: {show_observation(o)}" for name, o in sorted(observation.items.items())]
        return "; ".join(shown) or "<none>"
    return f"<{observation.reason}>"


def _detail(one: DesiredSetting, detail: Detail) -> FindingDetail:
    valueless = detail.expected.op in _VALUELESS
    # Built without validation: every field is made right here, and there are many of them.
    return FindingDetail.model_construct(
        setting=one.slot,
        read=detail.read,
        key=detail.key,
        verdict=detail.verdict,
        operator=detail.expected.op.value,
        quantifier=one.setting.quantifier.value,
        expected="" if valueless else show_value(detail.expected.value),
        observed=show_observation(detail.observed),
        reasons=detail.reasons,
    )


def _undecided_finding(
    context: Context, device: Device, one: Undecided, provenance: Provenance, at: datetime
) -> Finding:
    del context
    return _bare(device, one.rule, one.verdict, one.reason, one.enforced, provenance, at)


def _unread_findings(
    context: Context, device: Device, verdict: Verdict, reason: Reason
) -> Iterable[Finding]:
    rules = selected_rules(context.catalogue, context.baseline, context.site, device)
    for selected in rules:
        yield _bare(
            device, selected.rule, verdict, reason, selected.enforced, Provenance.NONE, None
        )


def _bare(
    device: Device,
    rule: Rule,
    verdict: Verdict,
    reason: Reason,
    enforced: bool,
    provenance: Provenance,
    at: datetime | None,
) -> Finding:
    return Finding(
        subject=Subject(kind=SubjectKind.DEVICE, id=device.id),
        rule=rule.id,
        theme=rule.theme,
        severity=rule.severity,
        tier=rule.tier,
        verdict=verdict,
        enforced=enforced,
        fix=rule.platforms[device.platform].meta.fix or Fix.REMOTE,
        reasons=(reason,),
        provenance=provenance,
        observed_at=at,
    )
