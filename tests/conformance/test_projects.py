"""The stock projects, run by hand as people without the kit do, and the engines: one result."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import limits
from tests.lab.bench import Lab
from tests.lab.hosts import Done, Host
from tests.loop.lab_site import SITE, LabSite, verdicts

pytestmark = pytest.mark.lab

TOOLS = Path(sys.executable).parent
MANAGED = "find /etc -name '*esms-kit*' -type f | sort | xargs -r sha256sum"
ATTRIBUTES = "find /etc -name '*esms-kit*' -printf '%p %y %m %U %G\\n' | sort"


def shell(host: Host, script: str) -> str:
    return host.run(["sh", "-c", script]).stdout.decode()


class Projects:
    """A site of fresh hosts, and its projects generated from what was read of them."""

    def __init__(self, site: LabSite, folder: Path) -> None:
        self.site = site
        self.folder = folder
        blocked = folder.parent / "blocked"
        blocked.mkdir()
        # Nothing of the kit can be imported, although it is installed here.
        (blocked / "kit.py").write_text("raise ImportError('the kit is not to be had')\n")
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "PYTHONPATH": str(blocked),
            "ANSIBLE_NOCOLOR": "1",
            # Labs side by side have the same names, addresses and keys.
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder.parent / "cp"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def generate(self) -> None:
        self.site.run("generate", SITE, "-o", str(self.folder), expect=[0])

    def ansible(self, playbook: str, *words: str) -> Done:
        argv = [str(TOOLS / "ansible-playbook"), f"playbooks/{playbook}.yml", *words]
        return self._run(argv, "ansible")

    def pyinfra(self, *words: str) -> Done:
        argv = [str(TOOLS / "pyinfra"), "-y", "inventory.py", "deploy.py", *words]
        return self._run(argv, "pyinfra")

    def _run(self, argv: list[str], folder: str) -> Done:
        return self.site.lab.in_controller(
            argv, cwd=self.folder / folder, env=self.environment, timeout=600
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabSite]:
    found = limits.expected("namespaces")
    disabled = [{"rule": rule, "reason": why} for rule, why in found.items()]
    with Lab() as lab:
        made = LabSite(
            lab,
            tmp_path_factory.mktemp("site") / "workspace",
            lab.hosts(4),
            {"disabled_rules": disabled, "enforce": ["core", "recommended"]},
        )
        made.write()
        made.check(expect=[1])
        yield made


@pytest.fixture(scope="module")
def projects(site: LabSite, tmp_path_factory: pytest.TempPathFactory) -> Projects:
    made = Projects(site, tmp_path_factory.mktemp("generated") / "project")
    made.generate()
    return made


def good(done: Done) -> str:
    text = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    assert done.returncode == 0, text[-6000:]
    return text


@pytest.mark.full
def test_a_trial_run_changes_nothing(projects: Projects):
    host = projects.site.hosts[2]
    before = shell(host, f"{MANAGED}; {ATTRIBUTES}; dpkg-query -W; cat /etc/shadow | sha256sum")
    told = good(
        projects.ansible(
            "harden",
            "--limit",
            host.name,
            "--check",
            "--diff",
        )
    )
    assert "PermitRootLogin" in told
    told = good(projects.pyinfra("--limit", host.name, "--dry"))
    assert before == shell(
        host, f"{MANAGED}; {ATTRIBUTES}; dpkg-query -W; cat /etc/shadow | sha256sum"
    )


@pytest.mark.full
def test_four_ways_one_result(projects: Projects):
    site = projects.site
    by_pyinfra, by_ansible, stock_ansible, stock_pyinfra = site.hosts
    site.apply("--limit", by_pyinfra.name, "--engine", "pyinfra", expect=[0])
    site.apply("--limit", by_ansible.name, "--engine", "ansible", expect=[0])
    good(projects.ansible("harden", "--limit", stock_ansible.name))
    good(projects.pyinfra("--limit", stock_pyinfra.name))

    told = site.check()
    found = {host.name: verdicts(told, host.name) for host in site.hosts}
    assert found[by_pyinfra.name] == found[by_ansible.name]
    assert found[by_pyinfra.name] == found[stock_ansible.name]
    assert found[by_pyinfra.name] == found[stock_pyinfra.name]
    files = {host.name: shell(host, MANAGED) for host in site.hosts}
    assert len(set(files.values())) == 1, files
    attributes = {host.name: shell(host, ATTRIBUTES) for host in site.hosts}
    assert len(set(attributes.values())) == 1, attributes
    assert files[by_pyinfra.name].strip()


@pytest.mark.full
def test_what_one_has_hardened_the_other_leaves_alone(projects: Projects):
    site = projects.site
    for host in site.hosts:
        again = site.apply("--limit", host.name, "--engine", "ansible", expect=[0]).data
        assert again["started"] is False, (host.name, again["outcomes"])
    told = good(projects.ansible("harden"))
    recap = [line for line in told.splitlines() if "changed=" in line]
    assert len(recap) == len(site.hosts)
    assert all(" changed=0 " in line for line in recap), recap
    good(projects.pyinfra())
    assert {shell(host, MANAGED) for host in site.hosts} == {shell(site.hosts[0], MANAGED)}


def test_the_snapshots_of_the_playbook_are_judged_like_our_own(projects: Projects):
    site = projects.site
    good(projects.ansible("check"))
    folder = projects.folder / "ansible" / "snapshots"
    assert len(list(folder.glob("*.snapshot.json"))) == len(site.hosts)
    ours, theirs = site.check(), site.check("--from", str(folder))
    for host in site.hosts:
        assert verdicts(ours, host.name) == verdicts(theirs, host.name)
    (one,) = folder.glob(f"{site.hosts[0].name}.*")
    assert json.loads(one.read_text())["collector"] == "ansible"
    assert one.stat().st_mode & 0o777 == 0o600
