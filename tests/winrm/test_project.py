"""From the record of a Windows post to plain Ansible that reaches it, without esms-kit."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kit.app.generate import generate
from kit.app.inventory import open_inventory, write_inventory
from kit.app.opening import open_site
from kit.documents_io.yaml import parse_yaml
from kit.generation.inventories import ansible_inventory
from kit.model.device import Access, Connection
from kit.sites.saving import save_devices, save_known_hosts
from tests.adoption.conftest import AT
from tests.adoption.devices import machine
from tests.winrm_double import WinrmDouble, accounts, self_made, serving

CANARY = "Canary-4711-{{ 6 * 7 }}-made-on-the-device"
POST = "til-pc-004"
OTHER = "til-pc-014"


@pytest.fixture
def double(tmp_path, monkeypatch):
    accounts(monkeypatch, tmp_path, kit=CANARY)
    with serving(WinrmDouble(self_made(tmp_path, "DESKTOP-4711"))) as found:
        yield found


@pytest.fixture
def adopted(bench, double):
    """The site with its Windows post adopted, as its record says."""
    machine(
        4,
        more={"platform": "windows", "access": "winrm", "port": str(double.port),
              "os": "windows11", "password": CANARY},
        extra=(f"certificate={base64.b64encode(double.der).decode()}",),
    ).write(bench.stick)  # fmt: skip
    assert bench.take_in().written
    return bench


def at_loopback(bench):
    """The post answers on this machine; so does another, whose password nobody has noted."""
    site = bench.site()
    post = site.device(POST)
    here = post.connection.model_copy(update={"address": "127.0.0.1"})
    moved = post.model_copy(update={"connection": here})
    other = moved.model_copy(update={"id": OTHER, "serial": None, "macs": ()})
    devices = [moved if one.id == POST else one for one in site.devices]
    save_devices(bench.workspace, "tilleuls", [*devices, other])
    (pin,) = site.keys_of(POST)
    save_known_hosts(bench.workspace, "tilleuls", [pin, pin.model_copy(update={"device": OTHER})])


def test_what_the_record_says_is_how_it_is_reached(adopted, double):
    post = adopted.site().device(POST)
    assert post.connection == Connection(
        access=Access.WINRM, address="192.0.2.10", port=double.port
    )
    (host,) = [
        said for name, said in parse_yaml(
            ansible_inventory(open_inventory(adopted.workspace, "tilleuls")), "hosts.yml"
        ).data["all"]["hosts"].items() if name == POST
    ]  # fmt: skip
    assert host["ansible_connection"] == "kit_winrm"
    assert host["ansible_user"] == "kit"
    assert host["ansible_port"] == double.port
    assert host["kit_winrm_certificate_sha256"] == double.sha256
    assert "ansible_ssh_common_args" not in host


def test_the_inventory_names_the_password_and_holds_none(adopted, tmp_path):
    files = write_inventory(adopted.workspace, "tilleuls", ["ansible", "pyinfra"], tmp_path / "out")
    names = {str(path.relative_to(tmp_path / "out")) for path in files}
    assert f"ansible/host_vars/{POST}/kit_winrm.yml" in names
    assert "ansible/connection_plugins/kit_winrm.py" in names
    assert not any(b"Canary" in path.read_bytes() for path in files)
    said = yaml.safe_load((tmp_path / f"out/ansible/host_vars/{POST}/kit_winrm.yml").read_text())
    assert said["kit_winrm_password_name"] == f"winrm/{POST}"
    pyinfra = (tmp_path / "out/pyinfra/inventory.json").read_text()
    assert "192.0.2.10" not in pyinfra


def play(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("ansible-playbook")
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [program, "playbooks/reach.yml", "--limit", f"{POST},{OTHER}", *words],
        cwd=project / "ansible", env={**environment, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_plain_ansible_reaches_it_with_the_vault_of_the_site(adopted, double, tmp_path):
    at_loopback(adopted)
    folder = tmp_path / "project"
    done = generate(open_site(adopted.workspace, "tilleuls"), {}, folder, AT)
    assert "Windows" in done.left_out[POST]
    assert not any(b"Canary" in path.read_bytes() for path in done.files)
    vault = adopted.workspace.site_folder("tilleuls") / "vault.yaml"
    with_vault = ["-e", f"@{vault}", "--vault-password-file", str(tmp_path / "key")]
    reached = play(folder, *with_vault, "-vvv")
    said = reached.stdout + reached.stderr
    assert re.search(rf"^{POST} +: ok=5 .* unreachable=0 +failed=0", said, re.MULTILINE), said
    assert re.search(rf"^{OTHER} +: .* unreachable=1", said, re.MULTILINE), said
    assert "no password is given" in said
    assert "DESKTOP-4711" in reached.stdout
    assert "Canary" not in said
    assert len(double.commands) == 1


def test_the_first_way_in_gives_way_to_the_one_of_the_record(bench, double):
    site = bench.site()
    old = Connection(address="192.0.2.77", identity_file="/x")
    devices = [
        one.model_copy(update={"connection": old}) if one.id == POST else one
        for one in site.devices
    ]
    save_devices(bench.workspace, "tilleuls", devices)
    record = machine(
        4,
        more={"platform": "windows", "access": "winrm", "port": "5986", "os": "windows11",
              "password": CANARY},
        extra=(f"certificate={base64.b64encode(double.der).decode()}",),
    )  # fmt: skip
    text = record.text
    record.text = lambda token: text(token).replace(b"address=192.0.2.10", b"address=203.0.113.9")
    record.write(bench.stick)
    assert bench.take_in().written
    connection = bench.site().device(POST).connection
    assert connection == Connection(access=Access.WINRM, address="192.0.2.77", port=5986)
