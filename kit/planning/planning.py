"""The plan of one device: differences select targets, targets are written whole, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from kit.checking.judging import JudgedDevice, JudgedSetting, show_observation
from kit.desired.resolution import Desired, DesiredSetting
from kit.model.meta import Effective, Fix
from kit.model.observation import Observation, Observations, Unread, Unreadable
from kit.model.plan import ByHand, Change, ChangedValue, DevicePlan, PendingChange, Refusal
from kit.model.setting import Setting
from kit.model.target import Target
from kit.model.verdict import Reason, ReasonCode, Verdict
from kit.planning.order import in_order
from kit.planning.requiring import differing, unmet

Selects = Callable[[DesiredSetting], bool]
Goal = Mapping[str, Mapping[str, Observations]]  # slot -> read -> what it will show


def everything(_setting: DesiredSetting) -> bool:
    """Select every difference."""
    return True


def plan_device(judged: JudgedDevice, snapshot: str, selects: Selects = everything) -> DevicePlan:
    """What would be done to one device. ``snapshot`` is the digest of what was judged.

    ``selects`` chooses which differences select targets; a selected target is still written with
    every desired setting it holds.
    """
    desired = judged.desired
    if desired is None:
        reason = next((one.reasons[0] for one in judged.findings if one.reasons), None)
        unknown = reason or Reason(code=ReasonCode.NEVER_SEEN)
        return DevicePlan(device=judged.device.id, snapshot=snapshot, not_known=unknown)
    planned = _planned(judged.settings, selects)
    selected: dict[str, Target] = {}
    for one in planned:
        for target in differing(one):
            selected.setdefault(target.key, target)
    selected |= _upset(judged.settings, planned, selected)
    changes, refused = _changes(judged, desired, selected, planned)
    return DevicePlan(
        device=judged.device.id,
        snapshot=snapshot,
        changes=in_order(changes, desired.settings),
        refused=refused,
        by_hand=tuple(_by_hand(judged)),
        on_request=tuple(
            one.rule
            for one in judged.findings
            if one.verdict is Verdict.FAIL and one.fix is Fix.REMOTE and not one.enforced
        ),
        pending=tuple(
            PendingChange(rule=one.rule, pending=one.pending)
            for one in judged.findings
            if one.pending is not None
        ),
    )


def _planned(settings: Sequence[JudgedSetting], selects: Selects) -> list[JudgedSetting]:
    """Settings that differ and can be mended remotely.

    A setting that cannot be read because its program is missing is planned too when what it
    requires is (the package that brings the program): one apply is then enough.
    """
    wanted = [
        one
        for one in settings
        if one.desired.targets and one.desired.meta.fix is Fix.REMOTE and selects(one.desired)
    ]
    planned = [one for one in wanted if one.judgement.verdict is Verdict.FAIL and not one.pending]
    while True:
        coming = {one.desired.setting.slot() for one in planned}
        coming |= {one.desired.rule.id for one in planned}
        more = [
            one
            for one in wanted
            if one not in planned
            and one.judgement.verdict is Verdict.ERROR
            and coming & set(one.desired.meta.requires)
            and _only_missing_programs(one)
        ]
        if not more:
            return planned
        planned += more


def _only_missing_programs(one: JudgedSetting) -> bool:
    unknown = [d.observed for d in one.judgement.details if d.verdict is Verdict.ERROR]
    return all(
        isinstance(seen, Unreadable) and seen.reason is Unread.MISSING_BINARY for seen in unknown
    )


def _upset(
    settings: Sequence[JudgedSetting],
    planned: Sequence[JudgedSetting],
    selected: Mapping[str, Target],
) -> dict[str, Target]:
    """Targets that hold now and would no longer, once the selected ones are touched."""
    touched = [
        (one.desired.setting, target)
        for one in planned
        for target in one.desired.targets
        if target.key in selected
    ]
    return {
        other.key: other
        for one in settings
        if one.desired.meta.fix is Fix.REMOTE
        for other in one.desired.targets
        if other.key not in selected
        and any(
            isinstance(one.desired.setting, type(setting)) and setting.upsets(target, other)
            for setting, target in touched
        )
    }


def _changes(
    judged: JudgedDevice,
    desired: Desired,
    selected: Mapping[str, Target],
    planned: Sequence[JudgedSetting],
) -> tuple[list[Change], tuple[Refusal, ...]]:
    first = unmet(judged.settings, planned, selected)
    holders: dict[str, list[JudgedSetting]] = defaultdict(list)
    for one in judged.settings:
        for held in dict.fromkeys(target.key for target in one.desired.targets):
            holders[held].append(one)
    changes: list[Change] = []
    refused: list[Refusal] = []
    for key, target in sorted(selected.items()):
        settings = holders[key]
        owner = _other_manager(settings, judged)
        if owner:
            reason = Reason(code=ReasonCode.OTHER_MANAGER, subject=owner)
            refused.append(Refusal(rules=_rules(settings), target=key, reason=reason))
        elif key in first:
            reason = Reason(code=ReasonCode.RULE_FIRST, subject=", ".join(first[key]))
            asking = [one for one in settings if one in planned]
            refused.append(Refusal(rules=_rules(asking), target=key, reason=reason))
        else:
            changes.append(_change(target, settings, planned, desired, judged.observations or {}))
    return changes, tuple(refused)


def _other_manager(settings: Sequence[JudgedSetting], judged: JudgedDevice) -> str:
    seen = judged.observations or {}
    names = {one.desired.setting.other_manager(seen) for one in settings} - {""}
    return ", ".join(sorted(names))


def _rules(settings: Iterable[JudgedSetting]) -> tuple[str, ...]:
    return tuple(sorted({one.desired.rule.id for one in settings}))


def _change(
    target: Target,
    settings: Sequence[JudgedSetting],
    planned: Sequence[JudgedSetting],
    desired: Desired,
    seen: Mapping[str, Observations],
) -> Change:
    differing = [one for one in settings if one in planned]
    metas = [one.desired.meta for one in settings]
    kind = type(settings[0].desired.setting)
    wanted = [one.desired.setting for one in settings]
    written = kind.fitted(target, wanted, seen)
    goal = desired.goal if written is wanted else {**desired.goal, **_goal_of(written)}
    cuts = sorted({path for meta in metas for path in meta.may_cut})
    return Change(
        kind=target.kind,
        target=target.id,
        phase=max(meta.phase for meta in metas),
        artefact=kind.render(target, written),
        values=tuple(value for one in differing for value in _values(one, target, goal)),
        rules=_rules(differing or settings),
        along=tuple(
            sorted(one.desired.setting.values_shown() for one in settings if one not in differing)
        ),
        may_cut=tuple(cuts),
        reversible=all(meta.reversible for meta in metas),
        effective=max((meta.effective for meta in metas), key=list(Effective).index),
    )


def _goal_of(written: Sequence[Setting]) -> Goal:
    """What the slots show once these settings are in place, fitted to the device as they are."""
    slots: dict[str, list[Setting]] = defaultdict(list)
    for one in written:
        slots[one.slot()].append(one)
    return {slot: type(held[0]).combined(held) for slot, held in slots.items()}


def _values(one: JudgedSetting, target: Target, goal: Goal) -> Iterable[ChangedValue]:
    wanted = goal.get(one.desired.setting.slot(), {})
    shows = {held.answers for held in one.desired.targets if held.key == target.key}
    for detail in one.judgement.details:
        if detail.read not in shows or detail.verdict is Verdict.PASS:
            continue
        new: Observation | None = wanted.get(detail.read, {}).get(detail.key)
        yield ChangedValue(
            rule=one.desired.rule.id,
            setting=one.desired.setting.slot(),
            read=detail.read,
            key=detail.key,
            old=show_observation(detail.observed),
            new=show_observation(new) if new is not None else one.desired.setting.values_shown(),
        )


def _by_hand(judged: JudgedDevice) -> Iterable[ByHand]:
    """Failures no target of ours can mend: by hand, at install, by purchase.

    A failure that is meant to be mended remotely but whose differing read no target answers is
    one of them: somebody must look.
    """
    mendable = {one.desired.rule.id for one in judged.settings if any(True for _ in differing(one))}
    for one in judged.findings:
        if one.verdict is not Verdict.FAIL or one.pending is not None:
            continue
        if one.fix is not Fix.REMOTE:
            yield ByHand(rule=one.rule, fix=one.fix, reasons=one.reasons)
        elif one.enforced and one.rule not in mendable:
            yield ByHand(rule=one.rule, fix=Fix.BY_HAND, reasons=one.reasons)
