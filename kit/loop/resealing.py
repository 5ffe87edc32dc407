"""Another password for the account of last resort: put on devices, then read back from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from kit.engines.base import Ending, Engine, Event, Limits, Outcome, Secrets
from kit.engines.errands import failure_of
from kit.engines.failures import Failure, FailureCode
from kit.engines.keeping import Keeper
from kit.loop.applying import Workable
from kit.loop.reading import Collect
from kit.model.artefact import AccountArtefact
from kit.model.break_glass import NEXT, Sealing
from kit.model.device import Device
from kit.model.meta import Phase
from kit.model.observation import Observation, Observed
from kit.model.plan import Change, DevicePlan
from kit.model.secret import SecretReference
from kit.model.snapshot import Outcome as Reached
from kit.model.snapshot import Snapshot
from kit.model.target import ArtefactKind
from kit.reads.accounts import Accounts

RULE: Final = "break_glass_account_present"


@dataclass(frozen=True)
class Resealed:
    """One device: the sealing as its own clock tells it, or why it is not known to have it."""

    device: str
    sealing: Sealing | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Reseal:
    """What the work needs: who has the secrets, who carries out, who reads, who locks."""

    account: str
    engine: Engine
    workable: Workable
    secrets: Secrets
    limits: Limits
    collect: Collect
    keeper: Keeper
    on_event: Callable[[Event], None]

    def run(self, devices: Sequence[Device]) -> dict[str, Resealed]:
        """Give each device the password that stands in the vault as the next one.

        A device counts only when the engine has seen the password work there (compared on the
        device with what /etc/shadow holds), and a second reading, over a connection of its own,
        shows the account with a password that was changed. A device that has no such account is
        left alone.
        """
        found = {one.device: one for one in self._without_account(devices)}
        left = [one for one in devices if one.id not in found]
        standings = self.keeper.hold([(one, ()) for one in left])
        for device in left:
            failure = standings[device.id].failure
            if failure is not None:
                found[device.id] = Resealed(device.id, failure=failure)
        locked = [one for one in left if one.id not in found]
        if locked:
            found |= self._given(locked)
            self.keeper.settle([(one, ()) for one in locked])
        return dict(sorted(found.items()))

    def _given(self, devices: Sequence[Device]) -> dict[str, Resealed]:
        works = [self.workable(one, self._plan(one)) for one in devices]
        with self.keeper.renewing(devices):
            outcomes = self.engine.run(works, self.secrets, self.limits, self.on_event)
        found = {
            name: Resealed(name, failure=_failure(one))
            for name, one in outcomes.items()
            if one.ending is not Ending.DONE
        }
        done = [one for one in devices if one.id not in found]
        return found | {one.id: self._read_back(one, seen) for one, seen in self._look(done)}

    def _plan(self, device: Device) -> DevicePlan:
        artefact = AccountArtefact(
            name=self.account,
            locked=False,
            expires="never",
            password=SecretReference(secret=f"{NEXT}/{device.id}"),
        )
        change = Change(
            kind=ArtefactKind.ACCOUNT, target=self.account, phase=Phase.ACCOUNTS,
            artefact=artefact, values=(), rules=(RULE,), reversible=False,
        )  # fmt: skip
        return DevicePlan(device=device.id, snapshot="", changes=(change,))

    def _look(self, devices: Sequence[Device]) -> list[tuple[Device, Snapshot]]:
        if not devices:
            return []
        keys = frozenset(
            f"account {self.account} {one}" for one in ("changed", "password", "state")
        )
        snapshots = self.collect([(one, {Accounts(): keys}) for one in devices])
        return [(one, snapshots[one.id]) for one in devices]

    def _without_account(self, devices: Sequence[Device]) -> list[Resealed]:
        found = []
        for device, snapshot in self._look(devices):
            if snapshot.outcome is not Reached.DONE:
                failure = failure_of(snapshot.outcome, device.id, snapshot.detail)
            elif self._told(snapshot).get("state") != Observed("present"):
                failure = Failure(code=FailureCode.ACCOUNT_MISSING, subject=self.account)
            else:
                continue
            found.append(Resealed(device.id, failure=failure))
        return found

    def _told(self, snapshot: Snapshot) -> dict[str, Observation]:
        answer = snapshot.answer(Accounts.id)
        if answer is None:
            return {}
        parsed = Accounts().parse(answer.raw(), frozenset(answer.keys))
        return {key.rpartition(" ")[2]: one for key, one in parsed.items()}

    def _read_back(self, device: Device, snapshot: Snapshot) -> Resealed:
        if snapshot.outcome is not Reached.DONE:
            failure = failure_of(snapshot.outcome, device.id, snapshot.detail)
            return Resealed(device.id, failure=failure)
        told = self._told(snapshot)
        day = _day(told)
        if told.get("password") != Observed("set") or day is None:
            failure = Failure(code=FailureCode.NOT_EFFECTIVE, subject=self.account)
            return Resealed(device.id, failure=failure)
        return Resealed(device.id, Sealing(device=device.id, sealed_on=day, at=_at(snapshot, day)))


def _failure(outcome: Outcome) -> Failure:
    if outcome.failure is not None:
        return outcome.failure
    failures = [one.failure for one in outcome.results if one.failure is not None]
    return failures[0] if failures else Failure(code=FailureCode.UNEXPECTED)


def _day(told: Mapping[str, Observation]) -> date | None:
    changed = told.get("changed")
    if not isinstance(changed, Observed) or not isinstance(changed.value, str):
        return None
    try:
        return date.fromisoformat(changed.value)
    except ValueError:
        return None


def _at(snapshot: Snapshot, day: date) -> time | None:
    """When on that day, by the clock of the device; unset when it is past midnight already."""
    clock: datetime | None = snapshot.device_clock
    if clock is None or clock.astimezone(UTC).date() != day:
        return None
    return clock.astimezone(UTC).time().replace(microsecond=0)
