"""The sheet of one device: what it is, how far it was looked at, what the next apply would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from kit.model.device import Device, DeviceState
from kit.model.finding import Finding, Provenance
from kit.model.hardware import HardwareProfile
from kit.model.meta import Effective
from kit.model.plan import DevicePlan
from kit.model.snapshot import Snapshot
from kit.model.verdict import Pending, ReasonCode, Verdict
from kit.reporting.cutting import cut_text
from kit.reporting.data import DeviceSheet, PlanSheet, Standing, SupportSheet
from kit.reporting.results import result_of

_JUDGED = frozenset({Verdict.PASS, Verdict.FAIL})
# Reasons that hold for a whole device, in the order that decides when several are given.
_BY_REASON = (
    (ReasonCode.CLASS_NOT_COVERED, Standing.NOT_COVERED),
    (ReasonCode.MANAGED_BY_OTHER, Standing.MANAGED_BY_OTHER),
    (ReasonCode.NEVER_SEEN, Standing.NEVER_SEEN),
    (ReasonCode.TOO_OLD, Standing.TOO_OLD),
    (ReasonCode.DATED_AHEAD, Standing.TOO_OLD),
    (ReasonCode.NOT_REACHED, Standing.NOT_REACHED),
)


def standing_of(device: Device, findings: Sequence[Finding]) -> Standing:
    """How far a device was looked at, from its findings alone."""
    if not findings:
        removed = device.state is DeviceState.REMOVED
        return Standing.REMOVED if removed else Standing.NO_RESULT
    applicable = [one for one in findings if one.verdict is not Verdict.NOT_APPLICABLE]
    judged = sum(1 for one in applicable if one.verdict in _JUDGED)
    if judged == len(applicable):
        return Standing.READ
    if judged:
        return Standing.PARTLY_READ
    codes = {reason.code for one in applicable for reason in one.reasons}
    return next((standing for code, standing in _BY_REASON if code in codes), Standing.NOT_READ)


def plan_sheet(plan: DevicePlan | None) -> PlanSheet | None:
    """A device's plan in numbers; ``None`` when there is none, or it could not be made."""
    if plan is None or plan.not_known is not None:
        return None
    waiting = Counter(one.pending for one in plan.pending)
    return PlanSheet(
        changes=len(plan.changes),
        values=sum(len(change.values) for change in plan.changes),
        refused=len(plan.refused),
        by_hand=len(plan.by_hand),
        on_request=len(plan.on_request),
        pending={pending: waiting[pending] for pending in Pending if waiting[pending]},
        restart=any(change.effective is Effective.AFTER_REBOOT for change in plan.changes),
    )


def support_sheet(profile: HardwareProfile | None, today: date) -> SupportSheet | None:
    """The first support that ends for a model, if a date is known."""
    end = profile.support_end() if profile is not None else None
    if end is None:
        return None
    return SupportSheet(
        ends=end.ends, until=end.until, days_left=(end.until - today).days, verified=end.verified
    )


def _seconds(later: datetime, earlier: datetime | None) -> int | None:
    return int((later - earlier).total_seconds()) if earlier is not None else None


def _provenance(snapshot: Snapshot | None, findings: Sequence[Finding]) -> Provenance:
    """How the device's findings came to be known; constructed data is never hidden by others."""
    seen = {one.provenance for one in findings} - {Provenance.NONE}
    if Provenance.CONSTRUCTED in seen or (snapshot and snapshot.origin == "constructed"):
        return Provenance.CONSTRUCTED
    return min(seen, key=list(Provenance).index, default=Provenance.NONE)


def device_sheet(
    device: Device,
    findings: Sequence[Finding],
    snapshot: Snapshot | None,
    profile: HardwareProfile | None,
    plan: DevicePlan | None,
    missing_rules: Sequence[str],
    at: datetime,
    today: date,
) -> DeviceSheet:
    """Everything a report says about one device. ``today`` is the local day of ``at``."""
    standing = standing_of(device, findings)
    whole = bool(findings) and not missing_rules
    return DeviceSheet(
        id=device.id,
        asset_id=device.asset_id,
        device_class=device.device_class,
        platform=device.platform,
        post_role=device.post_role,
        model=profile.label if profile is not None else None,
        hardware_profile=device.hardware_profile,
        os=device.os,
        serial=device.serial,
        zone=device.zone,
        attached_to=device.attached_to,
        managed_by=device.managed_by,
        state=device.state,
        delivery=device.delivery.id if device.delivery is not None else None,
        purchased_on=device.purchased_on,
        standing=standing,
        outcome=snapshot.outcome if snapshot is not None else None,
        outcome_detail=cut_text(snapshot.detail) if snapshot is not None else "",
        taken_at=snapshot.taken_at if snapshot is not None else None,
        age=_seconds(at, snapshot.taken_at) if snapshot is not None else None,
        clock_offset=snapshot.clock_offset if snapshot is not None else None,
        provenance=_provenance(snapshot, findings),
        result=result_of(findings, complete=whole),
        missing_rules=tuple(sorted(missing_rules)),
        plan=plan_sheet(plan),
        support=support_sheet(profile, today),
    )
