"""The host keys devices show, so that somebody can compare them before they are pinned.

Nothing is logged into: the connection ends after the key exchange. What is shown here proves
nothing yet; only a comparison with the device's own screen or label does.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import asyncssh

from kit.collectors.certificates import shown_certificate
from kit.collectors.concurrency import each
from kit.collectors.connections import (
    CLIENT_VERSION,
    KEY_EXCHANGES,
    Connections,
    failure_of,
    reach,
)
from kit.collectors.controller import Controller
from kit.collectors.failures import Failure
from kit.collectors.identities import Identities
from kit.collectors.limits import Limits
from kit.collectors.routes import Route, find_route
from kit.collectors.ssh import Surroundings
from kit.model.adoption import CERTIFICATE
from kit.model.device import Connection, Device
from kit.model.known_host import KeyKind, PinnedHow, PinnedKey, fingerprint
from kit.model.record import Record
from kit.model.snapshot import Outcome

# One connection shows one key: the kinds are asked for one after the other.
KINDS: Final = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256"),
)


class ShownKey(Record):
    """A key a device shows; ``key`` is base64 of its blob, or of the DER of its certificate."""

    algorithm: str
    key: str
    kind: KeyKind = KeyKind.SSH_HOST_KEY

    @property
    def fingerprint(self) -> str:
        """``SHA256:...`` as the device's own screen shows it."""
        return fingerprint(base64.b64decode(self.key))

    @property
    def digest(self) -> str:
        """The same in hexadecimal, in capitals, as Windows shows it of a certificate."""
        return hashlib.sha256(base64.b64decode(self.key)).hexdigest().upper()

    def is_named(self, words: Collection[str]) -> bool:
        """Whether one of the words is its fingerprint; hexadecimal with any signs between."""
        bare = {re.sub(r"[-: ]", "", word).upper().removeprefix("SHA256") for word in words}
        return self.fingerprint in words or self.digest in bare

    def pinned(self, device: str, at: datetime, how: PinnedHow, by: str) -> PinnedKey:
        """The record to keep once the key is known to be the device's own."""
        return PinnedKey(
            device=device,
            kind=self.kind,
            algorithm=self.algorithm,
            key=self.key,
            fingerprint=self.fingerprint,
            pinned_at=at,
            how=how,
            by=by,
        )


class ShownKeys(Record):
    """What one device showed; ``outcome`` is ``DONE`` when there is at least one key."""

    device: str
    outcome: Outcome
    detail: str = ""
    keys: tuple[ShownKey, ...] = ()


class Comparison(StrEnum):
    """Shown keys beside pinned ones."""

    UNKNOWN = "unknown"  # nothing is pinned for this device yet
    SAME = "same"  # a pinned key is shown, and none contradicts it
    MORE = "more"  # a pinned key is shown, and a key of another kind beside it
    CHANGED = "changed"  # no pinned key is shown, or another one of the same kind


def compare(shown: Iterable[ShownKey], pins: Iterable[PinnedKey]) -> Comparison:
    """How what a device shows stands to what is pinned for it. Pure."""
    of_one_kind = list(shown)
    kind = of_one_kind[0].kind if of_one_kind else KeyKind.SSH_HOST_KEY
    shown_keys = {key.key: key.algorithm for key in of_one_kind}
    pinned = {pin.key: pin.algorithm for pin in pins if pin.kind is kind}
    if not pinned:
        return Comparison.UNKNOWN
    new = {algorithm for key, algorithm in shown_keys.items() if key not in pinned}
    if not shown_keys.keys() & pinned.keys() or new & set(pinned.values()):
        return Comparison.CHANGED
    return Comparison.MORE if new else Comparison.SAME


class HungUp(Failure):
    """The device was there and ended the connection without showing a key of the kind."""


