"""A site where things go wrong in the middle: each host its own outcome, the others unaffected."""

from __future__ import annotations

import json
import threading

import pytest

from tests.faults import killing
from tests.lab import faults
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE
from tests.loop.test_undo import SYSRQ, TWO

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
DROP_IN = "/etc/sysctl.d/zz-esms-kit.conf"


def test_unplugged_full_slow_and_good_side_by_side(make_site: MakeSite) -> None:
    site = make_site(4)
    good, full, slow, unplugged = site.hosts
    full.run(["mkdir", "-p", "/var/lib/esms-kit"])
    full.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", "/var/lib/esms-kit"])
    fill = "head -c 100000 /dev/zero >/var/lib/esms-kit/fill"
    full.run(["sh", "-c", fill], check=False)
    slow.write("/usr/local/sbin/slow", "#!/bin/sh\nsleep 4\n", 0o755)
    slow.write("/etc/dpkg/dpkg.cfg.d/slow", "pre-invoke=/usr/local/sbin/slow\n")
    process = killing.begin(site, *TWO)
    assert process.stderr is not None
    for line in process.stderr:  # pulled out once it has begun to change
        if f'"{unplugged.name}"'.encode() in line and b'"started"' in line:
            unplugged.run(["ip", "link", "set", "eth0", "down"], check=False)
            break
    threading.Thread(target=process.stderr.read, daemon=True).start()
    assert process.stdout is not None
    answer = json.loads(process.stdout.read())
    process.wait(300)
    outcomes = answer["outcomes"]
    assert outcomes[good.name]["ending"] == "done"
    assert outcomes[slow.name]["ending"] == "done"
    assert (outcomes[full.name]["ending"], outcomes[full.name]["failure"]["code"]) == (
        "failed",
        "disk_full",
    )
    assert full.run(["test", "-e", DROP_IN], check=False).returncode == 1, "it was touched"
    assert outcomes[unplugged.name]["ending"] == "interrupted"
    assert process.returncode == 5
    # Back again: only what was missing is done, by the same run.
    unplugged.run(["ip", "link", "set", "eth0", "up"])
    full.run(["rm", "-f", "/var/lib/esms-kit/fill"])
    words = ("apply", SITE, "--resume", answer["run"], "--json", "--yes")
    again = site.run(*words, expect=[0, 1]).data
    assert set(again["outcomes"]) == {full.name, unplugged.name}
    assert {one["ending"] for one in again["outcomes"].values()} == {"done"}
    entries = killing.entries(site, answer["run"])
    assert {one["device"] for one in entries} == {host.name for host in site.hosts}
    assert {one["read_back"] for one in entries} == {"as_wanted"}


def test_a_host_that_is_off_is_not_reached_and_nothing_else(make_site: MakeSite) -> None:
    site = make_site(2)
    good, off = site.hosts
    faults.power_off(off)
    answer = site.apply(*SYSRQ, expect=[4])
    assert answer.data["outcomes"][good.name]["ending"] == "done"
    assert off.name not in answer.data["outcomes"]
    assert answer.data["plans"][off.name]["not_known"]["subject"] == "not_reached"
