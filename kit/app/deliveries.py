"""Where the deliveries of a site stand."""

from __future__ import annotations

from kit.checking.compliance import is_compliant
from kit.generation.receptions import Reception
from kit.sites.hardware import load_profiles
from kit.sites.loading import load_site
from kit.sites.reconciliation import reconcile
from kit.sites.workspace import Workspace
from kit.store.store import Store


def compliant_devices(store: Store, site: str) -> frozenset[str]:
    """Devices that the last whole check of the site found compliant; none without one.

    A check limited to some devices or rules says nothing of what it left out.
    """
    whole = [
        run
        for run in store.runs(site)
        if run.kind == "check" and run.ended_at is not None and not run.selection
    ]
    if not whole:
        return frozenset()
    return frozenset(
        device
        for device, findings in store.findings(whole[-1].id).items()
        if is_compliant(findings)
    )


def reception(
    workspace: Workspace, site: str, compliant: frozenset[str] = frozenset()
) -> Reception:
    """The deliveries of a site with what differs from their orders."""
    profiles = load_profiles(workspace)
    loaded = load_site(workspace, site, profiles=profiles)
    ordered = tuple(sorted(loaded.deliveries, key=lambda one: (one.taken_in_on, one.id)))
    found = tuple(reconcile(one, loaded.devices, profiles, compliant, ordered) for one in ordered)
    return Reception(loaded.site, ordered, found, profiles)
