"""Where a device is and how a controller gets there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kit.collectors.failures import Failure
from kit.model.device import Device, Sudo
from kit.model.secret import SecretReference
from kit.model.snapshot import Outcome

MOST_JUMPS: Final = 4
_JUMP: Final = re.compile(
    r"(?:(?P<user>[a-z_][a-z0-9_-]{0,31})@)?"
    r"(?:\[(?P<literal>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))"
    r"(?::(?P<port>[0-9]{1,5}))?\Z"
)


@dataclass(frozen=True)
class Route:
    """One device, its account, and the device to go through, if any.

    ``device`` is the name its host keys are pinned under, whatever its address is today.
    """

    device: str
    address: str
    port: int
    user: str
    sudo: Sudo = Sudo.ROOT
    sudo_password: SecretReference | None = None
    identity_file: str = ""
    jump: Route | None = None


def find_route(device: Device, neighbours: Iterable[Device], account: str | None) -> Route:
    """The route to ``device``; ``account`` is the site's management account.

    A jump host is a device of the same site, named by its id or its address: only so is its host
    key pinned. Raises ``Failure`` when the device cannot be reached as it is described.
    """
    known = {neighbour.id: neighbour for neighbour in neighbours} | {device.id: device}
    return _route(device, known, account, ())


def _route(
    device: Device, known: Mapping[str, Device], account: str | None, after: tuple[str, ...]
) -> Route:
    connection = device.connection
    if connection is None:
        raise Failure(Outcome.NOT_ATTEMPTED, f"{device.id}: no address is known")
    if device.over_winrm:
        raise Failure(Outcome.NOT_ATTEMPTED, f"{device.id}: it is reached over WinRM, not SSH")
    user = connection.user or account
    if user is None:
        raise Failure(Outcome.NOT_ATTEMPTED, f"{device.id}: no account is named")
    if device.id in after or len(after) > MOST_JUMPS:
        raise Failure(Outcome.NOT_ATTEMPTED, f"{device.id}: its jump hosts lead round in a circle")
    jump = None
    if connection.proxy_jump is not None:
        jump = _jump(connection.proxy_jump, known, account, (*after, device.id))
    root = user == "root"
    return Route(
        device=device.id,
        address=connection.address,
        port=connection.port,
        user=user,
        sudo=Sudo.ROOT if root else connection.sudo,
        sudo_password=None if root else connection.sudo_password,
        identity_file=connection.identity_file or "",
        jump=jump,
    )


def _jump(
    text: str, known: Mapping[str, Device], account: str | None, after: tuple[str, ...]
) -> Route:
    found = _JUMP.match(text)
    port = int(found["port"] or 0) if found else 0
    if found is None or port > 65535:
        raise Failure(Outcome.NOT_ATTEMPTED, f"jump host “{text}” is not [user@]host[:port]")
    host = found["literal"] or found["name"]
    # Two devices may have one address behind different routers: then the name has to be used.
    named = [known[host]] if host in known else _at_address(known, host, port)
    if len(named) != 1:
        raise Failure(
            Outcome.NOT_TRUSTED,
            f"jump host “{text}” is no device of this site, so that none of its keys is pinned"
            if not named
            else f"jump host “{text}” may be any of {', '.join(sorted(d.id for d in named))}",
        )
    route = _route(named[0], known, account, after)
    return Route(
        device=route.device,
        address=route.address,
        port=port or route.port,
        user=found["user"] or route.user,
        identity_file=route.identity_file,
        jump=route.jump,
    )


def _at_address(known: Mapping[str, Device], address: str, port: int) -> list[Device]:
    """Devices with this address (and port, when one is said)."""
    return [
        device
        for device in known.values()
        if device.connection is not None
        and device.connection.address == address
        and port in (0, device.connection.port)
    ]
