"""Stock projects guard the way in by themselves: proven by a new connection, or put back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.catalogue.loading import shipped_catalogue
from tests.conformance.test_projects import Projects, good, shell
from tests.lab.bench import Lab
from tests.lab.hosts import Host
from tests.loop.lab_site import LabSite

pytestmark = [pytest.mark.lab, pytest.mark.full]

WANTED = {"ssh_root_login_disabled", "magic_sysrq_disabled", "firewall_denies_by_default"}
DROP_IN = "/etc/ssh/sshd_config.d/00-esms-kit.conf"
LEFT = "ls -d /var/lib/esms-kit/watchdog* /etc/systemd/system/esms-kit-watchdog* 2>/dev/null || :"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabSite]:
    others = sorted(set(shipped_catalogue().rules) - WANTED)
    with Lab() as lab:
        made = LabSite(
            lab,
            tmp_path_factory.mktemp("site") / "workspace",
            lab.hosts(5),
            {"disabled_rules": [{"rule": rule, "reason": "not of this test"} for rule in others]},
        )
        made.write()
        made.check(expect=[1])
        yield made


@pytest.fixture(scope="module")
def projects(site: LabSite, tmp_path_factory: pytest.TempPathFactory) -> Projects:
    made = Projects(site, tmp_path_factory.mktemp("generated") / "project")
    made.generate()
    return made


def hardened(host: Host) -> None:
    assert "permitrootlogin no" in shell(host, "sshd -T")
    assert "policy drop" in shell(host, "nft list table inet esms_kit")
    assert shell(host, LEFT) == ""


def test_pyinfra_proves_the_way_in_and_leaves_nothing(projects: Projects):
    host = projects.site.hosts[2]
    good(projects.pyinfra("--limit", host.name))
    hardened(host)


def test_ansible_proves_the_way_in_and_leaves_nothing(projects: Projects):
    engine, stock, *_others = projects.site.hosts
    projects.site.apply("--limit", engine.name, "--engine", "ansible", expect=[0])
    hardened(engine)
    good(projects.ansible("harden", "--limit", stock.name))
    hardened(stock)


BAD = ("PermitRootLogin no", "Port 2222")


def broken(folder: Path, ansible: str, pyinfra: str) -> None:
    """The desired state of both would have sshd listen elsewhere."""
    path = folder / f"ansible/inventory/host_vars/{ansible}/kit_artefacts.yml"
    text = path.read_text()
    assert BAD[0] in text
    path.write_text(text.replace(*BAD, 1))
    path = folder / f"pyinfra/data/{pyinfra}.json"
    data = json.loads(path.read_text())
    (step,) = (one for one in data["kit_steps"] if one["target"] == f"file:{DROP_IN}")
    content = step["variables"]["KIT_CONTENT"].replace(*BAD, 1)
    digest = hashlib.sha256(content.encode()).hexdigest()
    step["variables"] |= {"KIT_CONTENT": content, "KIT_SHA": digest}
    path.write_text(json.dumps(data))


def test_what_shuts_out_is_put_back(projects: Projects):
    *_others, ansible, pyinfra = projects.site.hosts
    broken(projects.folder, ansible.name, pyinfra.name)
    for host, done in (
        (ansible, projects.ansible("harden", "--limit", ansible.name,
                                   "-e", "kit_artefacts_watchdog_seconds=20")),
        (pyinfra, projects.pyinfra("--limit", pyinfra.name)),
    ):  # fmt: skip
        assert done.returncode != 0
        text = (done.stdout + done.stderr).decode(errors="replace")
        assert "put back" in text, text[-3000:]
        assert shell(host, f"test -e {DROP_IN} || echo none") == "none\n"
        assert shell(host, LEFT).split() == ["/var/lib/esms-kit/watchdog.report"]
        assert host.ssh("sudo -n id -u").stdout == b"0\n"
