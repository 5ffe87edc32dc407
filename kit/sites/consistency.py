"""What must hold between the documents of one site. Pure: documents in, problems out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from kit.documents_io.yaml import Document
from kit.errors import Problem
from kit.i18n import _
from kit.model.declaration import DeclarationsFile
from kit.model.delivery import Delivery
from kit.model.device import ATTACHED_CLASSES, Device, DeviceState
from kit.model.hardware import HardwareProfile
from kit.model.known_host import KnownHosts
from kit.model.site import Site
from kit.sites.categories import category_fault
from kit.sites.documents import DevicesFile, WaiversFile
from kit.sites.finess import NumberFault, finess_fault, siren_fault, siret_fault
from kit.sites.names import pattern_fault


def check_site(
    site: Site,
    folder: str,
    site_document: Document,
    devices: tuple[DevicesFile, Document] | None,
    deliveries: Sequence[tuple[Delivery, Document]],
    known_hosts: tuple[KnownHosts, Document] | None,
    waivers: tuple[WaiversFile, Document] | None,
    profiles: Mapping[str, HardwareProfile] | None,
) -> Iterator[Problem]:
    """Every contradiction between the documents, each at its place."""
    yield from _site_problems(site, folder, site_document)
    names: set[str] = set()
    if devices is not None:
        yield from _unique(devices)
        yield from _references(site, devices, deliveries, profiles)
        names = {device.id for device in devices[0].devices}
    for delivery, document in deliveries:
        if not document.file.endswith(f"{delivery.id}.yaml"):
            yield Problem(
                document.position(("id",)),
                _("the id must be the file's name."),
                _("Rename one of the two."),
            )
    if known_hosts is not None:
        for index, key in enumerate(known_hosts[0].keys):
            if key.device not in names:
                yield _unknown_device(known_hosts[1], ("keys", index, "device"), key.device)
    if waivers is not None:
        first: set[str] = set()
        for index, waiver in enumerate(waivers[0].waivers):
            if waiver.id in first:
                yield Problem(
                    waivers[1].position(("waivers", index, "id")),
                    _("there is already a waiver “{id}”.").format(id=waiver.id),
                    _("Give each its own id."),
                )
            first.add(waiver.id)
            for place, name in enumerate(waiver.devices):
                if name not in names:
                    yield _unknown_device(waivers[1], ("waivers", index, "devices", place), name)


def _unknown_device(document: Document, path: tuple[str | int, ...], name: str) -> Problem:
    return Problem(
        document.position(path),
        _("the site has no device “{device}”.").format(device=name),
        _("Correct the name, or take the device in first."),
    )


def _site_problems(site: Site, folder: str, document: Document) -> Iterator[Problem]:
    """Numbers, category, folder name and name pattern of the site itself."""
    if site.id != folder:
        yield Problem(
            document.position(("id",)),
            _("the id must be the folder's name, “{name}”.").format(name=folder),
            _("Rename one of the two."),
        )
    entity = site.legal_entity
    checks: tuple[tuple[str, NumberFault | None], ...] = (
        (
            "finess_et",
            finess_fault(site.finess_et, test_allowed=site.test) if site.finess_et else None,
        ),
        (
            "finess_ej",
            finess_fault(site.finess_ej, test_allowed=site.test) if site.finess_ej else None,
        ),
        ("siret", siret_fault(site.siret) if site.siret and not site.test else None),
        ("category", category_fault(site.category) if site.category else None),
        ("legal_entity", siren_fault(entity.siren) if entity and entity.siren else None),
        ("name_pattern", pattern_fault(site)),
    )
    for key, fault in checks:
        if fault is not None:
            yield Problem(document.position((key,)), f"{key}: {fault.message}", fault.remedy)


_IDENTITIES: tuple[tuple[str, Callable[[Device], tuple[str, ...]]], ...] = (
    ("id", lambda device: (device.id,)),
    ("asset_id", lambda device: (device.asset_id,) if device.asset_id else ()),
    ("serial", lambda device: (device.serial,) if device.serial else ()),
    ("imei", lambda device: (device.imei,) if device.imei else ()),
    ("macs", lambda device: device.macs),
)


def _unique(devices: tuple[DevicesFile, Document]) -> Iterator[Problem]:
    """Two devices with one name, asset number, serial, IMEI, MAC, or delivery slot."""
    records, document = devices
    for key, values in _IDENTITIES:
        first: dict[str, str] = {}
        for index, device in enumerate(records.devices):
            for value in values(device):
                if value in first:
                    yield Problem(
                        document.position(("devices", index, key)),
                        _("{key}: “{value}” already stands on the device “{other}”.").format(
                            key=key, value=value, other=first[value]
                        ),
                        _("Two devices cannot share it: correct one of them."),
                    )
                first.setdefault(value, device.id)
    slots: dict[tuple[str, int, int], str] = {}
    for index, device in enumerate(records.devices):
        if device.delivery is None:
            continue
        slot = (device.delivery.id, device.delivery.line, device.delivery.slot)
        if slot in slots:
            yield Problem(
                document.position(("devices", index, "delivery")),
                _("this delivery slot is already that of “{other}”.").format(other=slots[slot]),
                _("Two devices cannot share it: correct one of them."),
            )
        slots.setdefault(slot, device.id)


def _references(
    site: Site,
    devices: tuple[DevicesFile, Document],
    deliveries: Sequence[tuple[Delivery, Document]],
    profiles: Mapping[str, HardwareProfile] | None,
) -> Iterator[Problem]:
    """Names that must lead somewhere: zone, device attached to, delivery, profile."""
    records, document = devices
    by_name = {device.id: device for device in records.devices}
    zones = {zone.name for zone in site.zones}
    known_deliveries = {delivery.id for delivery, _document in deliveries}
    for index, device in enumerate(records.devices):
        path = ("devices", index)
        if device.zone is not None and device.zone not in zones:
            yield Problem(
                document.position((*path, "zone")),
                _("the site declares no zone “{zone}”.").format(zone=device.zone),
                _("Add it under “zones” in site.yaml, or correct the name."),
            )
        yield from _attachment(device, by_name, document, (*path, "attached_to"))
        if device.delivery is not None and device.delivery.id not in known_deliveries:
            yield Problem(
                document.position((*path, "delivery")),
                _("there is no delivery “{id}” in the folder deliveries.").format(
                    id=device.delivery.id
                ),
                _("Put its file back, or correct the id."),
            )
        if profiles is not None and device.hardware_profile is not None:
            yield from _profile(device, profiles, document, (*path, "hardware_profile"))


def _attachment(
    device: Device, by_name: Mapping[str, Device], document: Document, path: tuple[str | int, ...]
) -> Iterator[Problem]:
    if device.attached_to is None:
        return
    target = by_name.get(device.attached_to)
    if target is None:
        yield _unknown_device(document, path, device.attached_to)
    elif target.device_class in ATTACHED_CLASSES:
        yield Problem(
            document.position(path),
            _("“{device}” is itself a reader or a key.").format(device=target.id),
            _("Name the post it is plugged into."),
        )
    elif target.state is DeviceState.REMOVED and device.state is not DeviceState.REMOVED:
        yield Problem(
            document.position(path),
            _("“{device}” was removed from the site.").format(device=target.id),
            _("Name the post it is plugged into now."),
        )


def _profile(
    device: Device,
    profiles: Mapping[str, HardwareProfile],
    document: Document,
    path: tuple[str | int, ...],
) -> Iterator[Problem]:
    profile = profiles.get(device.hardware_profile or "")
    if profile is None:
        yield Problem(
            document.position(path),
            _("there is no hardware profile “{profile}”.").format(profile=device.hardware_profile),
            _("Run “esms-kit hardware list”, or add a file under hardware_profiles."),
        )
    elif profile.device_class is not device.device_class:
        yield Problem(
            document.position(path),
            _("the profile is of the class {expected}, the device of the class {found}.").format(
                expected=profile.device_class, found=device.device_class
            ),
            _("Correct one of the two."),
        )
    elif device.platform not in profile.platforms:
        yield Problem(
            document.position(path),
            _("the model “{model}” does not run {platform}.").format(
                model=profile.label, platform=device.platform
            ),
            _("Correct the platform or the profile."),
        )


def declaration_problems(
    read: tuple[DeclarationsFile, Document] | None,
) -> Iterator[Problem]:
    """Ids that stand twice, withdrawals of nothing, and those that come before what they undo."""
    if read is None:
        return
    file, document = read
    said = {one.id: one for one in reversed(file.declarations)}
    for index, one in enumerate(file.declarations):
        if said[one.id] is not one:
            yield Problem(
                document.position(("declarations", index, "id")),
                _("there is already a declaration “{id}”.").format(id=one.id),
                _("Give each its own id."),
            )
    for index, taken in enumerate(file.withdrawals):
        place = document.position(("withdrawals", index, "declaration"))
        told = said.get(taken.declaration)
        if told is None:
            message = _("there is no declaration “{id}” to withdraw.")
            remedy = _("“esms-kit declare list SITE” lists them.")
            yield Problem(place, message.format(id=taken.declaration), remedy)
        elif taken.on < told.on:
            message = _("“{id}” is withdrawn before the day it was made.")
            yield Problem(place, message.format(id=told.id), _("Correct one of the two days."))
