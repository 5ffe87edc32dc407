"""What the watchdog of a run that is no more has left on a device: put back, told, taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kit.engines.errands import Errand
from kit.engines.keeping import Keeper
from kit.engines.pyinfra.order import Order
from kit.engines.watchdog import Report, report_from
from kit.model.device import Device

SECONDS = 120
"""Until a device has put everything back."""


def clear(lefts: Sequence[tuple[Device, str]], keeper: Keeper) -> dict[str, Report]:
    """Each device with the name of the run whose watchdog is armed there, or ``""``.

    Device id -> what it has put back; its report is gone from it by then. A device that another
    controller works on is left as it is, and so is one that cannot be told: they have no report.
    """
    standings = keeper.take([device for device, _name in lefts])
    ours = [(device, name) for device, name in lefts if standings[device.id].failure is None]
    if not ours:
        return {}
    try:
        told = keeper.send([_errand(device, "clear", name) for device, name in ours])
        found = {
            device: report
            for device, answer in told.items()
            if (report := _report(answer.lines)) is not None and report.settled
        }
        done = [_errand(one, "forget", found[one.id].id) for one, _name in ours if one.id in found]
        if done:
            keeper.send(done)
    finally:
        keeper.give([device for device, _name in ours])
    return found


def _errand(device: Device, verb: str, name: str) -> Errand:
    variables: Mapping[str, str] = {"KIT_VERB": verb, "KIT_ID": name}
    return Errand(device, Order(("prelude", "watchdog"), variables), SECONDS)


def _report(lines: Sequence[str]) -> Report | None:
    try:
        return report_from("\n".join(lines))
    except ValueError:
        return None
