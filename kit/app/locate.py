"""Known devices found again by their keys, in the networks the site declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from kit.adoption.ledger import read_ledger
from kit.app.opening import OpenSite
from kit.collectors.locating import Place, find_devices
from kit.errors import UsageError
from kit.i18n import _
from kit.loop.reading import collectable
from kit.model.adoption import AdoptionFile
from kit.model.device import Connection, Device
from kit.model.known_host import KeyKind
from kit.sites.loading import load_site
from kit.sites.saving import hold_site, save_devices

MAX_ADDRESSES: Final = 4096
DEFAULT_PORT: Final = 22
Network = IPv4Network | IPv6Network


class Whereabouts(StrEnum):
    """What came of looking for one device."""

    SAME = "same"  # where it is said to be
    MOVED = "moved"  # at one other address
    SEVERAL = "several"  # at several, none of which is the known one: somebody has to look
    SHARED = "shared"  # its key is another device's too: machines copied from one image
    NOWHERE = "nowhere"


@dataclass(frozen=True)
class Sought:
    """One device: where it was said to be, where its key was seen."""

    device: Device
    whereabouts: Whereabouts
    places: tuple[Place, ...] = ()


def sought_networks(site: OpenSite, asked: Iterable[str]) -> tuple[Network, ...]:
    """The networks to look in: those of the site's zones, or the parts of them that are ``asked``.

    Raises ``UsageError`` for a network no zone declares, for more than ``MAX_ADDRESSES``
    addresses, and when there is none.
    """
    declared = [ip_network(text) for zone in site.loaded.site.zones for text in zone.subnets]
    wanted = [_network(text) for text in asked]
    for one in wanted:
        if not any(_inside(one, known) for known in declared):
            raise UsageError(
                _("the site declares no network that holds {network}.").format(network=one),
                where=site.loaded.site.id,
                remedy=_(
                    "Name a part of a zone’s subnets in site.yaml; nothing else is looked at."
                ),
            )
    chosen = sorted(set(wanted or declared), key=str)
    count = sum(one.num_addresses for one in chosen)
    if not chosen or count > MAX_ADDRESSES:
        raise UsageError(
            _("there are {count} addresses to look at; the kit looks at 1 to {most}.").format(
                count=count, most=MAX_ADDRESSES
            ),
            where=site.loaded.site.id,
            remedy=_("Name a smaller part of a zone: --subnet 10.20.30.0/24."),
        )
    return tuple(chosen)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise UsageError(
            _("“{cidr}” is not a network in CIDR form, such as 10.20.30.0/24.").format(cidr=text),
            where="--subnet",
            remedy=_("Name a smaller part of a zone: --subnet 10.20.30.0/24."),
        ) from error


def _inside(part: Network, whole: Network) -> bool:
    if isinstance(part, IPv4Network) and isinstance(whole, IPv4Network):
        return part.subnet_of(whole)
    if isinstance(part, IPv6Network) and isinstance(whole, IPv6Network):
        return part.subnet_of(whole)
    return False


def sought_devices(site: OpenSite, limit: str | None) -> tuple[Device, ...]:
    """The devices that have a pinned SSH key to know them by."""
    pinned = {one.device for one in site.loaded.known_hosts if one.kind is KeyKind.SSH_HOST_KEY}
    chosen = [one for one in site.devices(limit) if one.id in pinned and collectable(one)]
    if not chosen:
        raise UsageError(
            _("no device chosen has a pinned key to be known by."),
            where=site.loaded.site.id,
            remedy=_("Run “esms-kit adopt import” or “esms-kit trust” first."),
        )
    return tuple(chosen)


def places_in(networks: Iterable[Network], devices: Iterable[Device]) -> tuple[Place, ...]:
    """Every address of the networks with every port a device answers at."""
    ports = sorted({one.connection.port if one.connection else DEFAULT_PORT for one in devices})
    seen: dict[Place, None] = {}
    for network in networks:
        hosts: Iterator[object] = iter(network.hosts())
        for address in hosts:
            seen.update(dict.fromkeys(Place(str(address), port) for port in ports))
    return tuple(seen)


def locate(
    site: OpenSite, networks: Iterable[Network], limit: str | None, looked: Callable[[str], None]
) -> tuple[Sought, ...]:
    """Look for the chosen devices; nothing is written."""
    devices = sought_devices(site, limit)
    names = {one.id for one in devices}
    pins = site.loaded.known_hosts
    found = find_devices(places_in(networks, devices), pins, looked)
    owners: dict[str, set[str]] = {}
    for pin in pins:
        owners.setdefault(pin.key, set()).add(pin.device)
    shared = {name for several in owners.values() if len(several) > 1 for name in several}
    return tuple(_judged(one, found, one.id in shared) for one in devices if one.id in names)


def _judged(device: Device, found: Mapping[str, tuple[Place, ...]], shared: bool) -> Sought:
    places = found.get(device.id, ())
    known = device.connection
    here = Place(known.address, known.port) if known else None
    if not places:
        return Sought(device, Whereabouts.NOWHERE)
    if here in places:
        return Sought(device, Whereabouts.SAME, places)
    if shared:
        return Sought(device, Whereabouts.SHARED, places)
    return Sought(device, Whereabouts.MOVED if len(places) == 1 else Whereabouts.SEVERAL, places)


def write_addresses(site: OpenSite, moved: Iterable[Sought]) -> int:
    """Write the new address of every device that has moved; returns how many were written."""
    name = site.loaded.site.id
    places = {one.device.id: one.places[0] for one in moved}
    with hold_site(site.workspace, name):
        loaded = load_site(site.workspace, name)
        ledger = read_ledger(site.workspace, name)
        devices = [
            _moved(one, places[one.id], ledger) if one.id in places else one
            for one in loaded.devices
        ]
        save_devices(site.workspace, name, devices)
    return len(places)


def _moved(device: Device, place: Place, ledger: AdoptionFile) -> Device:
    connection = device.connection
    if connection is None:
        connection = Connection(
            address=place.address, port=place.port, identity_file=_identity(device, ledger)
        )
    else:
        connection = connection.model_copy(update={"address": place.address, "port": place.port})
    return device.model_copy(update={"connection": connection})


def _identity(device: Device, ledger: AdoptionFile) -> str | None:
    """The private key of the stick the device was adopted with."""
    used = [one.token for one in ledger.records if one.device == device.id]
    files = {token.id: token.identity_file for token in ledger.tokens}
    return files.get(used[-1]) if used else None
