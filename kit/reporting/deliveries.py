"""The deliveries in a report: ordered, received, in service, compliant, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from kit.model.delivery import Delivery
from kit.model.device import Device, ProfileId
from kit.model.hardware import HardwareProfile
from kit.model.identifiers import Slug
from kit.model.record import Record
from kit.sites.reconciliation import Deviation, Difference, ReconciledLine, reconcile


class DeliveryLineSheet(Record):
    """One model of one lot; ``adopted`` devices are in service.

    ``ordered`` is unset when no order is known, ``compliant`` when the run was limited to a part of
    the site and cannot tell.
    """

    lot: str | None
    hardware_profile: ProfileId
    model: str
    designation: str
    ordered: int | None
    received: int
    adopted: int
    compliant: int | None


class DifferenceSheet(Record):
    """``count`` pieces of a model that differ; ``instead_of`` is the model they came for."""

    kind: Deviation
    lot: str | None
    hardware_profile: ProfileId
    model: str
    count: int
    instead_of: ProfileId | None
    instead_of_model: str | None


class AccessorySheet(Record):
    """What came along and is not inventoried."""

    designation: str
    quantity: int


class DeliverySheet(Record):
    """One delivery. ``complete``: its order is known, was received, and nothing else was."""

    id: Slug
    note_number: str | None
    order_number: str | None
    supplier: str | None
    dated: date | None
    taken_in_on: date
    order_known: bool
    complete: bool
    lines: tuple[DeliveryLineSheet, ...]
    differences: tuple[DifferenceSheet, ...]
    accessories: tuple[AccessorySheet, ...]


def delivery_sheets(
    deliveries: Iterable[Delivery],
    devices: Sequence[Device],
    profiles: Mapping[str, HardwareProfile],
    compliant: frozenset[str] | None,
) -> tuple[DeliverySheet, ...]:
    """The deliveries in the order they came; ``compliant`` devices by name, unset if not known."""
    ordered = sorted(deliveries, key=lambda one: (one.taken_in_on, one.id))
    return tuple(_sheets(ordered, devices, profiles, compliant))


def _sheets(
    deliveries: Sequence[Delivery],
    devices: Sequence[Device],
    profiles: Mapping[str, HardwareProfile],
    compliant: frozenset[str] | None,
) -> Iterator[DeliverySheet]:
    for delivery in deliveries:
        found = reconcile(delivery, devices, profiles, compliant or frozenset(), deliveries)
        yield DeliverySheet(
            id=delivery.id,
            note_number=delivery.note_number,
            order_number=delivery.order_number,
            supplier=delivery.supplier,
            dated=delivery.dated,
            taken_in_on=delivery.taken_in_on,
            order_known=found.order_known,
            complete=found.complete,
            lines=tuple(_line(one, profiles, known=compliant is not None) for one in found.lines),
            differences=tuple(_difference(one, profiles) for one in found.differences),
            accessories=tuple(
                AccessorySheet(designation=one.designation, quantity=one.quantity)
                for one in delivery.accessories
            ),
        )


def _label(profile: str, profiles: Mapping[str, HardwareProfile]) -> str:
    known = profiles.get(profile)
    return known.label if known else profile


def _line(
    line: ReconciledLine, profiles: Mapping[str, HardwareProfile], *, known: bool
) -> DeliveryLineSheet:
    return DeliveryLineSheet(
        lot=line.lot,
        hardware_profile=line.profile,
        model=_label(line.profile, profiles),
        designation=line.designation,
        ordered=line.ordered,
        received=line.received,
        adopted=line.adopted,
        compliant=line.compliant if known else None,
    )


def _difference(one: Difference, profiles: Mapping[str, HardwareProfile]) -> DifferenceSheet:
    return DifferenceSheet(
        kind=one.kind,
        lot=one.lot,
        hardware_profile=one.profile,
        model=_label(one.profile, profiles),
        count=one.count,
        instead_of=one.instead_of,
        instead_of_model=_label(one.instead_of, profiles) if one.instead_of else None,
    )
