"""One short script as root on each of many devices, over connections of this controller's own.

Which engine makes the changes does not matter here: what is done around them (lock, journal, the
look afterwards, a reboot) is done the same way. Each errand is a new connection.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncssh
from pydantic import SecretStr

from kit.collectors.asking import ask
from kit.collectors.batch import Fragments, Variables, compose, split
from kit.collectors.concurrency import each
from kit.collectors.connections import Connections
from kit.collectors.controller import Controller
from kit.collectors.failures import Failure as Refused
from kit.collectors.failures import outcome_of
from kit.collectors.identities import Identities
from kit.collectors.limits import Limits
from kit.collectors.routes import Route, find_route
from kit.collectors.ssh import Surroundings
from kit.engines.failures import Failure, FailureCode
from kit.engines.pyinfra.order import Order, Reply, understand
from kit.engines.pyinfra.order import compose as script_of
from kit.errors import KitError
from kit.model.device import Device
from kit.model.secret import SecretReference
from kit.model.snapshot import Outcome

SECONDS: Final = 60
"""What an errand may take on the device."""

_CODES: Final[Mapping[Outcome, FailureCode]] = {
    Outcome.NOT_REACHED: FailureCode.NOT_REACHED,
    Outcome.KEY_CHANGED: FailureCode.KEY_CHANGED,
    Outcome.NOT_TRUSTED: FailureCode.NOT_TRUSTED,
    Outcome.LOGIN_REFUSED: FailureCode.LOGIN_REFUSED,
    Outcome.SUDO_REFUSED: FailureCode.SUDO_REFUSED,
    Outcome.TIMEOUT: FailureCode.NO_ANSWER,
}


def failure_of(outcome: Outcome, subject: str = "", detail: str = "") -> Failure:
    """Why a device could not be talked to, in the words of engines."""
    code = _CODES.get(outcome, FailureCode.BROKEN_ANSWER)
    return Failure(code=code, subject=subject, detail=detail)


@dataclass(frozen=True)
class Errand:
    """What one device is told to do."""

    device: Device
    order: Order
    seconds: int = SECONDS


@dataclass(frozen=True)
class Report:
    """What came of an errand. ``failure`` unset: the device said that all is done.

    ``lines`` are what it told before its answer.
    """

    lines: tuple[str, ...] = ()
    failure: Failure | None = None

    @property
    def unreached(self) -> bool:
        """Whether nobody answered at all."""
        return self.failure is not None and self.failure.code is FailureCode.NOT_REACHED


Send = Callable[[Sequence[Errand]], Mapping[str, Report]]
"""Carries errands out side by side; device id -> report, for every device."""


def send(
    errands: Sequence[Errand], surroundings: Surroundings, controller: Controller, limits: Limits
) -> dict[str, Report]:
    """Carry out each errand; a device that fails costs the others nothing."""
    work = _Sending(surroundings, controller, limits)
    work.fetch_secrets(errands)
    asyncio.run(work.run(errands))
    return dict(sorted(work.reports.items()))


class _Sending:
    def __init__(self, surroundings: Surroundings, controller: Controller, limits: Limits) -> None:
        self._surroundings = surroundings
        self._controller = controller
        self._limits = limits
        self._passwords: dict[SecretReference, SecretStr | KitError] = {}
        self.reports: dict[str, Report] = {}

    def fetch_secrets(self, errands: Sequence[Errand]) -> None:
        for errand in errands:
            connection = errand.device.connection
            reference = connection.sudo_password if connection else None
            if reference is None or reference in self._passwords:
                continue
            try:
                value = self._controller.secrets(reference)
                self._controller.redactor.register(value)
                self._passwords[reference] = value
            except KitError as error:
                self._passwords[reference] = error

    async def run(self, errands: Sequence[Errand]) -> None:
        controller = self._controller
        identities = Identities(controller.workspace, controller.home, controller.agent)
        connections = Connections(self._surroundings.pins, identities, self._limits)

        async def one(errand: Errand) -> None:
            self.reports[errand.device.id] = await self._report(errand, connections)

        try:
            await each(errands, self._limits.jobs, one)
        finally:
            await connections.close()
            identities.close()

    async def _report(self, errand: Errand, connections: Connections) -> Report:
        short = self._controller.redactor.short
        try:
            route = find_route(
                errand.device, self._surroundings.neighbours, self._surroundings.account
            )
            reply, lines = await self._carried_out(errand, route, connections)
        except Refused as refused:
            subject = errand.device.connection.address if errand.device.connection else ""
            return Report(failure=failure_of(refused.outcome, subject, short(refused.detail)))
        except asyncssh.Error as error:
            failure = Failure(code=FailureCode.NO_ANSWER, detail=short(str(error)))
            return Report(failure=failure)
        except Exception as error:  # noqa: BLE001 - what a hostile device does to the SSH library
            detail = short(f"{type(error).__name__}: {error}")
            return Report(failure=Failure(code=FailureCode.UNEXPECTED, detail=detail))
        if reply.failure is None:
            return Report(lines)
        failure = Failure(
            code=reply.failure.code,
            subject=short(reply.failure.subject),
            detail=short(reply.failure.detail),
        )
        return Report(lines, failure)

    async def _carried_out(
        self, errand: Errand, route: Route, connections: Connections
    ) -> tuple[Reply, tuple[str, ...]]:
        password = self._password(route.sudo_password)
        # What the working folder of the device is called is known there alone.
        text = "KIT_DIR=$PWD\n" + script_of(errand.order).decode()
        fragment = shlex.join(("kit_fragment", str(errand.seconds), text)) + "\n"
        batch = compose(
            Fragments(fragment, (("errand", ()),)),
            self._controller.nonces(),
            self._limits,
            Variables(account=route.user),
            lifeline=True,
        )
        async with connections.opened(route) as connection:
            stdout = await ask(connection, batch, route.sudo, password)
        answer = split(stdout, batch)
        outcome, detail = outcome_of(answer.broken)
        if outcome is not Outcome.DONE:
            raise Refused(outcome, detail)
        (found,) = answer.answers
        status = found.exit_status if found.exit_status is not None else 1
        reply = understand(status, found.stdout, found.stderr, errand.seconds)
        told = found.stdout.decode("utf-8", "replace").splitlines()[:-1]
        return reply, tuple(told)

    def _password(self, reference: SecretReference | None) -> str:
        if reference is None:
            return ""
        found = self._passwords[reference]
        if isinstance(found, KitError):
            raise Refused(Outcome.NOT_ATTEMPTED, f"{reference}: {found}") from found
        return found.get_secret_value()
