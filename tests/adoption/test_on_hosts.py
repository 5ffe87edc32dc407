"""First contact with real hosts: nothing is prepared by hand, one script is run as root."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.app.adoption import StickAsked, build_stick
from kit.app.adoption_import import ImportAsked, import_records
from kit.app.operator_keys import make_keys
from kit.app.vaults import make_vault
from kit.documents_io.yaml import dump_yaml
from kit.redaction import Redactor
from kit.sites.loading import load_site
from kit.sites.workspace import load_workspace
from tests.lab.bench import Lab
from tests.lab.debian import install_debian
from tests.lab.faults import change_host_key
from tests.lab.hosts import Host
from tests.loop.lab_site import SITE, LabSite, verdicts

pytestmark = pytest.mark.lab
STICK = "/media/usb stick"
CONFIGURATION = 'schema = 1\n[vault]\nkey = {file = "../key"}\n'
ACCOUNT = "gestion"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as opened:
        yield opened


@dataclass
class Field:
    """A site of fresh hosts whose management account exists nowhere yet."""

    site: LabSite
    key: Path
    stick: Path

    @property
    def hosts(self) -> list[Host]:
        return self.site.hosts

    def run(self, *arguments, expect=(0,)):
        return self.site.run(*arguments, expect=expect)

    def device(self, name: str):
        return load_site(load_workspace(self.site.root), SITE).device(name)

    def pins(self, name: str) -> list[list[str]]:
        known = load_site(load_workspace(self.site.root), SITE).known_hosts
        return sorted([one.algorithm, one.key] for one in known if one.device == name)

    def plug(self, host: Host) -> None:
        """Put the stick into a host."""
        for path in sorted(self.stick.rglob("*")):
            if path.is_file():
                host.write(f"{STICK}/{path.relative_to(self.stick)}", path.read_bytes())

    def unplug(self, host: Host) -> None:
        """Bring the records back."""
        listed = host.run(["ls", f"{STICK}/records"]).stdout.decode().split()
        (self.stick / "records").mkdir(exist_ok=True)
        for name in listed:
            (self.stick / "records" / name).write_bytes(host.read(f"{STICK}/records/{name}"))
        (self.stick / "kit/slots.txt").write_bytes(host.read(f"{STICK}/kit/slots.txt"))

    def take_in(self) -> None:
        """Import the stick, without the detour by the command line."""
        workspace = load_workspace(self.site.root)
        done = import_records(
            workspace, ImportAsked(SITE, self.stick), datetime.now(UTC), "tests", Redactor()
        )
        assert done.written

    def log_in(self, host: Host) -> str:
        """Who sudo says one is, after a login with the operator's key."""
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                   "-o", "ConnectTimeout=10"]  # fmt: skip
        words = ["ssh", "-F", "none", *options, "-i", str(self.key), f"{ACCOUNT}@{host.address}"]
        done = self.site.lab.in_controller([*words, "sudo -n id -un"], timeout=30)
        return done.stdout.decode().strip()

    def adopt(self, host: Host, *, shell: str = "sh") -> str:
        self.plug(host)
        done = host.run([*shell.split(), f"{STICK}/adopter-linux.sh"])
        self.unplug(host)
        return done.stdout.decode()


