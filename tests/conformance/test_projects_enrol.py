"""The stock projects enrol as the kit does, with seeds taken from the vault when they are run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.test_projects import Projects, good, shell
from tests.lab.bench import Lab
from tests.loop.lab_site import SITE, LabSite, verdicts
from tests.loop.test_second_factor import Office

pytestmark = [pytest.mark.lab, pytest.mark.full]
STATE = (
    "cat /etc/users.oath /etc/pam.d/common-auth /etc/pam.d/common-account;"
    " getent group kit-2fa; getent passwd mdurand"
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Lab() as lab:
        site = LabSite(lab, tmp_path / "workspace", lab.hosts(3))
        site.write()
        found = Office(site, tmp_path)
        site.run("secrets", "init", SITE, "--key-file", str(found.key), expect=[0])
        yield found


def test_three_ways_one_second_factor(office: Office, tmp_path: Path) -> None:
    site = office.site
    seed = office.enrol()
    for host in site.hosts:
        assert shell(host, "getent passwd mdurand || echo none").strip() == "none"
    site.check(expect=[1])
    projects = Projects(site, tmp_path / "project")
    projects.generate()
    files = [path for path in projects.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if seed.encode() in path.read_bytes()]

    kit, ansible, pyinfra = site.hosts
    site.apply("--only", "enrol", "--limit", kit.name, expect=[0, 1])  # not hardened
    vault = [
        "-e", f"@{office.place / 'vault.yaml'}", "--vault-id", f"esms-kit@{office.key}",
    ]  # fmt: skip
    told = good(projects.ansible("enrol", "--limit", ansible.name, *vault))
    (name,) = re.findall(r"secret: (\S+)", (office.place / "enrolments.yaml").read_text())
    variable = "KIT_SECRET_" + re.sub("[^A-Z0-9]", "_", name.upper())
    projects.environment[variable] = seed
    told += good(projects.pyinfra("--limit", pyinfra.name, "--data", "kit_only=enrol"))
    assert seed not in told

    for host in site.hosts:
        host.run(["chpasswd"], input=b"mdurand:lab-Durand-4711\n")
    assert len({shell(host, STATE) for host in site.hosts}) == 1
    found = site.check()
    for host in site.hosts:
        own = verdicts(found, host.name)
        assert (own["second_factor_enrolled"], own["second_factor_required"]) == ("pass", "pass")
    good(projects.ansible("check"))
    theirs = site.check("--from", str(projects.folder / "ansible" / "snapshots"))
    for host in site.hosts:
        assert verdicts(found, host.name) == verdicts(theirs, host.name)
