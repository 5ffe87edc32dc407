"""From the lines of a note to the devices of the site: new ones, known ones completed. Pure.

Reading the same note again changes nothing; reading a corrected one completes what was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kit.errors import Position, Problem
from kit.i18n import _
from kit.intake.note import NoteLine, ReadNote
from kit.intake.orders import own_order
from kit.intake.systems import choose_system
from kit.intake.units import Unit
from kit.model.delivery import Delivery, DeliveryLine, OrderedItem, SourceFile
from kit.model.device import DeliverySlot, Device, DeviceClass, DeviceState, PostRole
from kit.model.site import Site
from kit.sites.names import allocate_asset_ids, allocate_names


@dataclass(frozen=True)
class DeliveryHead:
    """What is known of the delivery apart from its lines."""

    id: str
    source: SourceFile
    taken_in_on: date
    order: tuple[OrderedItem, ...] | None = None


@dataclass
class Slots:
    """The outcome: all devices of the site, which were added or completed, and the delivery."""

    devices: list[Device]
    delivery: Delivery
    added: list[Device] = field(default_factory=list)
    completed: list[Device] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)


@dataclass
class _Pending:
    """A unit that becomes a device once it has a name."""

    line: int
    slot: int
    source: NoteLine
    unit: Unit


class _Filling:
    """Matches units with the devices that are there; what is left becomes new devices."""

    def __init__(
        self, devices: Iterable[Device], previous: Delivery | None, elsewhere: Mapping[str, str]
    ) -> None:
        self.elsewhere = elsewhere
        self.devices = {device.id: device for device in devices}
        self.numbers: dict[tuple[str | None, str], int] = {
            (line.lot, line.hardware_profile): line.line
            for line in (previous.lines if previous else ())
        }
        self.problems: list[Problem] = []
        self.notices: list[Problem] = []
        self.completed: dict[str, Device] = {}
        self.pending: list[_Pending] = []
        self.by_identity = {
            value: device.id
            for device in self.devices.values()
            for value in (device.serial, device.imei, *device.macs)
            if value is not None
        }

    def number(self, line: NoteLine) -> int:
        """The stable number of a line: that of its lot and model, else the next one."""
        key = (line.lot, line.profile.id)
        if key not in self.numbers:
            self.numbers[key] = max(self.numbers.values(), default=0) + 1
        return self.numbers[key]

    def known(self, unit: Unit) -> Device | None:
        """The device of the site with one of the unit's numbers."""
        for value in (unit.serial, unit.imei, *unit.macs):
            if value is not None and value in self.by_identity:
                return self.devices[self.by_identity[value]]
        return None

    def fill(self, delivery: str, number: int, lines: list[NoteLine]) -> None:
        """All units of one numbered line, which may stand on several rows of the note."""
        free = [
            device
            for device in sorted(self.devices.values(), key=_by_slot)
            if device.delivery and (device.delivery.id, device.delivery.line) == (delivery, number)
        ]
        slots = {device.delivery.slot for device in free if device.delivery}
        waiting: list[tuple[NoteLine, Unit]] = []
        for line in lines:
            for unit in line.units:
                device = self.known(unit) if unit.identified else None
                if device is None:
                    if not self.is_elsewhere(line, unit):
                        waiting.append((line, unit))
                elif device in free:
                    free.remove(device)
                    self.complete(device, line, unit)
                else:
                    self.refuse(device, line, unit)
        waiting = self._into_free(waiting, free)
        slot = max(slots, default=0)
        for line, unit in waiting:
            slot += 1
            self.pending.append(_Pending(number, slot, line, unit))
        for device in free:
            self.keep(device, lines[0].position)

    def keep(self, device: Device, position: Position) -> None:
        """A device the note does not speak of any more is kept, and told."""
        if device.state is not DeviceState.REMOVED:
            self.notices.append(
                Problem(
                    position,
                    _("“{device}” is no longer on the note; it is kept.").format(device=device.id),
                    _("If it never came, set its state to “removed”."),
                )
            )

    def _into_free(
        self, waiting: list[tuple[NoteLine, Unit]], free: list[Device]
    ) -> list[tuple[NoteLine, Unit]]:
        """Put units into devices of the line that have no number yet, then into the others."""
        left = []
        for line, unit in sorted(waiting, key=lambda pair: not pair[1].identified):
            if unit.identified:
                device = next((d for d in free if _nameless(d)), None) or next(iter(free), None)
            else:
                device = next(iter(free), None)
            if device is None:
                left.append((line, unit))
                continue
            free.remove(device)
            self.complete(device, line, unit)
        order = {id(unit): place for place, (_line, unit) in enumerate(waiting)}
        return sorted(left, key=lambda pair: order[id(pair[1])])

    def is_elsewhere(self, line: NoteLine, unit: Unit) -> bool:
        """Whether another site has this device; then it is refused."""
        for value in (unit.serial, unit.imei):
            if value is not None and value in self.elsewhere:
                self.problems.append(
                    Problem(
                        line.position,
                        _("“{value}” is already a device of the site “{site}”.").format(
                            value=value, site=self.elsewhere[value]
                        ),
                        _("Check which site it was delivered to."),
                    )
                )
                return True
        return False

    def refuse(self, device: Device, line: NoteLine, unit: Unit) -> None:
        """A number that another device of the site has already."""
        place = device.delivery.id if device.delivery else _("no delivery")
        self.problems.append(
            Problem(
                line.position,
                _("“{value}” is already the device “{device}” ({place}).").format(
                    value=unit.serial or unit.imei or unit.macs[0], device=device.id, place=place
                ),
                _("Remove it from one of the two notes, or correct the device."),
            )
        )

    def complete(self, device: Device, line: NoteLine, unit: Unit) -> None:
        """Add to a device what the note knows; what an adopted device said of itself stays."""
        updates: dict[str, Any] = {}
        for name, value in (("serial", unit.serial), ("imei", unit.imei)):
            current = getattr(device, name)
            if value is None or value == current:
                continue
            if current is not None and device.state is DeviceState.ADOPTED:
                self.notices.append(
                    Problem(
                        line.position,
                        _("the note says {value}, the device “{device}” itself {current}.").format(
                            value=value, device=device.id, current=current
                        ),
                        _("Another device came than the note says: tell the reseller."),
                    )
                )
                continue
            updates[name] = value
        if unit.macs and not set(unit.macs) <= set(device.macs):
            updates["macs"] = tuple(dict.fromkeys((*device.macs, *unit.macs)))
        said: dict[str, Any] = {
            "post_role": line.post_role,
            "zone": line.zone,
            "purchased_on": line.purchased_on,
        }
        updates |= {
            name: value
            for name, value in said.items()
            if value is not None and getattr(device, name) is None
        }
        if unit.identified and device.state is DeviceState.EXPECTED:
            updates["state"] = DeviceState.RECEIVED
        if updates:
            changed = Device.model_validate({**dict(device), **updates})
            self.devices[device.id] = changed
            self.completed[device.id] = changed


