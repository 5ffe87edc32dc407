"""The ends of the way to a device, and the keys they may show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kit.engines.base import Ending, Work
from kit.engines.failures import Failure, FailureCode
from kit.model.known_host import KeyKind, PinnedKey


class NotConnected(Exception):
    """No connection, and why."""

    def __init__(self, ending: Ending, failure: Failure) -> None:
        """Keep both for the device's outcome."""
        super().__init__(failure.code.value)
        self.ending = ending
        self.failure = failure


@dataclass(frozen=True)
class Hop:
    """One end of an SSH connection."""

    address: str
    port: int
    account: str
    keys: tuple[PinnedKey, ...]

    @property
    def name(self) -> str:
        """As in a known_hosts file: the port is named when it is not 22."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"


def device_hop(work: Work) -> Hop:
    """The device itself."""
    connection = work.connection
    return Hop(connection.address, connection.port, work.account, ssh_keys(work.host_keys))


def jump_hop(work: Work) -> Hop | None:
    """The jump host, from ``[user@]host[:port]``; an IPv6 address with a port is in brackets."""
    text = work.connection.proxy_jump
    if not text:
        return None
    account, _at, place = text.rpartition("@")
    address, port = place, "22"
    if place.startswith("["):
        address, _bracket, rest = place[1:].partition("]")
        port = rest.removeprefix(":") or "22"
    elif place.count(":") == 1:
        address, _colon, port = place.partition(":")
    if not address or not port.isdigit():
        raise NotConnected(
            Ending.FAILED,
            Failure(code=FailureCode.JUMP_FAILED, subject=text, detail="user@host:port"),
        )
    return Hop(address, int(port), account or work.account, ssh_keys(work.jump_keys))


def ssh_keys(pins: Iterable[PinnedKey]) -> tuple[PinnedKey, ...]:
    """The pins that are SSH host keys."""
    return tuple(pin for pin in pins if pin.kind is KeyKind.SSH_HOST_KEY)


def known_hosts(hop: Hop) -> str:
    """The lines of a known_hosts file that pin this hop."""
    return "".join(f"{hop.name} {pin.algorithm} {pin.key}\n" for pin in hop.keys)
