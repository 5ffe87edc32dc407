"""A controller that is killed: after ``--resume`` every host is as after an undisturbed run."""

from __future__ import annotations

import random

import pytest

from tests.faults import killing
from tests.lab.bench import wait_until
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import LabSite
from tests.loop.test_loop import disabled
from tests.loop.test_undo import fingerprint

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]
BORN = {"./machine-id"}  # a host has another one each time it is born
RULES = (
    "magic_sysrq_disabled", "ssh_root_login_disabled", "rpcbind_disabled",
    "smart_card_packages_installed", "smart_card_service_enabled",
)  # fmt: skip


def kill_and_resume(site: LabSite, more: list[str], events: int) -> None:
    """One kill, one resume; the journal has no gap, every host is as the reference wants it."""
    known = killing.run_id(site)
    process = killing.begin(site, *more)
    # Before that there is nothing to go on with: as soon as the run is known, if not later.
    assert wait_until(lambda: killing.run_id(site) != known, 60)
    killing.kill_after(process, events)
    run = killing.run_id(site)
    site.run("apply", "lab", "--resume", run, "--json", "--yes", expect=[0, 1])
    entries = killing.entries(site, run)
    assert entries
    assert {one["read_back"] for one in entries} == {"as_wanted"}, [
        (one["device"], one["target"], one["state"], one["read_back"])
        for one in entries
        if one["read_back"] != "as_wanted"
    ]
    devices = {one["device"] for one in entries}
    assert devices == {host.name for host in site.hosts}
    for host in site.hosts:
        assert host.run(["test", "-e", "/run/esms-kit/lock"], check=False).returncode == 1


def undisturbed(site: LabSite, more: list[str]) -> list[dict[str, str]]:
    """What /etc of each host is after a run that nothing happened to."""
    site.apply(*more, expect=[0, 1])
    return [fingerprint(host) for host in site.hosts]


def unlike(site: LabSite, wanted: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    """The files of /etc that are not as wanted."""
    found: dict[str, tuple[str, str]] = {}
    for host, before in zip(site.hosts, wanted, strict=True):
        now = fingerprint(host)
        for path in before.keys() | now.keys():
            if before.get(path) != now.get(path) and path not in BORN:
                found[f"{host.name}:{path}"] = (before.get(path, ""), now.get(path, ""))
    return found


def reset(site: LabSite) -> None:
    for host in site.hosts:
        host.reset()
    for host in site.hosts:
        host.wait()
    site.write()


def test_killed_four_times(make_site: MakeSite) -> None:
    site = make_site(2)
    more = [word for rule in RULES for word in ("--rule", rule)]
    wanted = undisturbed(site, more)
    for events in (0, 1, 6, 11):
        reset(site)
        kill_and_resume(site, more, events)
        assert unlike(site, wanted) == {}, events
    again = site.run("apply", "lab", "--resume", killing.run_id(site), "--json", expect=[0])
    assert again.data["started"] is False


@pytest.mark.full
def test_killed_twenty_times_over_five_hosts(make_site: MakeSite) -> None:
    site = make_site(5, disabled_rules=disabled())
    wanted = undisturbed(site, [])
    moments = random.Random(20261127)  # noqa: S311 - moments, no secrets
    for _number in range(20):
        events = moments.randrange(0, 400)
        reset(site)
        kill_and_resume(site, [], events)
        assert unlike(site, wanted) == {}, events
