"""A host with a kernel of its own, hardened, then started anew: the same verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import killing
from tests.lab import limits
from tests.lab.bench import Lab
from tests.lab.qemu import QemuHost
from tests.loop.lab_site import SITE, LabSite, verdicts

# Emulated: seven minutes each, three times that on a machine that does other work.
pytestmark = [pytest.mark.lab, pytest.mark.full, pytest.mark.timeout(2700)]


def test_hardened_host_keeps_its_verdicts_through_a_reboot(lab: Lab, tmp_path: Path) -> None:
    host = QemuHost(lab)
    host.boot()
    host.wait()
    try:
        site = LabSite(lab, tmp_path / "workspace", [host])
        site.write()
        before = verdicts(site.check(), host.name)
        assert "fail" in before.values()
        words = ("apply", SITE, "--json", "--yes")
        applied = site.run(*words, expect=[0, 1, 5], timeout=800)  # emulated: slow
        hardened = verdicts(site.check(), host.name)
        by_hand = {one["rule"] for one in applied.data["plans"][host.name]["by_hand"]}
        by_hand |= set(applied.data["plans"][host.name]["on_request"])
        bad = {rule for rule, found in hardened.items() if found not in {"pass", "not_applicable"}}
        good = {rule for rule, found in hardened.items() if found == "pass"}
        assert limits.differences("qemu", passed=good, failed=bad - by_hand) == []
        host.reboot()
        assert verdicts(site.check(), host.name) == hardened
    finally:
        lab.discard(host)


RULE = "ssh_root_login_disabled"
STATE = "find /etc -xdev -path '*esms*' | sort; find /etc/ssh -type f | sort | xargs sha256sum"
REPORT = "/var/lib/esms-kit/watchdog.report"


def test_a_reboot_while_armed_brings_the_former_state_back(lab: Lab, tmp_path: Path) -> None:
    """The controller dies right after the change, and the machine is started anew."""
    host = QemuHost(lab)
    host.boot()
    host.wait()
    try:
        controller = f"{host.address.rpartition('.')[0]}.1/32"
        management = {"account": "esms", "sources": [controller], "watchdog_seconds": 600}
        site = LabSite(lab, tmp_path / "workspace", [host], {"management": management})
        site.write()
        before = host.run(["sh", "-c", STATE]).stdout
        process = killing.begin(site, "--rule", RULE)
        killing.kill_at(process, host.name, "reload:ssh", "done")
        run = killing.run_id(site)
        assert host.run(["sh", "-c", STATE]).stdout != before
        host.reboot()
        assert host.run(["sh", "-c", STATE]).stdout == before
        assert host.read(REPORT).split()[1] == b"boot"
        found = verdicts(site.check(), host.name)
        assert (found[RULE], found["nothing_put_back"]) == ("fail", "fail")

        words = ("apply", SITE, "--resume", run, "--json", "--yes")
        again = site.run(*words, expect=[0, 1], timeout=600)
        assert '"reverted"' in again.stderr, "what the boot has put back is told"
        assert {one["read_back"] for one in killing.entries(site, run)} == {"as_wanted"}
        found = verdicts(site.check(), host.name)
        assert found[RULE] == "pass"
        assert "nothing_put_back" not in found
        assert host.run(["test", "-e", REPORT], check=False).returncode == 1
    finally:
        lab.discard(host)
