"""Restarts: only of what waits for one, only when nobody is surprised, and until it is back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from kit.engines.errands import Errand, Report, Send
from kit.engines.failures import Failure, FailureCode
from kit.engines.keeping import RUNTIME
from kit.engines.pyinfra.order import Order
from kit.model.device import Device
from kit.model.finding import Finding
from kit.model.record import Record
from kit.model.verdict import Pending

BACK_SECONDS: Final = 600
"""How long a device may take from the order to restart until it answers again."""
LOOK_SECONDS: Final = 5


class RestartEnding(StrEnum):
    """What became of a device that waits for a restart."""

    RESTARTED = "restarted"
    IN_USE = "in_use"  # somebody is logged in
    OUTSIDE_WINDOW = "outside_window"
    NOT_BACK = "not_back"  # it was told to, and does not answer
    FAILED = "failed"
    DECLINED = "declined"  # somebody said no


class Restart(Record):
    """One device; ``sessions``: people logged in, ``opens_at``: the next maintenance window."""

    device: str
    ending: RestartEnding
    sessions: int = 0
    opens_at: datetime | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Boot:
    """Which boot a device is in, and how many people are at work on it."""

    id: str
    sessions: int


def waiting(findings: Mapping[str, Sequence[Finding]]) -> tuple[str, ...]:
    """The devices on which something is configured right and waits for a restart."""
    return tuple(
        sorted(
            device
            for device, found in findings.items()
            if any(one.pending is Pending.REBOOT for one in found)
        )
    )


def look(devices: Sequence[Device], accounts: Mapping[str, str], send: Send) -> dict[str, Boot]:
    """The devices that answer, with their boot and how many people are logged in."""
    reports = send([_errand(one, accounts, "look", force=False) for one in devices])
    found = {name: _boot(report) for name, report in reports.items()}
    return {name: boot for name, boot in found.items() if boot is not None}


def restart(
    devices: Sequence[Device],
    accounts: Mapping[str, str],
    send: Send,
    *,
    force: bool,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Restart]:
    """Restart the devices side by side and wait for each to answer from another boot.

    A device somebody is logged in on is left alone unless ``force``: it looks itself, at the last
    moment.
    """
    reports = send([_errand(one, accounts, "restart", force=force) for one in devices])
    ended = {name: _refused(name, report) for name, report in reports.items() if report.failure}
    before = {name: boot for name, report in reports.items() if (boot := _boot(report)) is not None}
    left = {one.id: one for one in devices if one.id not in ended and one.id in before}
    until = clock() + BACK_SECONDS
    while left and clock() < until:
        pause(LOOK_SECONDS)
        now = look(list(left.values()), accounts, send)
        for name, boot in now.items():
            if boot.id != before[name].id:
                ended[name] = Restart(device=name, ending=RestartEnding.RESTARTED)
                del left[name]
    not_back = {
        one.id: Restart(device=one.id, ending=RestartEnding.NOT_BACK)
        for one in devices
        if one.id not in ended
    }
    return dict(sorted({**ended, **not_back}.items()))


def _errand(device: Device, accounts: Mapping[str, str], verb: str, *, force: bool) -> Errand:
    variables = {
        "KIT_ERRAND": verb,
        "KIT_ACCOUNT": accounts.get(device.id, ""),
        "KIT_FORCE": "yes" if force else "no",
        "KIT_RUNTIME": RUNTIME,
    }
    return Errand(device, Order(("prelude", "restart"), variables))


def _boot(report: Report) -> Boot | None:
    if report.failure is not None and report.failure.code is not FailureCode.IN_USE:
        return None
    ids = [line.removeprefix("boot ") for line in report.lines if line.startswith("boot ")]
    return Boot(ids[0], sum(line == "session" for line in report.lines)) if ids else None


def _refused(device: str, report: Report) -> Restart:
    boot = _boot(report)
    if boot is not None and boot.sessions:
        return Restart(device=device, ending=RestartEnding.IN_USE, sessions=boot.sessions)
    return Restart(device=device, ending=RestartEnding.FAILED, failure=report.failure)
