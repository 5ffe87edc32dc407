"""Where the deliveries of a site stand."""

from __future__ import annotations

from kit.generation.receptions import Reception
from kit.model.verdict import Verdict
from kit.sites.hardware import load_profiles
from kit.sites.loading import load_site
from kit.sites.reconciliation import reconcile
from kit.sites.workspace import Workspace
from kit.store.store import Store

_GOOD = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})


def compliant_devices(store: Store, site: str) -> frozenset[str]:
    """Devices whose last check of the site found nothing open; none without a check."""
    ended = [run for run in store.runs(site) if run.kind == "check" and run.ended_at is not None]
    if not ended:
        return frozenset()
    return frozenset(
        device
        for device, findings in store.findings(ended[-1].id).items()
        if findings
        and all(found.verdict in _GOOD for found in findings)
        and any(found.verdict is Verdict.PASS for found in findings)
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
