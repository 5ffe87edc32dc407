"""Which changes of a plan may be made at all: none that would surely cut the last way in."""

from __future__ import annotations

from kit.model.plan import Change, DevicePlan, Refusal
from kit.model.verdict import Reason, ReasonCode
from kit.planning.cutting import WayIn, cut_by
from kit.planning.watching import restorable


def _key(change: Change) -> str:
    return f"{change.kind}:{change.target}"


def guard(plan: DevicePlan, *, way: WayIn | None = None, shut_out: str = "") -> DevicePlan:
    """The plan with every change that must not be made moved to ``refused``.

    ``way`` is how the device is reached, ``None`` when it is not. ``shut_out`` is the address the
    controller comes from when the firewall planned would not admit it (law 6). A change that may
    cut a way in is refused when it surely does, and when no watchdog could bring back what was
    there before. What comes after a refused change is refused with it. Order is kept.
    """
    kept: list[Change] = []
    refused: list[Refusal] = list(plan.refused)
    held: set[str] = {one.target for one in plan.refused}
    for change in plan.changes:
        reason = _held_back(change, held, way, shut_out)
        if reason is None:
            kept.append(change)
        else:
            held.add(_key(change))
            refused.append(Refusal(rules=change.rules, target=_key(change), reason=reason))
    return plan.model_copy(update={"changes": tuple(kept), "refused": tuple(refused)})


def _held_back(change: Change, held: set[str], way: WayIn | None, shut_out: str) -> Reason | None:
    if shut_out and any(value.setting.startswith("firewall:") for value in change.values):
        return Reason(code=ReasonCode.CONTROLLER_SHUT_OUT, subject=shut_out)
    cut = cut_by(change, way) if way is not None else ""
    if cut:
        return Reason(code=ReasonCode.WOULD_CUT_WAY_IN, subject=cut)
    if change.may_cut and not restorable(change):
        ways = ", ".join(path.value for path in change.may_cut)
        return Reason(code=ReasonCode.WATCHDOG_NEEDED, subject=ways)
    blocked = sorted(held & set(change.after))
    if blocked:
        return Reason(code=ReasonCode.BLOCKED_BY, subject=", ".join(blocked))
    return None
