"""Many devices at once over SSH: one snapshot for each, whatever becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import asyncssh
from pydantic import SecretStr

from kit import __version__
from kit.collectors.asking import ask
from kit.collectors.batch import Fragments, Variables, compose, prepare, split
from kit.collectors.concurrency import each
from kit.collectors.connections import Connections
from kit.collectors.controller import Controller
from kit.collectors.failures import Failure, outcome_of
from kit.collectors.identities import Identities
from kit.collectors.limits import Limits
from kit.collectors.routes import Route, find_route
from kit.errors import KitError
from kit.model.device import Device
from kit.model.known_host import PinnedKey
from kit.model.read import Read
from kit.model.secret import SecretReference
from kit.model.snapshot import Outcome, Snapshot

Progress = Callable[[Snapshot, int, int], None]
"""Called for each device when it is through: its snapshot, how many are, how many there are."""


@dataclass(frozen=True)
class Order:
    """What is to be read on one device. ``inside``: an address of its management network."""

    device: Device
    requests: Mapping[Read, frozenset[str]]
    inside: str = ""
    digest_key: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What the devices' site says: pinned keys, all its devices, its management account."""

    pins: tuple[PinnedKey, ...] = ()
    neighbours: tuple[Device, ...] = ()
    account: str | None = None


def _unnoticed(snapshot: Snapshot, done: int, total: int) -> None:
    del snapshot, done, total


def collect(
    orders: Iterable[Order],
    surroundings: Surroundings,
    controller: Controller,
    limits: Limits | None = None,
    progress: Progress = _unnoticed,
) -> dict[str, Snapshot]:
    """Collect every device over SSH, at most ``limits.jobs`` at once; device id -> snapshot.

    A device that fails costs none of the others anything. Secrets are fetched first, once each, in
    this thread. ``KeyboardInterrupt`` leaves nothing behind here, and nothing on a device longer
    than it takes to notice the end of its connection. Raises ``ValueError``, before any device is
    contacted, for orders no caller may give: a device twice, requests ``prepare`` refuses.
    """
    work = _Work(list(orders), surroundings, controller, limits or Limits(), progress)
    if len({order.device.id for order in work.orders}) != len(work.orders):
        raise ValueError("a device is to be collected twice")
    work.prepare()
    work.fetch_secrets()
    asyncio.run(work.run())
    return dict(sorted(work.snapshots.items()))


@dataclass
class _Work:
    """One collection under way."""

    orders: list[Order]
    surroundings: Surroundings
    controller: Controller
    limits: Limits
    progress: Progress
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    _prepared: dict[int, Fragments] = field(default_factory=dict)
    _passwords: dict[SecretReference, SecretStr | KitError] = field(default_factory=dict)

    def prepare(self) -> None:
        """The fragments, once for all devices that share the very same requests."""
        for order in self.orders:
            key = id(order.requests)  # alive as long as the orders are
            if key not in self._prepared:
                self._prepared[key] = prepare(order.requests)

    def fetch_secrets(self) -> None:
        for order in self.orders:
            connection = order.device.connection
            reference = connection.sudo_password if connection else None
            if reference is None or reference in self._passwords:
                continue
            try:
                value = self.controller.secrets(reference)
                self.controller.redactor.register(value)
                self._passwords[reference] = value
            except KitError as error:
                self._passwords[reference] = error

    async def run(self) -> None:
        controller = self.controller
        identities = Identities(controller.workspace, controller.home, controller.agent)
        connections = Connections(self.surroundings.pins, identities, self.limits)

        async def one(order: Order) -> None:
            snapshot = await self._snapshot(order, connections)
            self.snapshots[order.device.id] = snapshot
            self.progress(snapshot, len(self.snapshots), len(self.orders))

        try:
            await each(self.orders, self.limits.jobs, one)
        finally:
            await connections.close()
            identities.close()

    async def _snapshot(self, order: Order, connections: Connections) -> Snapshot:
        taken_at = self.controller.clock()
        account = ""
        try:
            route = find_route(
                order.device, self.surroundings.neighbours, self.surroundings.account
            )
            account = route.user
            return await self._collected(order, route, connections, taken_at)
        except Failure as failure:
            outcome, detail = failure.outcome, failure.detail
        except asyncssh.Error as error:
            outcome, detail = Outcome.BROKEN, str(error)
        except Exception as error:  # noqa: BLE001 - what a hostile device does to the SSH library
            outcome, detail = Outcome.BROKEN, f"{type(error).__name__}: {error}"
        return Snapshot(
            device=order.device.id,
            taken_at=taken_at,
            collector="ssh",
            account=account,
            tool_version=__version__,
            outcome=outcome,
            detail=self.controller.redactor.short(detail),
        )

    async def _collected(
        self, order: Order, route: Route, connections: Connections, taken_at: datetime
    ) -> Snapshot:
        password = self._password(route.sudo_password)
        batch = compose(
            self._prepared[id(order.requests)],
            self.controller.nonces(),
            self.limits,
            Variables(route.user, order.inside, digest_key=order.digest_key),
            lifeline=True,
        )
        async with connections.opened(route) as connection:
            stdout = await ask(connection, batch, route.sudo, password)
        answer = split(stdout, batch)
        outcome, detail = outcome_of(answer.broken)
        if answer.left_behind:
            detail = "the device could not remove the private folder of this reading"
        return Snapshot(
            device=order.device.id,
            taken_at=taken_at,
            device_clock=answer.device_clock,
            collector="ssh",
            account=route.user,
            tool_version=__version__,
            outcome=outcome,
            detail=detail,
            answers=answer.answers,
        )

    def _password(self, reference: SecretReference | None) -> str:
        if reference is None:
            return ""
        found = self._passwords[reference]
        if isinstance(found, KitError):
            raise Failure(Outcome.NOT_ATTEMPTED, f"{reference}: {found}") from found
        return found.get_secret_value()
