"""Collect, check, plan, engine, collect, check. The only module that imports engines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kit.checking.judging import Context
from kit.engines.accounts import not_begun
from kit.engines.base import Ending, Engine, Event, Limits, Outcome, Proof, Secrets, Work
from kit.engines.errands import Errand, Report, Send
from kit.engines.errands import send as send_errands
from kit.engines.failures import explain as explain_failure
from kit.engines.keeping import Keeper
from kit.loop.clearing import clear_left
from kit.loop.journalling import Journal
from kit.loop.reading import Collect, Reading, read_site
from kit.model.device import Device
from kit.model.hardware import HardwareProfile
from kit.model.plan import Change, DevicePlan
from kit.planning.planning import Selects
from kit.redaction import Redactor

__all__ = [
    "Applied",
    "Ending",
    "Errand",
    "Event",
    "Journal",
    "Keeper",
    "Limits",
    "Outcome",
    "Proof",
    "Report",
    "Send",
    "Work",
    "Workable",
    "carry_out",
    "clear_left",
    "engine_named",
    "explain_failure",
    "merged",
    "reach_over_winrm",
    "send_errands",
    "stock_scripts",
    "stock_steps",
]

_LOG: Final = logging.getLogger(__name__)

Workable = Callable[[Device, DevicePlan], Work]
"""Turns a device and its plan into an engine's work; raises ``KitError`` when it cannot."""


@dataclass(frozen=True)
class Applied:
    """What was read, planned, done, and read again.

    ``after`` holds every device: those that were worked on as read again, the others as read
    before. ``started`` tells whether an engine was started at all.
    """

    before: Reading
    plans: Mapping[str, DevicePlan]
    after: Reading
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    started: bool = False


def engine_named(name: str, redactor: Redactor) -> Engine:
    """The engine of that name, from the closed list of the command line.

    ``auto`` is pyinfra for Linux devices. What engines say themselves goes to the log, redacted.
    """
    if name == "ansible":
        from kit.engines.ansible.engine import AnsibleEngine

        return AnsibleEngine(redactor, log=_LOG.info)
    from kit.engines.pyinfra.engine import PyinfraEngine

    return PyinfraEngine(redactor, log=_LOG.info)


def reach_over_winrm(
    works: Sequence[Work], secrets: Secrets, limits: Limits, redactor: Redactor
) -> Mapping[str, Outcome]:
    """Log into Windows devices and out again; nothing is read or changed there."""
    from kit.engines.ansible.engine import AnsibleEngine

    return AnsibleEngine(redactor, log=_LOG.info).reach(works, secrets, limits)


def stock_steps(
    changes: Sequence[Change], watchdog_seconds: int
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The changes of a device as the stock pyinfra deploy takes them, and its watchdog: data."""
    from kit.engines.pyinfra import stock

    limits = Limits(watchdog_seconds=watchdog_seconds)
    return stock.stock_steps(changes, limits), stock.stock_watch(changes, limits)


def stock_scripts(steps: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name -> text of the scripts these steps run."""
    from kit.engines.pyinfra import stock

    return stock.stock_scripts(steps)


def carry_out(
    before: Reading,
    plans: Mapping[str, DevicePlan],
    devices: Iterable[Device],
    profiles: Mapping[str, HardwareProfile],
    *,
    engine: Engine,
    workable: Workable,
    secrets: Secrets,
    limits: Limits,
    collect: Collect,
    on_event: Callable[[Event], None],
    selects: Selects,
    again: Callable[[], Context],
    keeper: Keeper,
    journal: Journal,
) -> Applied:
    """Let the engine make the changes of ``plans``, then read the devices concerned again.

    Each device is locked and holds what it had before; what is to be done is in the journal before
    it is. A device of which that cannot be had is not touched, and its outcome says why. With no
    change at all no engine is started; what the journal has open is read again and settled.
    ``again`` gives the context of the second reading (its moment differs).
    """
    present = {device.id: device for device in devices}
    works = [workable(present[name], plan) for name, plan in sorted(plans.items()) if plan.changes]
    unsettled = [present[name] for name in journal.open_devices() if name in present]
    if not works and not unsettled:
        return Applied(before, plans, before)
    ready, outcomes = _held(works, present, keeper, journal)

    def hear(event: Event) -> None:
        journal.hear(event)
        on_event(event)

    if ready:
        with keeper.renewing([present[work.device] for work in ready]):
            outcomes |= engine.run(ready, secrets, limits, hear)
        journal.end(outcomes)
    touched = {one.device for one in works} | {one.id for one in unsettled}
    second = read_site(
        again(), [present[name] for name in sorted(touched)], profiles, collect, selects
    )
    open_now = [present[name] for name in journal.open_devices() if name in present]
    locked = {work.device: present[work.device] for work in ready}
    devices_to_settle = {**locked, **{one.id: one for one in open_now}}
    standings = keeper.settle(
        [
            (device, [entry.change for entry in journal.entries(name)])
            for name, device in sorted(devices_to_settle.items())
        ]
    )
    journal.settle(second, standings)
    return Applied(before, plans, merged(before, second), outcomes, started=bool(works))


def _held(
    works: Sequence[Work], present: Mapping[str, Device], keeper: Keeper, journal: Journal
) -> tuple[list[Work], dict[str, Outcome]]:
    """The works whose device is locked and holds its old state; an outcome for each other one."""
    standings = keeper.hold([(present[work.device], work.changes) for work in works])
    ready: list[Work] = []
    refused: dict[str, Outcome] = {}
    for work in works:
        standing = standings[work.device]
        if standing.failure is None:
            journal.begin(work.device, work.changes, standing)
            ready.append(work)
            continue
        ending = Ending.NOT_REACHED if standing.unreached else Ending.FAILED
        refused[work.device] = not_begun(work, ending, standing.failure)
    return ready, refused


def merged(first: Reading, second: Reading) -> Reading:
    """``first`` with the devices of ``second`` as they were read later."""
    return Reading(
        {**first.snapshots, **second.snapshots},
        {**first.judged, **second.judged},
        {**first.plans, **second.plans},
    )
