"""Before a run plans anything: what an earlier one has left under a watchdog is settled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from kit.checking.observing import observe
from kit.desired.resolution import FILES_READ, file_key
from kit.engines.base import ChangeState, Event
from kit.engines.clearing import clear
from kit.engines.failures import Failure, FailureCode
from kit.engines.keeping import Keeper
from kit.loop.reading import Reading
from kit.model.device import Device
from kit.model.observation import Observed
from kit.model.snapshot import Outcome
from kit.reads.watchdog_files import ARMED, REPORT

_OURS: Final = re.compile(r"[0-9a-f]{32}")
"""The names runs of the kit have; stock projects, which lock nothing, have others."""


def clear_left(
    reading: Reading, devices: Iterable[Device], keeper: Keeper, tell: Callable[[Event], None]
) -> frozenset[str]:
    """Have it put back where a watchdog is armed or its report stands; the devices to read again.

    Whoever armed it held the lock of the device. If we get that lock its run is no more, and there
    is nothing to wait for. ``tell`` is told each thing that was put back.
    """
    lefts = []
    for device in devices:
        name = _seen(reading, device.id, ARMED).strip()
        if _OURS.fullmatch(name) or (not name and _seen(reading, device.id, REPORT)):
            lefts.append((device, name))
    found = clear(lefts, keeper) if lefts else {}
    for device_id, report in sorted(found.items()):
        for target in report.restored:
            failure = Failure(code=FailureCode.UNCONFIRMED)
            state = ChangeState.REVERTED
            tell(Event(device=device_id, target=target, state=state, failure=failure))
    return frozenset(found)


def is_armed(reading: Reading, device: str) -> bool:
    """Whether a watchdog was armed on the device when it was read."""
    return bool(_seen(reading, device, ARMED))


def _seen(reading: Reading, device: str, path: str) -> str:
    snapshot = reading.snapshots.get(device)
    if snapshot is None or snapshot.outcome is not Outcome.DONE:
        return ""
    key = file_key(path)
    found = observe(snapshot, {FILES_READ: frozenset({key})})[FILES_READ][key]
    return str(found.value) if isinstance(found, Observed) else ""
