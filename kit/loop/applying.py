"""Collect, check, plan, engine, collect, check. The only module that imports engines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kit.checking.judging import Context
from kit.engines.base import Ending, Engine, Event, Limits, Outcome, Secrets, Work
from kit.engines.failures import explain as explain_failure
from kit.loop.reading import Collect, Reading, read_site
from kit.model.device import Device
from kit.model.hardware import HardwareProfile
from kit.model.plan import Change, DevicePlan
from kit.planning.guarding import guard
from kit.planning.planning import Selects
from kit.redaction import Redactor

__all__ = [
    "Applied",
    "Ending",
    "Event",
    "Limits",
    "Outcome",
    "Work",
    "Workable",
    "carry_out",
    "engine_named",
    "explain_failure",
    "guarded_plans",
    "merged",
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


def stock_steps(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The changes of a device as the stock pyinfra deploy takes them: plain data."""
    from kit.engines.pyinfra import stock

    return stock.stock_steps(changes, Limits())


def stock_scripts(steps: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name -> text of the scripts these steps run."""
    from kit.engines.pyinfra import stock

    return stock.stock_scripts(steps)


def guarded_plans(
    reading: Reading, *, without_watchdog: bool, shut_out: Callable[[str], str]
) -> dict[str, DevicePlan]:
    """The plans of a reading with what must not be done now moved to ``refused``.

    ``shut_out`` tells, by device id, the address the controller comes from when no management
    source admits it, else ``""``.
    """
    return {
        device: guard(
            plan,
            without_watchdog=without_watchdog,
            shut_out=shut_out(device) if plan.changes else "",
        )
        for device, plan in sorted(reading.plans.items())
    }


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
) -> Applied:
    """Let the engine make the changes of ``plans``, then read the devices concerned again.

    With no change at all no engine is started and nothing is read again. ``again`` gives the
    context of the second reading (its moment differs).
    """
    present = {device.id: device for device in devices}
    works = [workable(present[name], plan) for name, plan in sorted(plans.items()) if plan.changes]
    if not works:
        return Applied(before, plans, before)
    outcomes = engine.run(works, secrets, limits, on_event)
    touched = [present[work.device] for work in works]
    second = read_site(again(), touched, profiles, collect, selects)
    return Applied(before, plans, merged(before, second), outcomes, started=True)


def merged(first: Reading, second: Reading) -> Reading:
    """``first`` with the devices of ``second`` as they were read later."""
    return Reading(
        {**first.snapshots, **second.snapshots},
        {**first.judged, **second.judged},
        {**first.plans, **second.plans},
    )
