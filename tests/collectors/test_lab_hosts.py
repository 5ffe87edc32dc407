"""Collecting from real Debian hosts: systemd, PAM, sudo, and hosts that are out of order."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.catalogue.registry import reads as registered
from kit.collectors.hostkeys import show_host_keys
from kit.collectors.limits import Limits
from kit.collectors.ssh import Order, Surroundings, collect
from kit.model.device import Connection, Device, DeviceClass, Sudo
from kit.model.facts import Fact
from kit.model.known_host import PinnedHow, PinnedKey, fingerprint
from kit.model.observation import Observed
from kit.model.platform import Platform
from kit.model.read import Read
from kit.model.secret import SecretReference
from kit.model.snapshot import Outcome, Snapshot
from tests.collectors import made_up
from tests.collectors.sshd import AT
from tests.collectors.test_reading_only import every_read
from tests.lab import faults
from tests.lab.bench import Lab
from tests.lab.hosts import Host

pytestmark = pytest.mark.lab

PASSWORD = "lab-Tech-4711"
SECRET = SecretReference(env="SUDO")
LIMITS = Limits(connect_seconds=3, login_seconds=6, answer_seconds=30, device_seconds=25)
READS = made_up.reads(a="id -un; echo $KIT_ACCOUNT", b="cat")


def device(host: Host, user: str = "", sudo: Sudo = Sudo.NOPASSWD, name: str = "") -> Device:
    return Device(
        id=name or host.name,
        device_class=DeviceClass.DESKTOP,
        platform=Platform.LINUX,
        connection=Connection(
            address=host.address,
            port=host.port,
            user=user or host.user,
            sudo=sudo,
            sudo_password=SECRET if sudo is Sudo.PASSWORD else None,
            identity_file=str(host.key_path),
        ),
    )


def pin(host: Host, name: str = "") -> PinnedKey:
    algorithm, key = host.host_key.split()[:2]
    return PinnedKey(
        device=name or host.name,
        algorithm=algorithm,
        key=key,
        fingerprint=fingerprint(base64.b64decode(key)),
        pinned_at=AT,
        how=PinnedHow.LAB,
        by="tests",
    )


def gather(
    lab: Lab,
    folder: Path,
    targets: list[Device],
    pins: list[PinnedKey],
    requests: dict[Read, frozenset[str]] | None = None,
    password: str = PASSWORD,
    limits: Limits = LIMITS,
) -> dict[str, Snapshot]:
    orders = [Order(target, requests or READS) for target in targets]
    controller = made_up.controller(folder, {"SUDO": password})
    return lab.call(collect, orders, Surroundings(tuple(pins)), controller, limits)


def traces(host: Host, seconds: float = 2) -> str:
    """What a batch could leave: folders, shells, sleeps, sudo's memory of a password.

    The watch of a batch is ended with it, the second it was sleeping through ends by itself.
    """
    script = (
        "ls -d /run/esms-kit.* /dev/shm/esms-kit.* /tmp/esms-kit.* /var/tmp/esms-kit.*"
        " /run/sudo/ts/tech /run/sudo/ts/esms; pgrep -a sleep; pgrep -af 'sh -s$'"
    )
    until = time.monotonic() + seconds
    while True:
        found = host.run(["sh", "-c", script], check=False).stdout.decode()
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.1)


def test_hosts_out_of_order_are_named_and_the_others_done(
    lab: Lab, hosts: Callable[[int], list[Host]], tmp_path: Path
) -> None:
    """Off, changed, refused, hanging, frozen, babbling: each has its reason, none costs another."""
    good, off, changed, refused, hung, frozen, babbling = hosts(7)
    faults.change_host_key(changed)
    faults.refuse_sudo(refused)
    faults.hang(hung)
    faults.freeze(frozen)
    faults.babble(babbling)
    faults.power_off(off)
    broken = (good, off, changed, refused, hung, frozen, babbling)
    limits = Limits(
        connect_seconds=3, login_seconds=6, answer_seconds=10, device_seconds=8,
        answer_bytes=4 * 1024 * 1024,
    )  # fmt: skip
    begun = time.monotonic()
    targets = [device(host) for host in broken]
    found = gather(lab, tmp_path, targets, [pin(host) for host in broken], limits=limits)
    assert time.monotonic() - begun < 30
    outcomes = {name: snapshot.outcome for name, snapshot in found.items()}
    assert outcomes == {
        good.name: Outcome.DONE,
        off.name: Outcome.NOT_REACHED,
        changed.name: Outcome.KEY_CHANGED,
        refused.name: Outcome.SUDO_REFUSED,
        hung.name: Outcome.TIMEOUT,
        frozen.name: Outcome.TIMEOUT,
        babbling.name: Outcome.TOO_LARGE,
    }
    for name, snapshot in found.items():
        assert bool(snapshot.detail) is (name != good.name)
        assert bool(snapshot.answers) is (name == good.name)


def test_the_real_sudo(lab: Lab, hosts: Callable[[int], list[Host]], tmp_path: Path) -> None:
    plain, with_pty = hosts(2)
    with_pty.write("/etc/sudoers.d/05-pty", "Defaults use_pty\n", 0o440)
    for host in (plain, with_pty):
        targets = [
            device(host),
            device(host, "tech", Sudo.PASSWORD, "tech"),
            device(host, "esms", Sudo.PASSWORD, "unasked"),
            device(host, "nosudo", Sudo.NOPASSWD, "nosudo"),
            device(host, "nosudo", Sudo.PASSWORD, "nosudo-asked"),
            device(host, "agent", Sudo.NOPASSWD, "agent"),
        ]
        found = gather(lab, tmp_path, targets, [pin(host, target.id) for target in targets])
        for name, account in ((host.name, "esms"), ("tech", "tech"), ("unasked", "esms")):
            snapshot = found[name]
            assert (snapshot.outcome, snapshot.detail) == (Outcome.DONE, ""), name
            assert snapshot.answers[0].stdout == f"root\n{account}\n".encode()
            assert snapshot.answers[1].stdout == b""  # no password and no script to be read
        assert found["nosudo"].outcome is Outcome.SUDO_REFUSED
        assert found["nosudo-asked"].outcome is Outcome.SUDO_REFUSED
        assert found["agent"].outcome is Outcome.LOGIN_REFUSED
        assert traces(host) == ""


def test_a_wrong_password_counts_as_one_attempt(lab: Lab, host: Host, tmp_path: Path) -> None:
    target = device(host, "tech", Sudo.PASSWORD)
    found = gather(lab, tmp_path, [target], [pin(host)], password="not-it-4711")[host.name]
    assert found.outcome is Outcome.SUDO_REFUSED
    assert "not-it" not in found.detail
    assert traces(host, 5) == ""
    log = host.run(["journalctl", "--no-pager", "_COMM=sudo"]).stdout.decode()
    assert log.count("authentication failure") == 1


def test_a_terminal_that_sudo_insists_on(lab: Lab, host: Host, tmp_path: Path) -> None:
    host.write("/etc/sudoers.d/05-tty", "Defaults requiretty\n", 0o440)
    targets = [device(host), device(host, "tech", Sudo.PASSWORD, "tech")]
    found = gather(lab, tmp_path, targets, [pin(host, target.id) for target in targets])
    assert {one.outcome for one in found.values()} == {Outcome.SUDO_REFUSED}
    assert all("tty" in one.detail for one in found.values())
    assert traces(host) == ""


def test_every_read_in_one_batch(lab: Lab, host: Host, tmp_path: Path) -> None:
    """A minimal host is read to the end, and is afterwards what it was before."""
    faults.lose_python(host)
    gather(lab, tmp_path, [device(host)], [pin(host)])  # the first login makes a few files
    before = state(host)
    snapshot = gather(lab, tmp_path, [device(host)], [pin(host)], every_read())[host.name]
    assert snapshot.outcome is Outcome.DONE
    assert all(answer.ended for answer in snapshot.answers)
    facts = snapshot.answer("facts")
    assert facts is not None
    seen = registered()["facts"].parse(facts.raw(), frozenset({Fact.OS.value}))
    assert seen == {Fact.OS.value: Observed("debian12")}
    assert sum(len(answer.stdout) for answer in snapshot.answers) > 5000
    assert traces(host) == ""
    assert state(host) == before


def state(host: Host) -> list[str]:
    """Every file of the host, but what logging in itself changes: its size, mode, and change."""
    script = (
        "find / -xdev -path /proc -prune -o -path /sys -prune -o -path /var/log -prune"
        " -o ! -type d -printf '%p %s %m %u %C@\\n'; "
        "find /tmp /var/tmp /dev/shm /root /home -xdev -type d -printf '%p %m %C@\\n'"
    )
    lines = host.run(["sh", "-c", script]).stdout.decode().splitlines()
    logging_in = ("/var/lib/systemd/", "/run/", "/var/lib/private/")
    return sorted(line for line in lines if not line.startswith(logging_in))


def test_host_keys_are_shown(lab: Lab, host: Host, tmp_path: Path) -> None:
    found = lab.call(
        show_host_keys, [device(host)], Surroundings(), made_up.controller(tmp_path), LIMITS
    )
    keys = {(key.algorithm, key.key) for key in found[host.name].keys}
    assert (pin(host).algorithm, pin(host).key) in keys


ABANDONED = """
import base64, json, sys
from pathlib import Path
from kit.collectors.ssh import Order, Surroundings, collect
from kit.model.device import Device
from kit.model.known_host import PinnedKey
from tests.collectors import made_up
folder = Path(sys.argv[1])
read = json.loads((folder / "asked.json").read_text())
devices = [Device.model_validate_json(one) for one in read["devices"]]
pins = tuple(PinnedKey.model_validate_json(one) for one in read["pins"])
orders = [Order(one, made_up.reads(a="sleep 86")) for one in devices]
collect(orders, Surroundings(pins), made_up.controller(folder, {"SUDO": read["password"]}))
"""


def test_a_controller_that_dies_leaves_nothing_running(
    lab: Lab, hosts: Callable[[int], list[Host]], tmp_path: Path
) -> None:
    """The end of the connection reaches the script through sudo, with a pseudo-terminal too."""
    pair = hosts(2)
    pair[1].write("/etc/sudoers.d/05-pty", "Defaults use_pty\n", 0o440)
    targets, pins = [], []
    for host in pair:
        for name, user, sudo in (("a", "esms", Sudo.NOPASSWD), ("b", "tech", Sudo.PASSWORD)):
            targets.append(device(host, user, sudo, f"{host.name}-{name}"))
            pins.append(pin(host, f"{host.name}-{name}"))
    asked = {
        "devices": [one.model_dump_json() for one in targets],
        "pins": [one.model_dump_json() for one in pins],
        "password": PASSWORD,
    }
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    process = subprocess.Popen(
        [*lab.controller_entry(), sys.executable, "-c", ABANDONED, str(tmp_path)],
        cwd=Path(__file__).parents[2],
    )
    until = time.monotonic() + 30
    try:
        while time.monotonic() < until and process.poll() is None:
            if all(traces(host, 0).count("sleep 86") == 2 for host in pair):
                break
            time.sleep(0.1)
        assert [traces(host, 0).count("sleep 86") for host in pair] == [2, 2]
    finally:
        process.kill()
        process.wait()
    assert [traces(host, 8) for host in pair] == ["", ""]


# Everything a disk and a kernel hold, but what time itself and every login write.
FINGERPRINT = r"""
find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /var/log \
    -o -path /var/lib/systemd/timers -o -path /var/lib/systemd/timesync \
    -o -path /var/lib/private \) -prune \
    -o -printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort
