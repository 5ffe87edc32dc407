"""What the client packs of a site ask of one device."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kit.catalogue.clients import filled, missing_values, pack_rules
from kit.model.catalogue import Catalogue
from kit.model.client import ClientChoice, WebClient
from kit.model.device import Device, DeviceClass, PostRole
from kit.model.facts import Fact, Facts
from kit.model.observation import Observation, Observed
from kit.model.platform import Platform
from kit.model.rule import Rule
from kit.model.site import Site

_POSTS = frozenset({DeviceClass.DESKTOP, DeviceClass.LAPTOP, DeviceClass.THIN_CLIENT})
_FACTS = {"chromium": Fact.CHROMIUM, "firefox": Fact.FIREFOX}


@dataclass(frozen=True)
class SelectedRule:
    """A rule with what the baseline and the site make of it on this device."""

    rule: Rule
    enforced: bool
    missing: tuple[str, ...] = ()  # site values without which its settings cannot be made


def concerned(device: Device, post_roles: Collection[PostRole]) -> bool:
    """Whether a choice for these posts is one for this device; none named is all but servers."""
    if device.platform is not Platform.LINUX or device.device_class not in _POSTS:
        return False
    if post_roles:
        return device.post_role in post_roles
    return device.post_role is not PostRole.SERVER


def wanted_clients(site: Site, device: Device) -> Iterator[ClientChoice]:
    """The packs of the site that this device gets."""
    return (one for one in site.clients if concerned(device, one.post_roles))


def client_rules(catalogue: Catalogue, site: Site, device: Device) -> Iterator[SelectedRule]:
    """The rules of the device's packs, with the site's values in them.

    Where the site has not given all values they are told with examples, as ``missing``.
    """
    for choice in wanted_clients(site, device):
        pack = catalogue.clients[choice.pack]
        missing = tuple(f"clients.{pack.id}.{one}" for one in missing_values(pack, choice.values))
        client = filled(pack, choice.values, samples=True)
        for rule in pack_rules(pack, client, device.post_role, choice.allow):
            yield SelectedRule(rule, True, missing)


def with_browsers(catalogue: Catalogue, site: Site, device: Device, facts: Facts) -> Facts:
    """The facts, with the browsers that the device's packs bring counted as installed.

    Their policies are then put in place together with them, and not one run later.
    """
    brought: dict[Fact, Observation] = {}
    for choice in wanted_clients(site, device):
        pack = catalogue.clients[choice.pack]
        if missing_values(pack, choice.values):
            continue
        client = filled(pack, choice.values)
        if isinstance(client, WebClient):
            brought |= {_FACTS[browser]: Observed(True) for browser in client.browsers}
    return Facts(ChainMap(brought, facts.values)) if brought else facts  # type: ignore[arg-type]
