"""Write the desired state of a site as projects that people without the kit can run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kit.app.collecting import inside_address
from kit.app.opening import OpenSite
from kit.app.packs import package_file
from kit.checking.judging import Context, judge_device
from kit.collectors.batch import Batch, Variables, compose
from kit.collectors.failures import Failure
from kit.collectors.limits import Limits
from kit.collectors.routes import find_route
from kit.desired.resolution import Requests
from kit.generation.inventories import SiteInventory
from kit.generation.projects import (
    PLACEHOLDER_NONCE,
    HostProject,
    Project,
    project_files,
    write_project,
)
from kit.i18n import _
from kit.loop.applying import stock_scripts, stock_steps
from kit.loop.reading import wanted_reads
from kit.model.artefact import PinnedPackageArtefact, ReloadArtefact
from kit.model.device import Device, DeviceState
from kit.model.plan import Change, DevicePlan
from kit.model.snapshot import Outcome, Snapshot
from kit.planning.guarding import guard
from kit.planning.schedule import Step, key_of, steps
from kit.planning.whole import whole_state
from kit.store.store import Store


@dataclass(frozen=True)
class Generated:
    """The files written, the hosts in them, and why other devices have no desired state there."""

    files: tuple[Path, ...]
    hosts: tuple[str, ...]
    left_out: Mapping[str, str]


def last_snapshots(store: Store, site: str) -> dict[str, Snapshot]:
    """The last good snapshot of each device, whichever run it is from."""
    found: dict[str, Snapshot] = {}
    for run in reversed(store.runs(site)):
        for device, snapshot in store.snapshots(run.id).items():
            if snapshot.outcome is Outcome.DONE:
                found.setdefault(device, snapshot)
    return found


def generate(
    site: OpenSite, snapshots: Mapping[str, Snapshot], folder: Path, at: datetime
) -> Generated:
    """Write the project of every device that can be reached over SSH.

    What a device is to become depends on what it is: one without a snapshot is only read by the
    project, and named. Raises ``UsageError`` when the folder holds something else.
    """
    context = site.context(at)
    present = [one for one in site.loaded.devices if one.state is not DeviceState.REMOVED]
    hosts: list[HostProject] = []
    left_out: dict[str, str] = {}
    for device, requests in wanted_reads(context, present):
        if device.connection is None:
            left_out[device.id] = _("no address is known.")
            continue
        host = _host(site, context, device, requests, snapshots.get(device.id))
        hosts.append(host)
        if not host.steps:
            left_out[device.id] = _("never read: run “esms-kit check {site}”, then again.").format(
                site=site.loaded.site.id
            )
    for device in present:
        if device.over_winrm and device.managed_by is None:
            left_out[device.id] = _("Windows: the project reaches it, and hardens nothing there.")
    loaded = site.loaded
    project = Project(
        inventory=SiteInventory(loaded.site, loaded.devices, site.profiles, loaded.known_hosts),
        hosts=tuple(hosts),
        scripts=stock_scripts([step for host in hosts for step in host.orders]),
        baseline=f"{site.baseline.id} {site.baseline.version}",
        left_out=tuple(left_out),
        packages=_packages(site, hosts),
    )
    files = write_project(folder, project_files(project))
    able = tuple(host.device.id for host in hosts if host.steps)
    return Generated(files, able, left_out)


def _host(
    site: OpenSite,
    context: Context,
    device: Device,
    requests: Requests,
    snapshot: Snapshot | None,
) -> HostProject:
    profile = site.profiles.get(device.hardware_profile or "")
    judged = judge_device(context, device, snapshot, profile)
    reads = _reads(site, device, requests)
    if judged.desired is None:
        return HostProject(device, (), (), reads)
    # What no watchdog could bring back is left to hands, as it is by “apply”.
    plan = DevicePlan(device=device.id, snapshot="", changes=whole_state(judged))
    changes = guard(plan).changes
    found = steps(changes)
    purposes = _purposes(site, changes, found)
    told, watch = stock_steps(changes, site.loaded.site.management.watchdog_seconds)
    orders = [{**order, "purpose": list(purposes[order["target"]])} for order in told]
    return HostProject(device, found, orders, reads, purposes, watch)


def _purposes(
    site: OpenSite, changes: Iterable[Change], found: Iterable[Step]
) -> dict[str, tuple[str, ...]]:
    """Target -> what its rules are for; a reload is for what its files are for."""
    rules = site.catalogue.rules
    named = {
        key_of(change): {rules[rule].purpose.value for rule in change.rules} for change in changes
    }
    told: dict[str, set[str]] = {}
    for step in found:
        own = named.get(step.target, set())
        if isinstance(step.artefact, ReloadArtefact):
            own = own.union(*(named.get(need, set()) for need in step.needs))
        told.setdefault(step.target, set()).update(own)
    return {target: tuple(sorted(purposes)) for target, purposes in told.items()}


def _packages(site: OpenSite, hosts: Iterable[HostProject]) -> dict[str, bytes]:
    """Name -> content of the files that packages are installed from."""
    wanted = {
        step.artefact.file: step.artefact.sha256
        for host in hosts
        for step in host.steps
        if isinstance(step.artefact, PinnedPackageArtefact)
    }
    return {
        file: package_file(site.workspace, file, sha256).read_bytes()
        for file, sha256 in sorted(wanted.items())
    }


def _reads(site: OpenSite, device: Device, requests: Requests) -> Batch | None:
    """What is read of it; ``None`` where the way to it is not described."""
    account = site.loaded.site.management.account
    try:
        route = find_route(device, site.loaded.devices, account)
    except Failure:
        return None
    key = site.loaded.enrolments.digest_key or ""
    inside = inside_address(site.loaded.site)
    variables = Variables(account=route.user, inside=inside, digest_key=key)
    return compose(requests, PLACEHOLDER_NONCE, Limits(), variables)