find /run -not -path '/run/systemd/*' -not -path '/run/user*' -not -path '/run/log/*' \
    -not -path '/run/utmp' -printf '%p %y %m %U:%G %l\n' | sort
sysctl -a 2>/dev/null | grep -v -e random -e file-nr -e inode -e dentry -e pty.nr -e ns_last_pid
systemctl list-unit-files --no-legend --no-pager | grep -v '^session-' | sort
systemctl list-units --all --no-legend --no-pager --plain --type service,socket,timer,mount |
    grep -v -e session- -e user@ -e user-runtime -e ssh@ -e systemd-tmpfiles |
    awk '{print $1, $2, $3}'
nft list ruleset 2>/dev/null
"""


def test_reading_a_host_changes_neither_its_files_nor_its_settings(
    host: Host, lab: Lab, tmp_path: Path
) -> None:
    """Law 4, on a whole host: content, rights, times, units, kernel values, firewall."""
    requests = every_read()
    one = device(host)

    def read() -> Snapshot:
        limits = Limits(answer_seconds=120, device_seconds=100)
        return gather(lab, tmp_path, [one], [pin(host)], requests, limits=limits)[one.id]

    assert read().outcome is Outcome.DONE  # a first login makes what it makes
    before = host.run(["sh", "-c", FINGERPRINT]).stdout.decode().splitlines()
    snapshot = read()
    after = host.run(["sh", "-c", FINGERPRINT]).stdout.decode().splitlines()
    assert snapshot.outcome is Outcome.DONE
    assert len(snapshot.answers) == len(requests)
    assert len(before) > 1000
    assert sorted(set(before) ^ set(after)) == []