@dataclass
class _Look:
    """One round of looking at host keys."""

    surroundings: Surroundings
    controller: Controller
    limits: Limits
    found: dict[str, ShownKeys]

    async def run(self, devices: Iterable[Device]) -> None:
        controller = self.controller
        identities = Identities(controller.workspace, controller.home, controller.agent)
        connections = Connections(self.surroundings.pins, identities, self.limits)

        async def one(device: Device) -> None:
            self.found[device.id] = await self._keys(device, connections)

        try:
            await each(devices, self.limits.jobs, one)
        finally:
            await connections.close()
            identities.close()

    async def _keys(self, device: Device, connections: Connections) -> ShownKeys:
        if device.connection is not None and device.over_winrm:
            return await self._certificate(device.id, device.connection)
        keys: list[ShownKey] = []
        failure = Failure(Outcome.BROKEN, "the device shows no host key of a known kind")
        try:
            # Nobody logs in: the account does not matter, and may not be chosen yet.
            account = self.surroundings.account or "root"
            route = find_route(device, self.surroundings.neighbours, account)
        except Failure as error:
            return self._failed(device, error)
        for algorithms in KINDS:
            try:
                keys.append(await self._key(route, connections, algorithms))
            except HungUp as error:
                failure = error  # a device without a key of this kind: it may have another
            except Failure as error:
                failure = error
                break
        if not keys:
            return self._failed(device, failure)
        keys.sort(key=lambda key: key.algorithm)
        return ShownKeys(device=device.id, outcome=Outcome.DONE, keys=tuple(keys))

    async def _certificate(self, device: str, connection: Connection) -> ShownKeys:
        try:
            key = await shown_certificate(connection.address, connection.port, self.limits)
        except Failure as error:
            detail = self.controller.redactor.short(error.detail)
            return ShownKeys(device=device, outcome=error.outcome, detail=detail)
        shown = ShownKey(algorithm=CERTIFICATE, key=key, kind=KeyKind.TLS_CERTIFICATE)
        return ShownKeys(device=device, outcome=Outcome.DONE, keys=(shown,))

    def _failed(self, device: Device, failure: Failure) -> ShownKeys:
        detail = self.controller.redactor.short(failure.detail)
        return ShownKeys(device=device.id, outcome=failure.outcome, detail=detail)

    async def _key(
        self, route: Route, connections: Connections, algorithms: tuple[str, ...]
    ) -> ShownKey:
        tunnel = await connections.through(route)
        return await one_key(route.address, route.port, algorithms, self.limits, tunnel)


async def one_key(
    address: str,
    port: int,
    algorithms: tuple[str, ...],
    limits: Limits,
    tunnel: asyncssh.SSHClientConnection | None = None,
) -> ShownKey:
    """The host key shown at an address for one of these algorithms.

    The connection ends after the key exchange: nobody logs in. Raises ``HungUp`` when something
    is there that has none, ``Failure`` otherwise.
    """
    sock = None if tunnel else await reach(address, port, limits)
    try:
        async with asyncio.timeout(limits.login_seconds):
            key = await asyncssh.get_server_host_key(
                address,
                port,
                sock=sock,
                tunnel=tunnel or (),
                server_host_key_algs=algorithms,
                config=None,
                kex_algs=KEY_EXCHANGES,
                client_version=CLIENT_VERSION,
            )
    except TimeoutError as error:
        detail = f"no host key within {limits.login_seconds:g} s"
        raise Failure(Outcome.TIMEOUT, detail) from error
    except OSError as error:
        # The connection stood: the hang-up of one without such a key may come as a reset.
        raise HungUp(Outcome.BROKEN, failure_of(error).detail) from error
    except Exception as error:
        failure = failure_of(error)
        if failure.outcome is Outcome.BROKEN:
            raise HungUp(failure.outcome, failure.detail) from error
        raise failure from error
    finally:
        if sock is not None:
            sock.close()
    if key is None:
        raise Failure(Outcome.BROKEN, "no host key was shown")
    blob = base64.b64encode(key.public_data).decode("ascii")
    return ShownKey(algorithm=key.get_algorithm(), key=blob)


def show_host_keys(
    devices: Iterable[Device],
    surroundings: Surroundings,
    controller: Controller,
    limits: Limits | None = None,
) -> Mapping[str, ShownKeys]:
    """The host keys each device shows now; device id -> keys, or why there are none."""
    look = _Look(surroundings, controller, limits or Limits(), {})
    asyncio.run(look.run(devices))
    return dict(sorted(look.found.items()))