def _by_slot(device: Device) -> tuple[int, int, str]:
    slot = device.delivery
    return (slot.line, slot.slot, device.id) if slot else (0, 0, device.id)


def _nameless(device: Device) -> bool:
    return device.serial is None and device.imei is None and not device.macs


def fill_slots(
    site: Site,
    devices: Iterable[Device],
    note: ReadNote,
    head: DeliveryHead,
    previous: Delivery | None,
    elsewhere: Mapping[str, str],
) -> Slots:
    """Make every unit of the note a device, known or new.

    ``previous`` is the delivery as it was taken in before, if it was; ``elsewhere`` the serial
    numbers and IMEIs of other sites, with the site of each. Problems are rows that
    contradict the site; their units are left out.
    """
    filling = _Filling(devices, previous, elsewhere)
    grouped: dict[int, list[NoteLine]] = {}
    for line in note.lines:
        if line.units:
            grouped.setdefault(filling.number(line), []).append(line)
    for number, lines in grouped.items():
        filling.fill(head.id, number, lines)
    dropped = _dropped(filling, head.id, grouped, previous)
    for device in sorted(filling.devices.values(), key=_by_slot):
        slot = device.delivery
        if slot and slot.id == head.id and slot.line in {line.line for line in dropped}:
            filling.keep(device, Position(head.source.name))
    added = _name(site, filling, head, note.facts.dated)
    everything = sorted([*filling.devices.values(), *added], key=lambda device: device.id)
    return Slots(
        devices=everything,
        delivery=_delivery(note, head, grouped, dropped, previous),
        added=added,
        completed=[filling.completed[key] for key in sorted(filling.completed)],
        problems=filling.problems,
        notices=filling.notices,
    )


