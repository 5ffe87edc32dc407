"""The whole desired state of a device as changes, whatever the device shows: for stock projects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from kit.checking.judging import JudgedDevice, JudgedSetting
from kit.model.meta import Effective, Fix
from kit.model.observation import Observations
from kit.model.plan import Change
from kit.model.target import ArtefactKind, Target
from kit.model.verdict import Verdict
from kit.planning.order import in_order


def whole_state(judged: JudgedDevice) -> tuple[Change, ...]:
    """Every target of the enforced settings that can be mended remotely, whole and in order.

    As in a plan, what another manager owns is left out, a stricter value in a file is kept, and a
    live value that is accepted is not touched: another accepted one would be no better. Reloads
    are left out: files name what takes them in, so that a second run changes nothing.
    """
    desired = judged.desired
    if desired is None:
        return ()
    holders: dict[str, list[JudgedSetting]] = defaultdict(list)
    targets: dict[str, Target] = {}
    for one in judged.settings:
        if one.desired.meta.fix is not Fix.REMOTE:
            continue
        for target in one.desired.targets:
            targets.setdefault(target.key, target)
            if one not in holders[target.key]:
                holders[target.key].append(one)
    seen = judged.observations or {}
    changes = [
        _change(target, holders[key], seen)
        for key, target in sorted(targets.items())
        if _wanted(target, holders[key], seen)
    ]
    return in_order(changes, desired.settings)


def _wanted(
    target: Target, settings: Sequence[JudgedSetting], seen: Mapping[str, Observations]
) -> bool:
    if target.kind is ArtefactKind.RELOAD:
        return False
    if any(one.desired.setting.other_manager(seen) for one in settings):
        return False
    return target.kind is not ArtefactKind.SYSCTL or not _accepted(target, settings)


def _accepted(target: Target, settings: Sequence[JudgedSetting]) -> bool:
    verdicts = [
        detail.verdict
        for one in settings
        for detail in one.judgement.details
        if detail.read == target.answers
    ]
    return bool(verdicts) and set(verdicts) == {Verdict.PASS}


def _change(
    target: Target, settings: Sequence[JudgedSetting], seen: Mapping[str, Observations]
) -> Change:
    kind = type(settings[0].desired.setting)
    metas = [one.desired.meta for one in settings]
    written = kind.fitted(target, [one.desired.setting for one in settings], seen)
    return Change(
        kind=target.kind,
        target=target.id,
        phase=max(meta.phase for meta in metas),
        artefact=kind.render(target, written),
        values=(),
        rules=tuple(sorted({one.desired.rule.id for one in settings})),
        may_cut=tuple(sorted({path for meta in metas for path in meta.may_cut})),
        reversible=all(meta.reversible for meta in metas),
        effective=max((meta.effective for meta in metas), key=list(Effective).index),
    )
