"""Only what was agreed on: a fresh plan held against one that somebody has seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from kit.model.plan import Change, ChangedValue, DevicePlan, Refusal
from kit.model.verdict import Reason, ReasonCode
from kit.planning.schedule import key_of


def only_agreed(fresh: DevicePlan, agreed: DevicePlan) -> DevicePlan:
    """The changes of ``fresh`` that stand in ``agreed``, if the device still is as it was then.

    Where one old value no longer matches, or something else would be written, the whole device is
    refused: what was agreed on is not what would happen. A change whose target is as wanted by now
    is left out, and what ``agreed`` does not hold is never done.
    """
    kept, moved = _compared(fresh, agreed)
    if moved:
        reason = Reason(code=ReasonCode.PLAN_OUTDATED, subject=", ".join(moved))
        refused = tuple(
            Refusal(rules=one.rules, target=key_of(one), reason=reason) for one in agreed.changes
        )
        return fresh.model_copy(update={"changes": (), "refused": (*refused, *_of(fresh, agreed))})
    return fresh.model_copy(update={"changes": tuple(kept), "refused": _of(fresh, agreed)})


def still_agreed(fresh: DevicePlan, agreed: DevicePlan) -> DevicePlan:
    """What is left of ``agreed`` on a device that was interrupted.

    Its old values may be half done, so only what would be written has to be the same; a target
    that would become something else is refused by itself.
    """
    wanted = {key_of(one): one for one in agreed.changes}
    kept: list[Change] = []
    refused: list[Refusal] = []
    for one in fresh.changes:
        before = wanted.get(key_of(one))
        if before is None:
            continue
        if before.artefact == one.artefact:
            kept.append(one)
        else:
            reason = Reason(code=ReasonCode.PLAN_OUTDATED, subject=key_of(one))
            refused.append(Refusal(rules=one.rules, target=key_of(one), reason=reason))
    return fresh.model_copy(
        update={"changes": tuple(kept), "refused": (*refused, *_of(fresh, agreed))}
    )


def _compared(fresh: DevicePlan, agreed: DevicePlan) -> tuple[list[Change], list[str]]:
    now = {key_of(one): one for one in fresh.changes}
    moved = []
    for wanted in agreed.changes:
        found = now.get(key_of(wanted))
        if found is not None and not _as_seen(found, wanted):
            moved.append(key_of(wanted))
    keys = {key_of(one) for one in agreed.changes}
    return [one for one in fresh.changes if key_of(one) in keys], sorted(moved)


def _as_seen(found: Change, wanted: Change) -> bool:
    """Whether the same would be written over the same values.

    A plan of some rules names only their values; what else its targets hold is written with them.
    """
    return found.artefact == wanted.artefact and _values(wanted.values) <= _values(found.values)


def _values(values: Iterable[ChangedValue]) -> set[tuple[str, str, str, str, str]]:
    return {(one.setting, one.read, one.key, one.old, one.new) for one in values}


def _of(fresh: DevicePlan, agreed: DevicePlan) -> tuple[Refusal, ...]:
    """What the fresh plan itself refuses of what was agreed on."""
    keys = {key_of(one) for one in agreed.changes} | {one.target for one in agreed.refused}
    return tuple(one for one in fresh.refused if one.target in keys)
