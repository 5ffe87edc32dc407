"""The whole desired state of a device as changes, whatever the device shows: for stock projects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from kit.desired.resolution import Desired, DesiredSetting
from kit.model.meta import Effective, Fix
from kit.model.observation import Observations
from kit.model.plan import Change
from kit.model.target import ArtefactKind, Target
from kit.planning.order import in_order


def whole_state(desired: Desired, seen: Mapping[str, Observations]) -> tuple[Change, ...]:
    """Every target of the enforced settings that can be mended remotely, whole and in order.

    ``seen`` are the observations the facts come from: values that are stricter on the device than
    wanted stay so, and what another manager owns is left out, as in a plan. Reloads are left out:
    files name what takes them in, so that a second run changes nothing.
    """
    holders: dict[str, list[DesiredSetting]] = defaultdict(list)
    targets: dict[str, Target] = {}
    for one in desired.settings:
        if one.meta.fix is not Fix.REMOTE:
            continue
        for target in one.targets:
            targets.setdefault(target.key, target)
            if one not in holders[target.key]:
                holders[target.key].append(one)
    changes = [
        _change(target, holders[key], seen)
        for key, target in sorted(targets.items())
        if target.kind is not ArtefactKind.RELOAD
        and not any(one.setting.other_manager(seen) for one in holders[key])
    ]
    return in_order(changes, desired.settings)


def _change(
    target: Target, settings: list[DesiredSetting], seen: Mapping[str, Observations]
) -> Change:
    kind = type(settings[0].setting)
    metas = [one.meta for one in settings]
    written = kind.fitted(target, [one.setting for one in settings], seen)
    return Change(
        kind=target.kind,
        target=target.id,
        phase=max(meta.phase for meta in metas),
        artefact=kind.render(target, written),
        values=(),
        rules=tuple(sorted({one.rule.id for one in settings})),
        may_cut=tuple(sorted({path for meta in metas for path in meta.may_cut})),
        reversible=all(meta.reversible for meta in metas),
        effective=max((meta.effective for meta in metas), key=list(Effective).index),
    )
