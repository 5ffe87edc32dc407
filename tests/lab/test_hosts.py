"""A host is a real Debian 12 with the recipe's accounts, reached by OpenSSH with its key pinned."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab import bench
from tests.lab.archive import VERSIONS
from tests.lab.bench import Lab
from tests.lab.cache import LabError
from tests.lab.hosts import Done, Host
from tests.lab.recipe import load_recipe
from tests.lab.repository import Repository

OUTSIDE = "192.0.2.1"  # TEST-NET-1
MACHINE_WIDE = ("kernel/kptr_restrict", "kernel/sysrq", "fs/suid_dumpable", "vm/swappiness",
                "user/max_user_namespaces", "kernel/pid_max")  # fmt: skip


def test_boots_debian_12_with_its_own_identity(hosts: Callable[[int], list[Host]]) -> None:
    first, second = hosts(2)
    assert b'VERSION_ID="12"' in first.read("/etc/os-release")
    for path in ("/etc/machine-id", "/etc/ssh/ssh_host_rsa_key.pub", "/etc/hostname"):
        assert first.read(path) != second.read(path)
    assert first.run(["systemctl", "is-active", "ssh.service"]).stdout == b"active\n"
    assert first.host_key in first.read("/etc/ssh/ssh_host_ed25519_key.pub").decode()


def test_accounts_get_what_the_recipe_says(host: Host) -> None:
    passwords = {account.name: account.password for account in load_recipe().accounts}
    assert host.ssh("sudo -n id -u").stdout == b"0\n"
    asked = host.ssh("sudo -n id -u", user="tech")
    assert asked.returncode == 1
    assert b"a password is required" in asked.stderr
    typed = f"{passwords['tech']}\n".encode()
    assert host.ssh("sudo -S id -u", user="tech", input=typed).stdout == b"0\n"
    typed = f"{passwords['nosudo']}\n".encode()
    refused = host.ssh("sudo -S id -u", user="nosudo", input=typed)
    assert refused.stdout == b""
    assert b"is not in the sudoers file" in refused.stderr
    assert b"Permission denied" in host.ssh("id", user="agent").stderr
    assert b"Permission denied" in host.ssh("id", user="root").stderr


def test_words_for_ssh_arrive_as_they_are(host: Host) -> None:
    words = ["a b", "$HOME", "'", '"; true', "é"]
    assert host.ssh(["printf", "%s\\n", *words]).stdout.decode().splitlines() == words


def test_nothing_but_the_lab_is_reachable(lab: Lab, host: Host) -> None:
    with pytest.raises(OSError, match="unreachable") as caught:
        lab.call(socket.create_connection, (OUTSIDE, 80), 2)
    assert caught.value.errno == errno.ENETUNREACH
    assert lab.in_controller(["ip", "route", "get", OUTSIDE]).returncode != 0
    assert host.run(["ip", "route", "get", OUTSIDE], check=False).returncode != 0
    assert lab.in_controller(["ip", "route", "get", host.address]).returncode == 0


def test_the_controller_is_this_process_and_its_children(lab: Lab, host: Host) -> None:
    here = Path("/proc/thread-self/ns/net").readlink()
    there = lab.call(lambda: Path("/proc/thread-self/ns/net").readlink())
    assert there != here
    assert Path("/proc/thread-self/ns/net").readlink() == here
    assert lab.in_controller(["readlink", "/proc/self/ns/net"]).stdout.decode() == f"{there}\n"
    assert host.run(["readlink", "/proc/self/ns/net"]).stdout.decode().strip() != str(there)
    with pytest.raises(ZeroDivisionError):
        lab.call(lambda: 1 // 0)
    with pytest.raises(LabError, match="no end after"):
        lab.in_controller(["sleep", "30"], timeout=0.2)


def test_sysctl_is_the_hosts_own(host: Host) -> None:
    there = [Path("/proc/sys", key) for key in MACHINE_WIDE if Path("/proc/sys", key).exists()]
    before = [path.read_bytes() for path in there]
    assert len(before) > 3
    for key in MACHINE_WIDE:
        host.run(["sysctl", "-w", f"{key.replace('/', '.')}=7"])
        assert host.read(f"/proc/sys/{key}") == b"7\n"
    assert [path.read_bytes() for path in there] == before
    host.run(["sysctl", "-w", "net.ipv4.ip_forward=1"])
    host.write("/etc/sysctl.d/90-lab.conf", "kernel.kptr_restrict = 2\n")
    first = host.boot_id()
    host.reboot()
    assert host.boot_id() != first
    assert host.read("/proc/sys/kernel/kptr_restrict") == b"2\n"
    assert host.read("/proc/sys/fs/suid_dumpable") == b"0\n"
    assert host.read("/proc/sys/net/ipv4/ip_forward") == b"0\n"


@pytest.mark.parametrize(
    "argv",
    [
        ["date", "--set=2001-01-01"],
        ["mknod", "/root/disk", "b", "254", "0"],
        ["dmesg"],
    ],
    ids=lambda argv: argv[0],
)
def test_the_machine_is_out_of_a_hosts_reach(host: Host, argv: list[str]) -> None:
    for done in (host.run(argv, check=False), host.ssh(["sudo", *argv])):
        assert done.returncode != 0
        assert b"not permitted" in done.stderr


def test_a_firewall_is_the_hosts_own(lab: Lab, host: Host) -> None:
    rules = "chain input { type filter hook input priority 0; policy drop; }"
    host.run(["nft", "-f", "-"], input=f"table inet mine {{\n{rules}\n}}\n".encode())
    assert b"table inet mine" in host.run(["nft", "list", "ruleset"]).stdout
    with pytest.raises(TimeoutError):
        lab.call(socket.create_connection, (host.address, 22), 1)
    assert host.run(["true"]).returncode == 0  # the test's own way in stays
    host.reboot()
    assert host.ssh("true").returncode == 0


def test_reset_gives_a_fresh_disk_and_the_same_keys(host: Host) -> None:
    host.write("/etc/mark", "here")
    keys = host.read("/etc/ssh/ssh_host_ed25519_key.pub")
    host.reboot()
    assert host.read("/etc/mark") == b"here"
    host.reset()
    assert host.run(["test", "-e", "/etc/mark"], check=False).returncode == 1
    assert host.read("/etc/ssh/ssh_host_ed25519_key.pub") == keys
    assert host.ssh("true").returncode == 0


def test_a_reboot_from_inside_switches_it_off(host: Host) -> None:
    host.run(["systemctl", "--no-block", "reboot"])
    assert bench.wait_until(lambda: not host.is_on, 30)
    with pytest.raises(LabError, match="is off"):
        host.run(["true"])
    host.stop()
    host.boot()
    host.wait()
    assert host.ssh("true").returncode == 0


def test_inotify_bounds_the_hosts_and_stays_the_machines(
    lab: Lab, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    before = limit.read_text()
    assert host.ssh("true").returncode == 0
    group = f"{lab.name}/{host.name}"
    taken = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == 0 and group in (process / "cgroup").read_text():
                taken += sum("inotify" in str(link.readlink()) for link in process.glob("fd/*"))
        except OSError:
            continue
    assert 0 < taken <= bench.INOTIFY_A_HOST
    monkeypatch.setattr(bench, "INOTIFY_A_HOST", int(before))
    monkeypatch.setattr(bench, "INOTIFY_PATIENCE", 0)
    with pytest.raises(LabError, match="does not raise the limit"):
        lab.spare_inotify()
    assert limit.read_text() == before


def test_a_delay_line_makes_the_way_long(lab: Lab, host: Host) -> None:
    def seconds() -> float:
        import time

        start = time.monotonic()
        socket.create_connection((host.address, 22), 5).close()
        return time.monotonic() - start

    try:
        lab.wire.set_delay(30)
        lab.call(seconds)  # finds the neighbour, too
        assert 0.06 <= lab.call(seconds) < 0.5
        assert host.ssh("echo far").stdout == b"far\n"
    finally:
        lab.wire.set_delay(0)
    lab.call(seconds)
    assert lab.call(seconds) < 0.03


def test_cpu_is_counted_for_benchmarks(lab: Lab, host: Host) -> None:
    controller, hosts = lab.controller_cpu(), lab.hosts_cpu()
    burn = ["sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"]
    lab.in_controller(burn)
    assert host.ssh(burn).returncode == 0
    assert lab.controller_cpu() > controller
    assert lab.hosts_cpu() > hosts


def test_the_kits_command_runs_on_the_controller(esms_kit: Callable[..., Done]) -> None:
    done = esms_kit("--help")
    assert done.returncode == 0
    assert b"esms-kit" in done.stdout


def install(host: Host, name: str) -> Done:
    patience = ["-oAcquire::Retries=0", "-oAcquire::http::Timeout=2"]
    script = 'apt-get "$@" update && apt-get "$@" install -y "$0"'
    return host.run(["sh", "-c", script, name, *patience], check=False)


def is_installed(host: Host, name: str) -> bool:
    query = ["dpkg-query", "-W", "-f=${db:Status-Status}", name]
    return host.run(query, check=False).stdout == b"installed"


def test_packages_come_and_go_for_real(host: Host) -> None:
    done = install(host, "cups-browsed")
    assert done.returncode == 0, done.stderr
    assert b"Setting up cups (9:1.0-1)" in done.stdout
    assert host.run(["systemctl", "is-active", "cups-browsed.service"]).stdout == b"active\n"
    assert host.run(["systemctl", "is-enabled", "cups.socket"]).stdout == b"enabled\n"
    status = ["dpkg-query", "-W", "-f=${db:Status-Status}", "cups-browsed"]
    host.run(["apt-get", "remove", "-y", "cups-browsed"])
    assert host.run(status).stdout == b"config-files"
    host.run(["apt-get", "purge", "-y", "cups-browsed"])
    assert host.run(status, check=False).returncode == 1
    assert b"cannot be configured" in install(host, "lab-broken").stdout
    assert b"unmet dependencies" in install(host, "lab-unmet").stdout


@pytest.mark.full
def test_every_package_installs_and_purges(host: Host, repository: Repository) -> None:
    sane = [name for name in repository.names() if not name.startswith("lab-")]
    host.run(["apt-get", "update"])
    host.run(["apt-get", "install", "-y", *sane], timeout=120)
    assert host.run(["systemctl", "--failed", "--no-legend"]).stdout == b""
    host.run(["apt-get", "purge", "-y", *sane], timeout=120)
    assert host.run(["dpkg", "--audit"]).stdout == b""


def test_stale_lists_are_mended_by_an_update(host: Host, repository: Repository) -> None:
    host.run(["apt-get", "update"])
    repository.publish(version=VERSIONS[1])
    stale = host.run(["apt-get", "install", "-y", "snmpd"], check=False)
    assert stale.returncode == 100
    assert b"404" in stale.stderr
    assert install(host, "snmpd").returncode == 0
    assert b"# version 9:2.0-1" in host.read("/etc/snmp/snmpd.conf")


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        ({"without": ["talk"]}, b"Unable to locate package talk"),
        ({"signer": "stranger"}, b"NO_PUBKEY"),
        ({"expired": True}, b"is expired"),
    ],
    ids=["absent", "stranger", "expired"],
)
def test_packages_that_cannot_be_had(
    host: Host, repository: Repository, state: dict[str, Any], complaint: bytes
) -> None:
    repository.publish(**state)
    done = install(host, "talk")
    assert done.returncode == 100
    assert complaint in done.stderr
    assert not is_installed(host, "talk")
    repository.publish()
    assert install(host, "talk").returncode == 0


def test_repository_down_then_silent_then_back(host: Host, repository: Repository) -> None:
    host.run(["apt-get", "update"])
    repository.stop()
    down = install(host, "talk")
    assert down.returncode == 100
    assert b"Connection refused" in down.stderr
    repository.start()
    repository.freeze()
    silent = install(host, "talk")
    assert silent.returncode == 100
    assert b"Connection failed" in silent.stderr
    assert not is_installed(host, "talk")
    repository.start()
    assert install(host, "talk").returncode == 0
