"""The work of a device, as engines take it."""

from __future__ import annotations

from kit.app.opening import OpenSite
from kit.collectors.routes import find_route
from kit.errors import DeviceError
from kit.i18n import _
from kit.loop.applying import Work, Workable
from kit.model.device import Device
from kit.model.plan import DevicePlan


def workable_for(site: OpenSite) -> Workable:
    """Works for the devices of a site, over the same routes and pinned keys as collection."""
    account = site.loaded.site.management.account

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
        )

    return make