def _dropped(
    filling: _Filling,
    delivery: str,
    grouped: Mapping[int, list[NoteLine]],
    previous: Delivery | None,
) -> list[DeliveryLine]:
    """Lines of the former note that this one lacks, as long as they have devices."""
    kept = {
        device.delivery.line
        for device in filling.devices.values()
        if device.delivery and device.delivery.id == delivery
    }
    return [
        DeliveryLine.model_validate({**dict(line), "received": 0})
        for line in (previous.lines if previous else ())
        if line.line not in grouped and line.line in kept
    ]


def _name(site: Site, filling: _Filling, head: DeliveryHead, dated: date | None) -> list[Device]:
    """New devices with their names and asset numbers, in the order of lines and slots."""
    pending = sorted(filling.pending, key=lambda item: (item.line, item.slot))
    known = filling.devices.values()
    names = allocate_names(
        site, filling.devices, [item.source.profile.device_class for item in pending]
    )
    assets = allocate_asset_ids(
        site, [device.asset_id for device in known if device.asset_id], len(pending)
    )
    return [
        _device(site, item, name, asset, head, dated)
        for item, name, asset in zip(pending, names, assets, strict=True)
    ]


def _device(
    site: Site, item: _Pending, name: str, asset: str, head: DeliveryHead, dated: date | None
) -> Device:
    line, unit = item.source, item.unit
    platform, os = choose_system(site, line.profile, line.os, line.platform)
    role = line.post_role
    if role is None and line.profile.device_class is DeviceClass.SERVER:
        role = PostRole.SERVER
    return Device(
        id=name,
        asset_id=asset,
        device_class=line.profile.device_class,
        platform=platform,
        hardware_profile=line.profile.id,
        post_role=role,
        os=os,
        serial=unit.serial,
        macs=unit.macs,
        imei=unit.imei,
        delivery=DeliverySlot(id=head.id, line=item.line, slot=item.slot),
        zone=line.zone,
        purchased_on=line.purchased_on or dated,
        state=DeviceState.RECEIVED if unit.identified else DeviceState.EXPECTED,
    )


def _delivery(
    note: ReadNote,
    head: DeliveryHead,
    grouped: Mapping[int, list[NoteLine]],
    dropped: list[DeliveryLine],
    previous: Delivery | None,
) -> Delivery:
    lines = dropped + [
        DeliveryLine(
            line=number,
            lot=rows[0].lot,
            hardware_profile=rows[0].profile.id,
            designation=rows[0].designation,
            reference=next((row.reference for row in rows if row.reference), None),
            received=sum(len(row.units) for row in rows),
        )
        for number, rows in sorted(grouped.items())
    ]
    order = head.order if head.order is not None else own_order(note.lines)
    if order is None and previous is not None:
        order = previous.order
    return Delivery(
        id=head.id,
        note_number=note.facts.note_number or (previous.note_number if previous else None),
        order_number=note.facts.order_number or (previous.order_number if previous else None),
        supplier=note.facts.supplier or (previous.supplier if previous else None),
        dated=note.facts.dated or (previous.dated if previous else None),
        taken_in_on=previous.taken_in_on if previous else head.taken_in_on,
        source=head.source,
        lines=tuple(sorted(lines, key=lambda line: line.line)),
        accessories=tuple(note.accessories),
        order=order,
    )