def card(host: Host) -> str:
    script = "cat /sys/class/net/[!l]*/address"
    return host.run(["sh", "-c", script]).stdout.decode().split()[0]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a vault, operator keys and an SSH key beside it, made once."""
    base = tmp_path_factory.mktemp("prepared")
    root = base / "workspace"
    folder = root / "inventories" / SITE
    folder.mkdir(parents=True)
    (root / "esms-kit.toml").write_text(CONFIGURATION)
    site = {"schema": 1, "id": SITE, "name": "L", "test": True, "finess_et": "0B0168811"}
    (folder / "site.yaml").write_text(dump_yaml(site))
    workspace, redactor = load_workspace(root), Redactor()
    make_vault(workspace, SITE, redactor)
    make_keys(workspace, datetime.now(UTC), redactor)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(base / "operator")], check=True
    )
    return base


@pytest.fixture
def field(lab: Lab, prepared: Path, tmp_path: Path) -> Iterator[Field]:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    hosts = lab.hosts(2)
    network = hosts[0].address.rsplit(".", 1)[0]
    zones = [{"name": "soins", "purpose": "care", "subnets": [f"{network}.0/24"]}]
    management = {"account": ACCOUNT, "sources": [f"{network}.1/32", "2001:db8::/64"]}
    public = " ".join((tmp_path / "operator.pub").read_text().split()[:2])
    choices = {
        "zones": zones, "management": management, "parameters": {"management_keys": [public]},
    }  # fmt: skip
    site = LabSite(lab, tmp_path / "workspace", hosts, choices)
    site.write()
    folder = site.root / "inventories" / SITE
    (folder / "known_hosts.yaml").unlink()
    (site.root / "esms-kit.toml").write_text(CONFIGURATION)
    devices = [
        {"id": host.name, "device_class": "desktop", "platform": "linux", "os": "debian12",
         "state": "received", "macs": [card(host)]}
        for host in hosts
    ]  # fmt: skip
    (folder / "devices.yaml").write_text(dump_yaml({"schema": 1, "devices": devices}))
    made = Field(site, tmp_path / "operator", tmp_path / "stick")
    asked = StickAsked(SITE, made.stick, (Path(f"{made.key}.pub"),))
    workspace = load_workspace(site.root)
    build_stick(workspace, asked, datetime.now(UTC), tmp_path, Redactor())
    yield made
    for host in hosts:
        lab.discard(host)


def test_two_fresh_hosts_are_adopted_and_checked(field):
    one, two = field.hosts
    said = field.adopt(one, shell="dash")
    assert "SHA256:" in said
    assert field.adopt(two, shell="busybox sh")
    records = sorted(path.name for path in (field.stick / "records").iterdir())
    assert [name.split("-")[1] for name in records] == ["1", "2"]
    answer = field.run("adopt", "import", SITE, str(field.stick), "--json")
    assert [found["device"] for found in answer.data["adopted"]] == [one.name, two.name]
    for host in (one, two):
        device = field.device(host.name)
        assert str(device.state) == "adopted"
        assert device.connection.address == host.address
        own = host.run(["sh", "-c", "cat /etc/ssh/ssh_host_*_key.pub"]).stdout.decode()
        pinned = field.pins(host.name)
        assert pinned == sorted(line.split()[:2] for line in own.splitlines())
        assert len(pinned) > 1
    checked = field.run("check", SITE, "--json", expect=(1,))
    for host in (one, two):
        found = verdicts(checked, host.name)
        # What the script has left is what the rules want: nothing of it is changed by apply.
        for rule in ("keys_only", "administers"):
            assert found[f"management_account_{rule}"] == "pass"
        assert found["management_keys_restricted"] == "pass"
        # The lab's own account is not the one that was used.
        names = ("-t", "sshd", "-t", "sshd-session")  # the latter from OpenSSH 9.8 on
        log = host.run(["journalctl", *names, "--no-pager"]).stdout.decode()
        assert f"Accepted publickey for {ACCOUNT}" in log
        assert "Accepted publickey for esms" not in log
    # The post has moved to another socket of the wall.
    devices = field.site.root / "inventories" / SITE / "devices.yaml"
    network = one.address.rsplit(".", 1)[0]
    devices.write_text(devices.read_text().replace(one.address, f"{network}.3"))
    words = ("--limit", one.name, "--subnet", f"{network}.0/28", "--yes", "--json")
    located = field.run("locate", SITE, *words)
    assert [found["whereabouts"] for found in located.data["devices"]] == ["moved"]
    assert field.device(one.name).connection.address == one.address


def test_what_the_script_leaves_and_running_it_again(field):
    host = field.hosts[0]
    keys = f"/home/{ACCOUNT}/.ssh/authorized_keys"
    field.adopt(host)
    before = host.read(keys)
    controller = host.address.rsplit(".", 1)[0] + ".1"
    assert before.decode().startswith(f'from="{controller}/32,2001:db8::/64" ssh-ed25519 ')
    assert host.run(["stat", "-c", "%a %U", keys]).stdout.decode().split() == ["600", ACCOUNT]
    sudoers = host.run(["stat", "-c", "%a %U", "/etc/sudoers.d/50-esms-kit-management"]).stdout
    assert sudoers.decode().split() == ["440", "root"]
    # No password opens the account, on no path.
    assert host.run(["getent", "shadow", ACCOUNT]).stdout.decode().split(":")[1] == "*"
    token = (field.stick / "kit/token.txt").read_text()
    secret = token.split("mac_key=")[1].split()[0]
    grep = ["sh", "-c", f"grep -rl {secret} /etc /var /home /root /tmp /run 2>/dev/null || :"]
    assert host.run(grep).stdout == b""
    assert host.run(["sh", "-c", "ls -d /tmp/esms-kit* 2>/dev/null || :"]).stdout == b""

    other = "ssh-ed25519 AAAAother other"
    host.run(["sh", "-c", f"echo '{other}' >>{keys}"])
    field.adopt(host)
    assert host.read(keys) == before + other.encode() + b"\n"
    assert len(host.run(["ls", f"{STICK}/records"]).stdout.split()) == 1
    # As an installer runs it: no service is started, no firewall is looked at.
    host.run(["sh", f"{STICK}/adopter-linux.sh", "--install"])
    assert len(host.run(["ls", f"{STICK}/records"]).stdout.split()) == 1


def test_another_key_than_the_recorded_one_is_refused(field):
    host = field.hosts[0]
    field.adopt(host)
    field.take_in()
    change_host_key(host)
    checked = field.run("check", SITE, "--limit", host.name, "--json", expect=(4,))
    assert "pass" not in {one["verdict"] for one in checked.data["devices"][host.name]}
    shown = field.run("trust", SITE, "--limit", host.name, expect=(1,))
    assert "NOT the key pinned before" in shown.stdout
    new = host.run(["ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub"]).stdout.decode()
    shown = field.run(
        "trust", SITE, "--rekey", host.name, "--reason", "reinstalled",
        "--fingerprint", new.split()[1],
    )  # fmt: skip
    assert f"+ {'ssh-ed25519':<20} {new.split()[1]}" in shown.stdout
    former = load_site(load_workspace(field.site.root), SITE).former_keys
    assert {one.reason for one in former} == {"reinstalled"}
    assert {one.device for one in former} == {host.name}


MEDDLED = [
    ("account=gestion", "account=root"),
    ("account=gestion", "account=x;id"),
    ("site=lab", "site=$(touch /tmp/owned)"),
    ("sources=", 'sources=0.0.0.0/0" command="id" #'),
    ("slots=2", "slots=`touch /tmp/owned`"),
    ("expires=", "expires=1#"),
    ("expires=1", "expires=0"),  # expired
    ("mac_key=", "mac_key=zz"),
]


def test_a_stick_that_was_meddled_with_or_is_full_changes_nothing(field):
    host, other = field.hosts
    token = field.stick / "kit/token.txt"
    good = token.read_text()
    field.plug(host)
    for was, becomes in MEDDLED:
        assert was in good
        host.write(f"{STICK}/kit/token.txt", good.replace(was, becomes))
        done = host.run(["sh", f"{STICK}/adopter-linux.sh"], check=False)
        assert done.returncode == 1, becomes
        assert "ARRÊT" in done.stderr.decode() or "STOPPED" in done.stderr.decode()
    token.write_text(good.replace("slots=2", "slots=1"))
    field.adopt(other)
    for path in (field.stick / "records").iterdir():  # brought home, and deleted
        path.unlink()
    field.plug(host)
    assert host.run(["sh", f"{STICK}/adopter-linux.sh"], check=False).returncode == 1
    left = "id gestion 2>/dev/null || ls -d /tmp/owned /etc/sudoers.d/50* 2>/dev/null || :"
    assert host.run(["sh", "-c", left]).stdout == b""


def test_a_closed_firewall_is_opened_to_the_management_networks_only(field):
    host = field.hosts[0]
    rules = """\
