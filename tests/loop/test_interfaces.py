"""Kernel parameters of real interfaces: odd names, what other files say, and what is stricter."""

from __future__ import annotations

import pytest

from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import LabSite, verdicts

pytestmark = pytest.mark.lab
DROP_IN = "/etc/sysctl.d/zz-esms-kit.conf"
LOCAL = "/etc/sysctl.d/99-local.conf"
REDIRECTS = "icmp_redirects_ignored"
RULES = (REDIRECTS, "ip_forwarding_disabled", "reverse_path_filtered", "process_tracing_restricted")
CONF = "/proc/sys/net/ipv4/conf"
# A VLAN's dot, and what a shell would run or expand.
NAMES = ("eth0.100", "$(id)", "`id`'\"&*;", "a\\nb", ".hid")


def shell(host: Host, script: str) -> str:
    return host.run(["sh", "-c", script]).stdout.decode().strip()


def value(host: Host, place: str) -> str:
    return host.run(["cat", f"/proc/sys/{place}"]).stdout.decode().strip()


def apply(site: LabSite) -> bool:
    """Whether an engine was started."""
    rules = [word for rule in RULES for word in ("--rule", rule)]
    started = site.apply(*rules, expect=[0, 1]).data["started"]  # 1: other rules still fail
    assert isinstance(started, bool)
    return started


def test_one_apply_closes_every_interface_and_lowers_nothing(make_site: MakeSite) -> None:
    site = make_site(1)
    (host,) = site.hosts
    for name in NAMES:
        host.run(["ip", "link", "add", "name", name, "type", "bridge"])
        host.run(["sh", "-c", 'echo 1 >"$1"', "sh", f"{CONF}/{name}/accept_redirects"])
    host.write(
        LOCAL,
        b"net.ipv4.conf.eth0/100.accept_redirects = 1\nnet.ipv4.conf.tun*.rp_filter = 2\n"
        b"kernel.yama.ptrace_scope = 2\n",
    )
    shell(host, f"echo 2 >{CONF}/eth0/rp_filter; echo 1 >{CONF}/eth0/forwarding")
    shell(host, "echo 2 >/proc/sys/kernel/yama/ptrace_scope")
    shell(host, f"for conf in all default; do echo 0 >{CONF}/$conf/accept_redirects; done")

    before = verdicts(site.check(), host.name)
    assert [before[rule] for rule in RULES] == ["fail", "fail", "fail", "pass"]
    assert [apply(site), apply(site)] == [True, False]
    after = verdicts(site.check(), host.name)
    assert [after[rule] for rule in RULES] == ["pass"] * 4
    for name in (*NAMES, "eth0", "lo"):
        assert value(host, f"net/ipv4/conf/{name}/accept_redirects") == "0"
        assert value(host, f"net/ipv6/conf/{name}/accept_redirects") == "0"
    assert value(host, "net/ipv4/conf/eth0/rp_filter") == "1"
    assert value(host, "net/ipv4/conf/eth0/forwarding") == "0"
    assert value(host, "kernel/yama/ptrace_scope") == "2"
    written = host.read(DROP_IN).decode().splitlines()
    assert "kernel.yama.ptrace_scope = 2" in written
    assert "-net.ipv4.conf.eth0/100.accept_redirects = 0" in written

    # The kernel takes redirects again when forwarding is switched off: one apply is enough.
    host.run(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"])
    assert [apply(site), apply(site)] == [True, False]
    assert value(host, "net/ipv4/conf/all/accept_redirects") == "0"
    assert verdicts(site.check(), host.name)[REDIRECTS] == "pass"


def test_the_next_boot_and_new_interfaces_are_closed_too(make_site: MakeSite) -> None:
    """What systemd does at boot, and what udev has it do for an interface that appears."""
    site = make_site(1)
    (host,) = site.hosts
    host.write(LOCAL, b"net.ipv4.conf.eth*.accept_redirects = 1\n")
    assert apply(site)
    sysctl = "/usr/lib/systemd/systemd-sysctl"
    for name in ("eth1", "wlan0"):
        host.run(["ip", "link", "add", "name", name, "type", "bridge"])
        for parameter in ("accept_redirects", "send_redirects", "forwarding"):
            host.run(["sh", "-c", 'echo 1 >"$1"', "sh", f"{CONF}/{name}/{parameter}"])
    shell(host, f"{sysctl} --prefix=/net/ipv4/conf/wlan0 --prefix=/net/ipv6/conf/wlan0")
    found = [value(host, f"net/ipv4/conf/{name}/accept_redirects") for name in ("eth1", "wlan0")]
    assert found == ["1", "0"]
    assert verdicts(site.check(), host.name)[REDIRECTS] == "fail"
    shell(host, sysctl)
    after = verdicts(site.check(), host.name)
    assert [after[rule] for rule in RULES] == ["pass"] * 4

    shell(host, "echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_redirects")
    answer = site.check()
    assert verdicts(answer, host.name)[REDIRECTS] == "fail"
    assert "eth0: 1" in answer.stdout
