"""The work of a device, as engines take it."""

from __future__ import annotations

from collections.abc import Iterable

from kit.app.opening import OpenSite
from kit.app.packs import package_file
from kit.collectors.routes import find_route
from kit.errors import DeviceError
from kit.i18n import _
from kit.loop.applying import Limits, Work, Workable
from kit.model.artefact import PinnedPackageArtefact
from kit.model.device import Device
from kit.model.plan import Change, DevicePlan


def payloads(
    site: OpenSite, changes: Iterable[Change], known: dict[str, str] | None = None
) -> dict[str, str]:
    """The files these changes bring along: SHA-256 -> path, each looked at here first.

    ``known``: those looked at already, added to. Raises ``WorkspaceError`` or ``InvalidInput`` for
    a file that is missing or not the pinned one.
    """
    known = {} if known is None else known
    found: dict[str, str] = {}
    for change in changes:
        one = change.artefact
        if isinstance(one, PinnedPackageArtefact):
            if one.sha256 not in known:
                known[one.sha256] = str(package_file(site.workspace, one.file, one.sha256))
            found[one.sha256] = known[one.sha256]
    return found


def limits_of(site: OpenSite, jobs: int) -> Limits:
    """How long engines wait on this site, and how many devices they work on at once."""
    return Limits(jobs=jobs, watchdog_seconds=site.loaded.site.management.watchdog_seconds)


def workable_for(site: OpenSite) -> Workable:
    """Works for the devices of a site, over the same routes and pinned keys as collection."""
    account = site.loaded.site.management.account
    packages: dict[str, str] = {}

    def make(device: Device, plan: DevicePlan) -> Work:
        route = find_route(device, site.loaded.devices, account)
        keys = site.loaded.keys_of(device.id)
        if device.connection is None or not keys:
            raise DeviceError(
                _("no key is pinned for this device."),
                where=device.id,
                remedy=_("Run “esms-kit trust {site}” first.").format(site=site.loaded.site.id),
            )
        jump = site.loaded.keys_of(route.jump.device) if route.jump is not None else ()
        return Work(
            device=device.id,
            connection=device.connection,
            account=route.user,
            host_keys=keys,
            jump_keys=jump,
            changes=plan.changes,
            payloads=payloads(site, plan.changes, packages),
            sources=site.loaded.site.management.sources,
        )

    return make
