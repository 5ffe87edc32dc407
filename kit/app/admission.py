"""Whether the firewall a site wants would still admit the controller that brings it."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

from kit.app.opening import OpenSite
from kit.collectors.failures import Failure
from kit.collectors.routes import find_route


def shut_out_address(site: OpenSite, device: str) -> str:
    """The address a device sees us come from when no management source holds it, else ``""``.

    An address that cannot be found out is told as ``?``: what cannot be shown to be admitted is
    not admitted. A device without an address is reached by nobody, and gives ``""``.
    """
    loaded = site.loaded
    try:
        route = find_route(loaded.device(device), loaded.devices, loaded.site.management.account)
    except Failure:
        return ""
    source = _resolved(route.jump.address) if route.jump else _local(route.address, route.port)
    if not source:
        return "?"
    networks = [ip_network(one, strict=False) for one in loaded.site.management.sources]
    here = ip_address(source)
    admitted = any(here.version == one.version and here in one for one in networks)
    return "" if admitted else source


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
