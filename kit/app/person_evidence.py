"""What readings of posts prove about people's second factors. Imports no engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from kit.app.opening import OpenSite
from kit.checking.observing import observe
from kit.enrolment.evidence import Standing, standings, with_first_uses
from kit.enrolment.findings import person_findings
from kit.errors import UsageError
from kit.model.device import Device, DeviceState
from kit.model.finding import Finding, Provenance
from kit.model.observation import Observations
from kit.model.person import Person
from kit.model.platform import Platform
from kit.model.site import Site
from kit.model.snapshot import Snapshot
from kit.reads.oath_users import OathUsers
from kit.sites.loading import LoadedSite, load_site
from kit.sites.people import save_enrolments
from kit.sites.saving import hold_site


def local_day(site: Site, at: datetime) -> date:
    """The day it is on the site."""
    return at.astimezone(ZoneInfo(site.timezone)).date()


def linux_posts(loaded: LoadedSite) -> list[Device]:
    """The posts that can ask for a code."""
    return [
        one
        for one in loaded.devices
        if one.platform is Platform.LINUX and one.state is not DeviceState.REMOVED
    ]


def standings_of(
    site: OpenSite, snapshots: Mapping[str, Snapshot], at: datetime
) -> tuple[Standing, ...]:
    """Where everybody stands, as these readings show it."""
    loaded = site.loaded
    people = loaded.people or ()
    shown = observed_factors(people, snapshots)
    day = local_day(loaded.site, at)
    return standings(people, loaded.enrolments, linux_posts(loaded), shown, day)


def observed_factors(
    people: Iterable[Person], snapshots: Mapping[str, Snapshot]
) -> Mapping[str, Mapping[str, Observations]]:
    """Device -> what its snapshot shows of these people's second factors."""
    keys = frozenset(f"{what} {one.account}" for one in people for what in ("line", "used"))
    return {
        name: observe(snapshot, {OathUsers.id: keys & _asked(snapshot)})
        for name, snapshot in snapshots.items()
    }


def findings_of_people(
    site: OpenSite, snapshots: Mapping[str, Snapshot], at: datetime
) -> tuple[Finding, ...]:
    """A finding for each person, by pseudonym, from these readings; none without a list."""
    origins = {name: Provenance(one.origin) for name, one in snapshots.items()}
    return person_findings(site.catalogue, standings_of(site, snapshots, at), origins)


def note_first_uses(site: OpenSite, snapshots: Mapping[str, Snapshot]) -> None:
    """Keep every first use that these readings prove: readings are not kept for ever.

    Only what this kit has read itself: a file would go on proving for good what nobody saw. Left
    for the next reading when another command is changing the site.
    """
    loaded = site.loaded
    read = {
        name: one
        for name, one in snapshots.items()
        if Provenance(one.origin) is Provenance.MEASURED
    }
    if not loaded.enrolments.enrolments or not read:
        return
    shown = observed_factors(loaded.people or (), read)
    with contextlib.suppress(UsageError), hold_site(site.workspace, loaded.site.id):
        now = load_site(site.workspace, loaded.site.id)
        noted = with_first_uses(now.people or (), now.enrolments, shown)
        if noted != now.enrolments:
            save_enrolments(site.workspace, loaded.site.id, noted)


def _asked(snapshot: Snapshot) -> frozenset[str]:
    answer = snapshot.answer(OathUsers.id)
    return frozenset(answer.keys) if answer is not None else frozenset()