table inet mine {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
  }
}
"""
    host.run(["nft", "-f", "-"], input=rules.encode())
    field.adopt(host)
    field.adopt(host)
    shown = host.run(["nft", "list", "ruleset"]).stdout.decode()
    ours = [line.strip() for line in shown.splitlines() if "esms-kit" in line]
    controller = host.address.rsplit(".", 1)[0] + ".1"
    assert sorted(ours) == [
        f'ip saddr {controller} tcp dport 22 accept comment "esms-kit"',
        'ip6 saddr 2001:db8::/64 tcp dport 22 accept comment "esms-kit"',
    ]
    assert field.log_in(host) == "root"


@pytest.mark.full
@pytest.mark.timeout(600)
def test_ufw_lets_the_management_networks_in_for_good(field, tmp_path):
    host = field.hosts[0]
    install_debian(host, tmp_path / "debian", "ufw")
    host.run(["ufw", "--force", "enable"])
    field.adopt(host)
    field.adopt(host)
    controller = host.address.rsplit(".", 1)[0] + ".1"
    shown = host.run(["ufw", "status"]).stdout.decode()
    ours = [line.split()[:3] for line in shown.splitlines() if "esms-kit" in line]
    assert ours == [["22/tcp", "ALLOW", controller], ["22/tcp", "ALLOW", "2001:db8::/64"]]
    host.run(["ufw", "reload"])
    assert field.log_in(host) == "root"
    host.run(["ufw", "delete", "1"], input=b"y\n")  # what let us in was that rule alone
    assert field.log_in(host) == "", "another rule had let us in"
    field.take_in()
    assert field.device(host.name).connection is not None


@pytest.mark.full
@pytest.mark.timeout(600)
def test_firewalld_lets_the_management_networks_in_for_good(field, tmp_path):
    host = field.hosts[0]
    install_debian(host, tmp_path / "debian", "firewalld")
    host.run(["firewall-cmd", "-q", "--permanent", "--remove-service=ssh"])
    host.run(["firewall-cmd", "-q", "--reload"])
    field.adopt(host)
    field.adopt(host)
    controller = host.address.rsplit(".", 1)[0] + ".1"
    wanted = [
        f'rule family="{family}" source address="{source}" port port="22" protocol="tcp" accept'
        for family, source in (("ipv4", f"{controller}/32"), ("ipv6", "2001:db8::/64"))
    ]
    for more in ([], ["--permanent"]):
        shown = host.run(["firewall-cmd", *more, "--list-rich-rules"]).stdout.decode()
        assert sorted(shown.splitlines()) == wanted
    host.run(["firewall-cmd", "-q", "--reload"])
    assert field.log_in(host) == "root"
    host.run(["firewall-cmd", "-q", f"--remove-rich-rule={wanted[0]}"])
    assert field.log_in(host) == "", "another rule had let us in"
