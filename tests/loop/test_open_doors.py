"""A host whose administrator, or an intruder, has left doors open that nothing else shows."""

from __future__ import annotations

import pytest

from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import verdicts

pytestmark = pytest.mark.lab
DOORS = {
    "ended_accounts_refused",
    "packages_signed",
    "privileged_programs_known",
    "root_programs_protected",
    "security_updates_not_held",
}


def _open(host: Host) -> None:
    """What was done in a hurry, or on purpose."""
    host.write("/etc/apt/sources.list.d/stick.list", "deb [trusted=yes] file:/srv/debs ./\n")
    host.run(["apt-mark", "hold", "openssh-server"])
    host.run(["chmod", "u+s", "/usr/bin/bash"])
    host.run(["install", "-o", "agent", "/dev/null", "/home/agent/backup.sh"])
    host.write("/etc/cron.d/backup", "0 3 * * * root /home/agent/backup.sh\n")
    sshd = host.read("/etc/pam.d/sshd").decode()
    host.write("/etc/pam.d/sshd", f"account sufficient pam_permit.so\n{sshd}")


def test_doors_left_open_are_found_and_a_stock_host_has_none(make_site: MakeSite) -> None:
    site = make_site(1)
    site.thorough = True
    site.write()
    (host,) = site.hosts
    stock = verdicts(site.check(expect=[1]), host.name)
    assert {rule: stock[rule] for rule in DOORS} == dict.fromkeys(DOORS, "pass")
    _open(host)
    opened = verdicts(site.check(expect=[1]), host.name)
    assert {rule: opened[rule] for rule in DOORS} == dict.fromkeys(DOORS, "fail")
