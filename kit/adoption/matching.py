"""Which device of the site each record is, and what is then known of it. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kit.adoption.records import Opened
from kit.i18n import _
from kit.model.device import Access, Connection, Device, DeviceState
from kit.model.platform import Platform
from kit.model.site import Site

_SERIAL: Final = re.compile(r"[A-Z0-9][A-Z0-9._/-]{3,31}\Z")
# What makers leave in firmware they have not filled in; texts with blanks are no serial anyway.
_NO_SERIAL: Final = frozenset({
    "NONE", "UNKNOWN", "DEFAULT", "INVALID", "SERIAL", "OEM", "O.E.M.", "0123456789", "123456789",
    "1234567890", "00000000", "XXXXXXXX", "EMPTY", "NULL", "TBD",
})  # fmt: skip
POSTS: Final = frozenset({Platform.LINUX, Platform.WINDOWS})


class How(StrEnum):
    """What told which device a record is."""

    SERIAL = "serial"
    MAC = "mac"
    ASSIGNED = "assigned"


@dataclass(frozen=True)
class Matched:
    """A record and its device, as it will stand in the site."""

    opened: Opened
    device: Device
    how: How
    notices: tuple[str, ...] = ()


@dataclass
class Matching:
    """``surplus``: authentic, but of no device of the site. ``refused``: file -> reason."""

    matched: list[Matched] = field(default_factory=list)
    surplus: list[Opened] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    superseded: list[Opened] = field(default_factory=list)


def serial_of(opened: Opened) -> str | None:
    """The serial number its firmware says, when it is one."""
    said = (opened.record.serial or "").strip().upper()
    known = said not in _NO_SERIAL and len(set(said)) > 1
    return said if known and _SERIAL.match(said) else None


def match_records(
    site: Site,
    devices: Sequence[Device],
    opened: Iterable[Opened],
    assigned: Mapping[str, str],
    identity_files: Mapping[str, str | None],
) -> Matching:
    """Match records with the devices of a site.

    A serial number decides; else a network card that one device alone has. ``assigned`` (file ->
    device) is what somebody said where neither decides. ``identity_files``: token -> private key.
    """
    found = Matching()
    newest = _newest(opened, found)
    counts = Counter(mac for one in newest for mac in one.record.macs)
    owners = {mac: device.id for device in devices for mac in device.macs}
    known = {device.id: device for device in devices}
    taken: dict[str, list[Matched]] = {}
    for one in newest:
        own = [mac for mac in one.record.macs if counts[mac] == 1]
        device, how, reason = _device_of(one, known, own, owners, assigned)
        if device is not None and not reason:
            reason = _objection(one, device)
        if reason:
            found.refused[one.envelope.file] = reason
        elif device is None:
            found.surplus.append(one)
        else:
            cards = [mac for mac in own if owners.get(mac, device.id) == device.id]
            identity = identity_files.get(one.record.token)
            made = _filled(site, device, one, cards, identity, how)
            taken.setdefault(device.id, []).append(made)
    for name, several in sorted(taken.items()):
        if len(several) == 1:
            found.matched += several
            continue
        for twin in several:
            found.refused[twin.opened.envelope.file] = _(
                "two machines say they are {device}."
            ).format(device=name)
    return found


def _newest(opened: Iterable[Opened], found: Matching) -> list[Opened]:
    """One record a machine, the last written; two machines in one slot are refused."""
    machines: dict[str, Opened] = {}
    for one in sorted(opened, key=lambda each: (each.record.written_at, each.envelope.file)):
        if one.machine in machines:
            found.superseded.append(machines[one.machine])
        machines[one.machine] = one
    slots = Counter((one.record.token, one.record.slot) for one in machines.values())
    kept = []
    for one in sorted(machines.values(), key=lambda each: each.envelope.file):
        if slots[one.record.token, one.record.slot] > 1:
            found.refused[one.envelope.file] = _(
                "two machines used slot {slot} of the same stick."
            ).format(slot=one.record.slot)
        else:
            kept.append(one)
    return kept


def _device_of(
    opened: Opened,
    known: Mapping[str, Device],
    macs: Sequence[str],
    owners: Mapping[str, str],
    assigned: Mapping[str, str],
) -> tuple[Device | None, How, str]:
    """The device, what told it, and why it is refused."""
    serial = serial_of(opened)
    by_serial = next((one for one in known.values() if serial and one.serial == serial), None)
    wanted = assigned.get(opened.envelope.file)
    if wanted is not None:
        if wanted not in known:
            reason = _("the site has no device “{device}”.").format(device=wanted)
            return None, How.ASSIGNED, reason
        if by_serial is not None and by_serial.id != wanted:
            reason = _("its serial number is that of {device}.").format(device=by_serial.id)
            return None, How.ASSIGNED, reason
        return known[wanted], How.ASSIGNED, ""
    if by_serial is not None:
        return by_serial, How.SERIAL, ""
    by_mac = {owners[mac] for mac in macs if mac in owners}
    if len(by_mac) > 1:
        names = ", ".join(sorted(by_mac))
        return None, How.MAC, _("its network cards are those of {names}.").format(names=names)
    return (known[by_mac.pop()] if by_mac else None), How.MAC, ""


def _objection(opened: Opened, device: Device) -> str:
    """Why this record cannot be of this device; empty when it can."""
    record, serial = opened.record, serial_of(opened)
    if device.state is DeviceState.REMOVED:
        return _("{device} was removed from the site.").format(device=device.id)
    if device.platform is not record.platform:
        return _("{device} should run {expected}, not {found}.").format(
            device=device.id, expected=device.platform, found=record.platform
        )
    if device.managed_by is not None:
        return _("{device} is administered by a third party.").format(device=device.id)
    if serial and device.serial and serial != device.serial:
        return _("the serial number of {device} is {expected}, not {found}.").format(
            device=device.id, expected=device.serial, found=serial
        )
    return ""


def _filled(
    site: Site, device: Device, opened: Opened, macs: Sequence[str], identity: str | None, how: How
) -> Matched:
    """The device with what its record says."""
    record = opened.record
    notices = []
    dropped = sorted(set(record.macs) - set(macs))
    if dropped:
        notices.append(_("network card seen on several devices, left out: {macs}").format(
            macs=", ".join(dropped)))  # fmt: skip
    system = record.os if record.os and re.fullmatch(r"[a-z][a-z0-9._-]{0,39}", record.os) else None
    if device.os and system and device.os != system:
        notices.append(_("runs {found}, {expected} was expected").format(
            found=system, expected=device.os))  # fmt: skip
    connection = device.connection
    if connection is None or connection.access is not record.access:
        address = connection.address if connection is not None else None
        connection = _connection(site, opened, identity, address)
    if connection is None:
        notices.append(
            _("no address in the site’s networks: write it into devices.yaml (connection)")
            if record.access is Access.WINRM
            else _("no address in the site’s networks: esms-kit locate finds it there")
        )
    changed = Device.model_validate(
        {
            **dict(device),
            "serial": device.serial or serial_of(opened),
            "macs": tuple(sorted({*device.macs, *macs})),
            "os": device.os or system,
            "state": DeviceState.ADOPTED,
            "connection": connection,
        }
    )
    return Matched(opened, changed, how, tuple(notices))


def _connection(
    site: Site, opened: Opened, identity: str | None, known: str | None
) -> Connection | None:
    """How the device is reached, at an address the site's networks have, else the ``known`` one."""
    record = opened.record
    networks = [
        ipaddress.ip_network(text)
        for text in (*(net for zone in site.zones for net in zone.subnets),
                     *site.management.sources)
    ]  # fmt: skip
    inside = [
        text for text in record.addresses
        if not any(zone.subnets for zone in site.zones)
        or any(ipaddress.ip_address(text) in network for network in networks)
    ]  # fmt: skip
    account = None if record.account == site.management.account else record.account
    nearest = sorted(inside, key=lambda text: (":" in text, record.addresses.index(text)))
    address = nearest[0] if nearest else known
    if address is None:
        return None
    return Connection(
        access=record.access,
        address=address,
        port=record.port,
        user=account,
        identity_file=identity if record.access is Access.SSH else None,
    )
