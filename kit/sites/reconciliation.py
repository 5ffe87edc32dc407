"""Ordered, received, adopted, compliant: what is missing, in surplus, swapped or wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kit.model.delivery import Delivery, OrderedItem
from kit.model.device import Device, DeviceState
from kit.model.hardware import HardwareProfile


class Deviation(StrEnum):
    """What may be wrong with a model of a lot."""

    MISSING = "missing"  # ordered and not received
    SURPLUS = "surplus"  # received and not ordered
    SWAPPED = "swapped"  # received in place of another ordered model
    WRONG_MODEL = "wrong_model"  # received in place of an ordered model, itself not ordered


Key = tuple[str | None, str]
"""Lot and hardware profile."""


@dataclass(frozen=True)
class Difference:
    """``count`` pieces of ``profile``; ``instead_of`` is the model they came for."""

    lot: str | None
    kind: Deviation
    profile: str
    count: int
    instead_of: str | None = None


@dataclass(frozen=True)
class ReconciledLine:
    """One model of one lot of one delivery. ``ordered`` is ``None`` when no order is known."""

    delivery: str
    lot: str | None
    profile: str
    designation: str
    ordered: int | None
    received: int
    adopted: int
    compliant: int


@dataclass(frozen=True)
class Reconciliation:
    """One delivery. ``compliant`` counts adopted devices known to be compliant, no others."""

    delivery: str
    lines: tuple[ReconciledLine, ...]
    differences: tuple[Difference, ...]
    order_known: bool

    @property
    def complete(self) -> bool:
        """Whether all that was ordered was received and nothing else; false if not known."""
        return self.order_known and not self.differences


def compare_order(
    order: Iterable[OrderedItem],
    received: Mapping[Key, int],
    profiles: Mapping[str, HardwareProfile],
) -> tuple[Difference, ...]:
    """What was received against what was ordered, lot by lot.

    Where only one of the two speaks of lots, both are compared without. A surplus is read as
    taking the place of a missing model of the same class of the same lot: ``swapped`` when the
    surplus model was ordered too, ``wrong_model`` when it was not.
    """
    wanted = _ordered(order)
    if _lots_differ(wanted, received):
        wanted, received = _without_lots(wanted), _without_lots(received)
    lots = sorted({lot for lot, _profile in (*wanted, *received)}, key=lambda lot: lot or "")
    found: list[Difference] = []
    for lot in lots:
        balance = {
            profile: received.get((lot, profile), 0) - wanted.get((lot, profile), 0)
            for profile in sorted({key[1] for key in (*wanted, *received) if key[0] == lot})
        }
        ordered = {profile for (other, profile) in wanted if other == lot}
        found.extend(_differences(lot, balance, ordered, profiles))
    return tuple(found)


def _ordered(order: Iterable[OrderedItem]) -> dict[Key, int]:
    """How many pieces of each model of each lot were ordered."""
    wanted: dict[Key, int] = {}
    for item in order:
        key = (item.lot, item.hardware_profile)
        wanted[key] = wanted.get(key, 0) + item.quantity
    return wanted


def _lots_differ(wanted: Iterable[Key], received: Iterable[Key]) -> bool:
    """Whether one side speaks of lots and the other does not."""
    with_lots = [{lot is not None for lot, _profile in keys} for keys in (wanted, received)]
    return all(with_lots) and with_lots[0] != with_lots[1] and {False} in with_lots


def _without_lots(counts: Mapping[Key, int]) -> dict[Key, int]:
    merged: dict[Key, int] = {}
    for (_lot, profile), count in counts.items():
        merged[None, profile] = merged.get((None, profile), 0) + count
    return merged


def _differences(
    lot: str | None,
    balance: Mapping[str, int],
    ordered: set[str],
    profiles: Mapping[str, HardwareProfile],
) -> list[Difference]:
    """Pair what is too much with what is missing in the same class; tell what is left."""
    surplus = {profile: count for profile, count in sorted(balance.items()) if count > 0}
    missing = {profile: -count for profile, count in sorted(balance.items()) if count < 0}
    found = []
    for came in sorted(surplus):
        for wanted in sorted(missing):
            count = min(surplus[came], missing[wanted])
            if not count or _class_of(came, profiles) != _class_of(wanted, profiles):
                continue
            kind = Deviation.SWAPPED if came in ordered else Deviation.WRONG_MODEL
            found.append(Difference(lot, kind, came, count, wanted))
            surplus[came] -= count
            missing[wanted] -= count
    found += [Difference(lot, Deviation.SURPLUS, p, count) for p, count in surplus.items() if count]
    found += [Difference(lot, Deviation.MISSING, p, count) for p, count in missing.items() if count]
    return found


def _class_of(profile: str, profiles: Mapping[str, HardwareProfile]) -> str:
    known = profiles.get(profile)
    return str(known.device_class) if known else profile.partition("/")[0]


def reconcile(
    delivery: Delivery,
    devices: Iterable[Device],
    profiles: Mapping[str, HardwareProfile],
    compliant: frozenset[str] = frozenset(),
    deliveries: Iterable[Delivery] = (),
) -> Reconciliation:
    """Where a delivery stands.

    ``received`` is what the note says. ``compliant`` are the names of devices that a check found
    compliant: only adopted ones count. An order that came in several ``deliveries`` is compared
    with all of them together.
    """
    order = delivery.order
    received = {(line.lot, line.hardware_profile): line.received for line in delivery.lines}
    lines = list(_lines(delivery, devices, compliant))
    if delivery.order_number is not None:
        for other in deliveries:
            if other.id != delivery.id and other.order_number == delivery.order_number:
                for line in other.lines:
                    key = (line.lot, line.hardware_profile)
                    received[key] = received.get(key, 0) + line.received
    return Reconciliation(
        delivery.id,
        tuple(sorted(lines, key=lambda line: (line.lot or "", line.profile))),
        compare_order(order, received, profiles) if order is not None else (),
        order is not None,
    )


def _lines(
    delivery: Delivery, devices: Iterable[Device], compliant: frozenset[str]
) -> Iterator[ReconciledLine]:
    """The lines of the note, then what was ordered and is not on it."""
    adopted: dict[int, list[Device]] = {}
    for device in devices:
        slot = device.delivery
        if slot and slot.id == delivery.id and device.state is DeviceState.ADOPTED:
            adopted.setdefault(slot.line, []).append(device)
    wanted = _ordered(delivery.order or ())
    merged = _lots_differ(wanted, ((line.lot, line.hardware_profile) for line in delivery.lines))
    left = _without_lots(wanted) if merged else dict(wanted)
    rows = [(None if merged else line.lot, line) for line in delivery.lines]
    last = {(lot, line.hardware_profile): line.line for lot, line in rows}
    for lot, line in rows:
        key = (lot, line.hardware_profile)
        # Of an order without lots each line takes what it received, the last one what is left.
        share = left.get(key, 0)
        share = share if last[key] == line.line else min(share, line.received)
        left[key] = left.get(key, 0) - share
        here = adopted.get(line.line, ())
        yield ReconciledLine(
            delivery.id,
            line.lot,
            line.hardware_profile,
            line.designation,
            None if delivery.order is None else share,
            line.received,
            len(here),
            sum(device.id in compliant for device in here),
        )
    named = {(None if merged else o.lot, o.hardware_profile): o for o in delivery.order or ()}
    for (lot, profile), item in named.items():
        if (lot, profile) not in last:
            count = left[lot, profile]
            yield ReconciledLine(delivery.id, item.lot, profile, item.designation, count, 0, 0, 0)
