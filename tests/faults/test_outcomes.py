"""A site where things go wrong in the middle: each host its own outcome, the others unaffected."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults import killing
from tests.lab import faults
from tests.lab.bench import wait_until
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, LabSite
from tests.loop.test_undo import SYSRQ

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
DROP_IN = "/etc/sysctl.d/zz-esms-kit.conf"
JOURNAL = "/var/lib/esms-kit"


def fill(host: Host) -> None:
    """No room is left where a device holds what it had before."""
    host.run(["mkdir", "-p", JOURNAL])
    host.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", JOURNAL])
    host.run(["sh", "-c", f"head -c 100000 /dev/zero >{JOURNAL}/fill"], check=False)


def hinder(host: Host, script: str) -> None:
    """The script is run whenever a new file below /etc is about to take its place."""
    host.run(["mv", "/usr/bin/sync", "/usr/bin/sync.real"])
    text = f'#!/bin/sh\ncase $1 in /etc/*) {script} ;; esac\nexec sync.real "$@"\n'
    host.write("/usr/bin/sync", text, 0o755)


SLOW = "sleep 0.5"
UNTIL_TOLD = ": >/run/begun; while [ ! -e /run/go ]; do sleep 0.1; done"


def unplug(host: Host) -> None:
    """Nothing is said any more, and nobody is told so."""
    host.run(["ip", "link", "set", "eth0", "down"])


def hang_up(host: Host) -> None:
    """Every connection ends at once."""
    host.run(["pkill", "-KILL", "-f", f"^sshd: {host.user}"], check=False)


def apply_and(site: LabSite, lost: Host, lose: Callable[[Host], None]) -> tuple[int, Any]:
    """``apply``; a host is lost in the middle of a change. The exit code and the answer."""
    process = killing.begin(site, *SYSRQ)
    assert process.stderr is not None
    assert process.stdout is not None
    threading.Thread(target=process.stderr.read, daemon=True).start()
    assert wait_until(
        lambda: lost.run(["test", "-e", "/run/begun"], check=False).returncode == 0, 120
    )
    lose(lost)
    answer = json.loads(process.stdout.read())
    return process.wait(300), answer


@pytest.mark.parametrize("lose", [hang_up, pytest.param(unplug, marks=pytest.mark.full)])
def test_each_host_has_its_own_outcome_and_the_rest_is_done_later(
    make_site: MakeSite, lose: Callable[[Host], None]
) -> None:
    site = make_site(4)
    good, full, slow, lost = site.hosts
    fill(full)
    hinder(slow, SLOW)
    hinder(lost, UNTIL_TOLD)
    code, answer = apply_and(site, lost, lose)
    assert code == 5
    outcomes = answer["outcomes"]
    assert {name: one["ending"] for name, one in outcomes.items()} == {
        good.name: "done",
        full.name: "failed",
        slow.name: "done",
        lost.name: "interrupted",
    }
    assert outcomes[full.name]["failure"]["code"] == "disk_full"
    assert full.run(["test", "-e", DROP_IN], check=False).returncode == 1, "it was touched"

    # Back again: only what was missing is done, by the same run.
    lost.run(["ip", "link", "set", "eth0", "up"])
    lost.write("/run/go", "")
    full.run(["rm", "-f", f"{JOURNAL}/fill"])
    words = ("apply", SITE, "--resume", answer["run"], "--json", "--yes")
    again = site.run(*words, expect=[0, 1]).data
    # What it was at was finished there all the same, perhaps before it was looked at again.
    assert {full.name, lost.name} >= set(again["outcomes"]) >= {full.name}
    assert {one["ending"] for one in again["outcomes"].values()} == {"done"}
    entries = killing.entries(site, answer["run"])
    assert {one["device"] for one in entries} == {host.name for host in site.hosts}
    assert {one["read_back"] for one in entries} == {"as_wanted"}, entries


@pytest.mark.full
def test_a_host_that_is_off_is_not_reached_and_nothing_else(make_site: MakeSite) -> None:
    site = make_site(2)
    good, off = site.hosts
    faults.power_off(off)
    answer = site.apply(*SYSRQ, expect=[4])
    assert answer.data["outcomes"][good.name]["ending"] == "done"
    assert off.name not in answer.data["outcomes"]
    assert answer.data["plans"][off.name]["not_known"]["subject"] == "not_reached"
