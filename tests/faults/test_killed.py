"""A controller that is killed: after ``--resume`` every host is as after an undisturbed run."""

from __future__ import annotations

import json
import random

import pytest

from tests.faults import killing
from tests.lab.bench import wait_until
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import LabSite, verdicts
from tests.loop.test_loop import disabled
from tests.loop.test_undo import fingerprint

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]
BORN = {"./machine-id"}  # a host has another one each time it is born
RULE = "ssh_root_login_disabled"
SSHD = "/etc/ssh/sshd_config.d/00-esms-kit.conf"
ARMED = "/var/lib/esms-kit/watchdog/armed"
LEFT = "ls -d /var/lib/esms-kit/watchdog* /run/esms-kit-* /run/esms-kit/lock 2>/dev/null"
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


def test_what_was_armed_when_it_was_killed_is_put_back_and_done_anew(make_site: MakeSite) -> None:
    """Nobody waits for the watchdog: the run that armed it is no more."""
    site = make_site(1)
    (host,) = site.hosts
    process = killing.begin(site, "--rule", RULE)
    killing.kill_at(process, host.name, "reload:ssh", "done")
    run = killing.run_id(site)
    assert host.run(["test", "-e", ARMED], check=False).returncode == 0
    assert verdicts(site.check(), host.name)["nothing_put_back"] == "fail"

    answer = site.run("apply", "lab", "--resume", run, "--json", "--yes", expect=[0, 1])
    told = [json.loads(line) for line in answer.stderr.splitlines() if line.startswith("{")]
    back = {one["target"] for one in told if one["state"] == "reverted"}
    assert f"file:{SSHD}" in back
    assert {one["failure"]["code"] for one in told if one["state"] == "reverted"} == {"unconfirmed"}
    assert answer.data["outcomes"][host.name]["ending"] == "done"
    assert {one["read_back"] for one in killing.entries(site, run)} == {"as_wanted"}
    found = verdicts(site.check(), host.name)
    assert found[RULE] == "pass"
    assert "nothing_put_back" not in found
    assert host.run(["sh", "-c", LEFT], check=False).stdout == b""


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
