"""Collect, check, plan. Imports no engine: what is here cannot write to a device."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kit.checking.judging import Context, JudgedDevice, judge_device
from kit.desired.resolution import Requests, requests
from kit.desired.selection import not_covered
from kit.model.device import Device, DeviceState
from kit.model.finding import Finding
from kit.model.hardware import HardwareProfile
from kit.model.plan import DevicePlan, Plan
from kit.model.record import canonical
from kit.model.snapshot import Snapshot
from kit.planning.planning import Selects, everything, plan_device

Collect = Callable[[Sequence[tuple[Device, Requests]]], Mapping[str, Snapshot]]
"""Collects the devices given, each with what to read; device id -> snapshot, for every device."""


@dataclass(frozen=True)
class Reading:
    """What one reading of a site brought: snapshots, findings and plans, by device id."""

    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    judged: Mapping[str, JudgedDevice] = field(default_factory=dict)
    plans: Mapping[str, DevicePlan] = field(default_factory=dict)

    def findings(self) -> dict[str, tuple[Finding, ...]]:
        """Device id -> its findings."""
        return {device: one.findings for device, one in sorted(self.judged.items())}


def digest_of(snapshot: Snapshot | None) -> str:
    """The digest a plan names its snapshot with; empty when there is none."""
    return hashlib.sha256(canonical(snapshot)).hexdigest() if snapshot is not None else ""


def collectable(device: Device) -> bool:
    """Whether a collector can be sent to it: class covered, ours to administer, with an address."""
    return (
        not_covered(device) is None
        and device.managed_by is None
        and device.state is not DeviceState.REMOVED
    )


def wanted_reads(
    context: Context, devices: Iterable[Device]
) -> tuple[tuple[Device, Requests], ...]:
    """Every device a collector can be sent to, with what to read there."""
    known: dict[tuple[str, str, str | None, str], Requests] = {}  # the same for a kind of device
    wanted = []
    for device in sorted(filter(collectable, devices), key=lambda one: one.id):
        given = context.contributions.sign(device.id)
        kind = (device.platform.value, device.device_class.value, device.post_role, given)
        if kind not in known:
            known[kind] = requests(
                context.catalogue, context.baseline, context.site, device, context.contributions
            )
        wanted.append((device, known[kind]))
    return tuple(wanted)


def read_site(
    context: Context,
    devices: Iterable[Device],
    profiles: Mapping[str, HardwareProfile],
    collect: Collect,
    selects: Selects = everything,
) -> Reading:
    """Collect every device that can be, judge and plan all of them.

    Removed devices are left out. Raises ``ContradictoryRules`` before anything is collected when
    it can be seen then, and after otherwise.
    """
    present = [one for one in devices if one.state is not DeviceState.REMOVED]
    wanted = wanted_reads(context, present)
    snapshots = collect(wanted) if wanted else {}
    return judge_site(context, present, profiles, snapshots, selects)


def judge_site(
    context: Context,
    devices: Iterable[Device],
    profiles: Mapping[str, HardwareProfile],
    snapshots: Mapping[str, Snapshot],
    selects: Selects = everything,
) -> Reading:
    """Judge and plan devices on snapshots at hand; a device without one was never seen."""
    judged: dict[str, JudgedDevice] = {}
    plans: dict[str, DevicePlan] = {}
    for device in sorted(devices, key=lambda one: one.id):
        snapshot = snapshots.get(device.id)
        profile = profiles.get(device.hardware_profile) if device.hardware_profile else None
        judged[device.id] = judge_device(context, device, snapshot, profile)
        plans[device.id] = plan_device(judged[device.id], digest_of(snapshot), selects)
    return Reading(dict(snapshots), judged, plans)


def site_plan(context: Context, reading: Reading, tool_version: str) -> Plan:
    """The plan of a whole site, as it is written to a file."""
    return Plan(
        site=context.site.id,
        baseline=f"{context.baseline.id} {context.baseline.version}",
        baseline_digest=context.catalogue.digest,
        made_at=context.at,
        tool_version=tool_version,
        devices=tuple(plan for _device, plan in sorted(reading.plans.items())),
    )
