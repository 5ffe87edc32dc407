"""Known devices looked for in a network by the keys they show.

Nothing is logged into, and nothing but the SSH ports of known devices is knocked at: one
connection after the other to each address, ended after the key exchange, at a bounded rate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kit.collectors.concurrency import each
from kit.collectors.failures import Failure
from kit.collectors.hostkeys import KINDS, HungUp, one_key
from kit.collectors.limits import Limits
from kit.model.known_host import KeyKind, PinnedKey

CONNECT_SECONDS: Final = 1.5
LOGIN_SECONDS: Final = 5.0
AT_ONCE: Final = 32
A_SECOND: Final = 60
"""Connections begun in a second, at most: less than what a switch calls a scan, and a care
network goes on."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a key was seen."""

    address: str
    port: int


@dataclass
class _Search:
    """One walk through addresses."""

    owners: Mapping[str, frozenset[str]]
    kinds: Sequence[tuple[str, ...]]
    pace: float
    looked: Callable[[str], None]
    limits: Limits
    found: dict[str, set[Place]] = field(default_factory=dict)
    _next: float = 0.0

    async def run(self, places: Iterable[Place]) -> None:
        await each(places, self.limits.jobs, self._look)

    async def _turn(self) -> None:
        """Wait for the next place in the rate."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + self.pace
        await asyncio.sleep(mine - now)

    async def _look(self, place: Place) -> None:
        for algorithms in self.kinds:
            await self._turn()
            try:
                key = await one_key(place.address, place.port, algorithms, self.limits)
            except HungUp:
                continue  # something is there: it may have a key of another kind
            except Failure:
                break
            for device in self.owners.get(key.key, ()):
                self.found.setdefault(device, set()).add(place)
            if key.key in self.owners:
                break
        self.looked(place.address)


def find_devices(
    places: Sequence[Place],
    pins: Iterable[PinnedKey],
    looked: Callable[[str], None],
    *,
    a_second: int = A_SECOND,
) -> Mapping[str, tuple[Place, ...]]:
    """Device -> every place that shows a key pinned for it, sorted. ``looked`` hears addresses."""
    mine = [one for one in pins if one.kind is KeyKind.SSH_HOST_KEY]
    owners: dict[str, frozenset[str]] = {}
    for pin in mine:
        owners[pin.key] = owners.get(pin.key, frozenset()) | {pin.device}
    # An RSA key is shown by other names of algorithms than its own.
    pinned = {"rsa-sha2-512" if pin.algorithm == "ssh-rsa" else pin.algorithm for pin in mine}
    kinds = [kind for kind in KINDS if pinned & set(kind)]
    limits = Limits(jobs=AT_ONCE, connect_seconds=CONNECT_SECONDS, login_seconds=LOGIN_SECONDS)
    search = _Search(owners, kinds, 1 / a_second, looked, limits)
    asyncio.run(search.run(places))
    return {device: tuple(sorted(search.found[device])) for device in sorted(search.found)}
