"""Which changes of a plan may be made now. Nothing that may cut the way in, unless said so."""

from __future__ import annotations

from kit.model.plan import Change, DevicePlan, Refusal
from kit.model.verdict import Reason, ReasonCode


def _key(change: Change) -> str:
    return f"{change.kind}:{change.target}"


def guard(plan: DevicePlan, *, without_watchdog: bool) -> DevicePlan:
    """The plan with every change that must not be made moved to ``refused``.

    A change that may cut a way in needs ``without_watchdog``; what comes after a refused change
    is refused with it. Order is kept.
    """
    if without_watchdog:
        return plan
    kept: list[Change] = []
    refused: list[Refusal] = list(plan.refused)
    held: set[str] = {one.target for one in plan.refused}
    for change in plan.changes:
        blocked = sorted(held & set(change.after))
        reason = None
        if change.may_cut:
            ways = ", ".join(path.value for path in change.may_cut)
            reason = Reason(code=ReasonCode.WATCHDOG_NEEDED, subject=ways)
        elif blocked:
            reason = Reason(code=ReasonCode.BLOCKED_BY, subject=", ".join(blocked))
        if reason is None:
            kept.append(change)
        else:
            held.add(_key(change))
            refused.append(Refusal(rules=change.rules, target=_key(change), reason=reason))
    return plan.model_copy(update={"changes": tuple(kept), "refused": tuple(refused)})
