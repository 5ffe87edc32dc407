"""A controller that is killed: after ``--resume`` every host is as after an undisturbed run."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from kit.app.errands import sender_for
from kit.app.opening import open_site
from kit.engines.failures import FailureCode
from kit.engines.keeping import Keeper
from kit.redaction import Redactor
from kit.sites.locking import holder_of
from kit.sites.workspace import load_workspace
from tests.faults import killing
from tests.lab.bench import wait_until
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, LabSite, verdicts
from tests.loop.test_loop import disabled
from tests.loop.test_undo import fingerprint

pytestmark = [pytest.mark.lab, pytest.mark.timeout(1200)]
BORN = {"./machine-id"}  # a host has another one each time it is born
SSHD = "/etc/ssh/sshd_config.d/00-esms-kit.conf"
ARMED = "/var/lib/esms-kit/watchdog/armed"
LEFT = "ls -d /var/lib/esms-kit/watchdog* /run/esms-kit-* /run/esms-kit/lock 2>/dev/null"
RULES = (
    "magic_sysrq_disabled", "ssh_root_login_disabled", "rpcbind_disabled",
    "smart_card_packages_installed", "smart_card_service_enabled",
)  # fmt: skip


Kill = Callable[[subprocess.Popen[bytes]], object]


def after(events: int) -> Kill:
    """Killed when so many events were told."""
    return lambda process: killing.kill_after(process, events)


def kill_and_resume(site: LabSite, more: list[str], kill: Kill) -> list[dict[str, Any]]:
    """One kill, one resume; the journal has no gap, every host is as the reference wants it.

    What the resumed run told on its way.
    """
    known = killing.run_id(site)
    process = killing.begin(site, *more)
    # Before that there is nothing to go on with: as soon as the run is known, if not later.
    assert wait_until(lambda: killing.run_id(site) != known, 60)
    kill(process)
    run = killing.run_id(site)
    answer = site.run("apply", "lab", "--resume", run, "--json", "--yes", expect=[0, 1])
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
        assert host.run(["sh", "-c", LEFT], check=False).stdout == b""
    return [json.loads(line) for line in answer.stderr.splitlines() if line.startswith("{")]


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
    for events in (0, 1, 6):
        reset(site)
        kill_and_resume(site, more, after(events))
        assert unlike(site, wanted) == {}, events
    again = site.run("apply", "lab", "--resume", killing.run_id(site), "--json", expect=[0])
    assert again.data["started"] is False

    # While a watchdog is armed: nobody waits for it, for the run that armed it is no more.
    reset(site)
    armed = site.hosts[0]

    def right_after_the_change(process: subprocess.Popen[bytes]) -> None:
        killing.kill_at(process, armed.name, "reload:ssh", "done")
        assert armed.run(["test", "-e", ARMED], check=False).returncode == 0

    told = kill_and_resume(site, more, right_after_the_change)
    assert unlike(site, wanted) == {}
    back = [one for one in told if one["state"] == "reverted" and one["device"] == armed.name]
    assert f"file:{SSHD}" in {one["target"] for one in back}
    assert {one["failure"]["code"] for one in back} == {"unconfirmed"}
    found = verdicts(site.check(), armed.name)
    assert found["ssh_root_login_disabled"] == "pass"
    assert "nothing_put_back" not in found


SLOW = "#!/bin/sh\n: >/run/begun\nwhile [ ! -e /run/go ]; do sleep 0.1; done\n"


@pytest.mark.full
@pytest.mark.parametrize("engine", ["pyinfra", "ansible"])
def test_what_a_killed_run_has_begun_is_waited_for(make_site: MakeSite, engine: str) -> None:
    site = make_site(1)
    (host,) = site.hosts
    host.write("/usr/local/sbin/slow", SLOW, 0o755)
    host.write("/etc/dpkg/dpkg.cfg.d/slow", "pre-invoke=/usr/local/sbin/slow\n")
    process = killing.begin(site, "--rule", "smart_card_packages_installed", "--engine", engine)
    assert wait_until(
        lambda: host.run(["test", "-e", "/run/begun"], check=False).returncode == 0, 90
    )
    killing.kill(process)
    run = killing.run_id(site)
    opened = open_site(load_workspace(site.root), SITE)
    send = sender_for(opened, jobs=1, redactor=Redactor())
    holder = holder_of(opened.workspace, SITE)
    keeper = Keeper(run, holder, "lab@controller", send, patience_seconds=1)
    (standing,) = site.lab.call(keeper.take, opened.loaded.devices).values()
    assert standing.failure is not None
    assert standing.failure.code is FailureCode.LOCKED

    host.write("/run/go", "")
    site.run("apply", "lab", "--resume", run, "--json", "--yes", expect=[0, 1])
    assert {one["read_back"] for one in killing.entries(site, run)} == {"as_wanted"}


@pytest.mark.full
@pytest.mark.timeout(5400)  # 35 minutes beside other work
def test_killed_twenty_times_over_five_hosts(make_site: MakeSite) -> None:
    site = make_site(5, disabled_rules=disabled())
    wanted = undisturbed(site, [])
    moments = random.Random(20261127)  # noqa: S311 - moments, no secrets
    for _number in range(20):
        events = moments.randrange(0, 400)
        reset(site)
        kill_and_resume(site, [], after(events))
        assert unlike(site, wanted) == {}, events
