"""The way in to a device, and whether the firewall a site wants would still admit it."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

from kit.app.opening import OpenSite
from kit.collectors.failures import Failure
from kit.collectors.routes import find_route
from kit.planning.cutting import WayIn


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


def shut_out_address(site: OpenSite, device: str) -> str:
    """The address a device sees us come from when no management source holds it, else ``""``.

    An address that cannot be found out is told as ``?``: what cannot be shown to be admitted is
    not admitted. A device without an address is reached by nobody, and gives ``""``.
    """
    way = way_in(site, device)
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
