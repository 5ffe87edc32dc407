"""The way in to the devices of a site, and the plans that leave it open."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from kit.app.opening import OpenSite
from kit.collectors.failures import Failure
from kit.collectors.routes import find_route
from kit.model.plan import DevicePlan
from kit.planning.cutting import WayIn
from kit.planning.guarding import guard


def guarded_plans(
    site: OpenSite, plans: Mapping[str, DevicePlan], *, undoing: bool = False
) -> dict[str, DevicePlan]:
    """The plans with what must not be done moved to ``refused``, as seen from this machine.

    Nothing is sent to any device. A way back is not asked whether the firewall it brings back
    admits this controller: the watchdog looks at what is loaded then.
    """
    return {
        device: _guarded(site, plan, undoing=undoing) if plan.changes else plan
        for device, plan in sorted(plans.items())
    }


def _guarded(site: OpenSite, plan: DevicePlan, *, undoing: bool) -> DevicePlan:
    way = way_in(site, plan.device)
    return guard(plan, way=way, shut_out="" if undoing else _shut_out(way))


def way_in(site: OpenSite, device: str) -> WayIn | None:
    """How a device is reached, ``None`` when it cannot be as it is described."""
    loaded = site.loaded
    management = loaded.site.management
    try:
        route = find_route(loaded.device(device), loaded.devices, management.account)
    except Failure:
        return None
    source = _resolved(route.jump.address) if route.jump else _local(route.address, route.port)
    return WayIn(route.user, route.port, source, management.sources)


def _shut_out(way: WayIn | None) -> str:
    """The address a device sees us come from when no management source holds it, else ``""``.

    An address that cannot be found out is told as ``?``: what cannot be shown to be admitted is
    not admitted. A device without an address is reached by nobody, and gives ``""``.
    """
    if way is None:
        return ""
    if not way.address:
        return "?"
    networks = [ip_network(one, strict=False) for one in way.sources]
    here = ip_address(way.address)
    admitted = any(here.version == one.version and here in one for one in networks)
    return "" if admitted else way.address


def _resolved(host: str) -> str:
    try:
        return str(socket.getaddrinfo(host, None)[0][4][0]).partition("%")[0]
    except OSError:
        return ""


def _local(host: str, port: int) -> str:
    """The address this machine would send from; nothing is sent."""
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0]).partition("%")[0]
    except OSError:
        return ""
