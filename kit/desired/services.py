"""Which shared services of the site one device must reach."""

from __future__ import annotations

from collections.abc import Iterator

from kit.catalogue.services import service_addresses, service_rule
from kit.desired.clients import SelectedRule, concerned
from kit.model.device import Device
from kit.model.site import Site


def service_rules(site: Site, device: Device) -> Iterator[SelectedRule]:
    """A rule for each service the posts of this role need.

    Where nobody said where a service is, its rule is told with an example, as ``missing``.
    """
    for choice in site.services:
        if not concerned(device, choice.post_roles):
            continue
        known = service_addresses(choice)
        missing = () if known else (f"services.{choice.service}.addresses",)
        yield SelectedRule(service_rule(choice), True, missing)
