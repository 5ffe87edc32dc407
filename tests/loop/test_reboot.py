"""A host with a kernel of its own, hardened, then started anew: the same verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import limits
from tests.lab.bench import Lab
from tests.lab.qemu import QemuHost
from tests.loop.lab_site import SITE, LabSite, verdicts

# Emulated, the whole baseline takes seven minutes.
pytestmark = [pytest.mark.lab, pytest.mark.full, pytest.mark.timeout(1500)]


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
