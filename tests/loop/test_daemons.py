"""What sshd has loaded and what a firewall lets in, read while things happen to them."""

from __future__ import annotations

import time

import pytest

from kit.catalogue.registry import reads
from kit.model.observation import Observation, Observed, Unreadable
from kit.model.read import Form, Raw
from tests.lab.bench import Lab
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE, verdicts

pytestmark = pytest.mark.lab

# A fragment runs in a private folder, with its variables, as a collector has it.
RUN = """
folder=$(mktemp -d) && cd "$folder" && cat >script || exit 99
env -i PATH="$PATH" LC_ALL=C KIT_ACCOUNT=esms KIT_INSIDE= KIT_OUTSIDE=198.51.100.7 \
    sh -c 'umask 077; . ./script' </dev/null
status=$?
cd / && rm -r "$folder"
exit "$status"
"""


def read(host: Host, read_id: str, key: str) -> Observation:
    one = reads()[read_id]
    keys = frozenset({key})
    text = one.command(keys, Form.POSIX).text
    done = host.run(["sh", "-c", RUN], input=text.encode(), check=False)
    raw = Raw(Form.POSIX, done.stdout, done.stderr, done.returncode, ended=True)
    return one.parse(raw, keys)[key]


def do(host: Host, script: str) -> None:
    host.run(["sh", "-c", script])


@pytest.fixture
def host(lab: Lab) -> Host:
    return lab.hosts(1)[0]


def test_sshd_has_or_has_not_loaded_its_files(host: Host) -> None:
    steps = [
        ("true", "loaded"),
        ("echo 'X11Forwarding no' >/etc/ssh/sshd_config.d/50-a.conf", "stale"),
        ("systemctl reload ssh", "loaded"),
        ("systemctl daemon-reload", "loaded"),
        ("rm /etc/ssh/sshd_config.d/50-a.conf", "stale"),
        ("kill -HUP $(cat /run/sshd.pid); sleep 0.5", "stale"),  # too soon after to be sure
        ("systemctl restart ssh", "loaded"),
        ("echo >/root/x; touch -d 2020-01-01 /root/x; mv /root/x /etc/ssh/sshd_config.d/x.conf",
         "stale"),
        ("systemctl reload ssh", "loaded"),
        ("echo 'Passwor' >/etc/ssh/sshd_config.d/x.conf; systemctl reload ssh || true", "stale"),
        ("rm /etc/ssh/sshd_config.d/x.conf; systemctl restart ssh", "loaded"),
        ("systemctl stop ssh", "stopped"),
        ("systemctl start ssh.socket", "on_demand"),
        ("systemctl stop ssh.socket; systemctl start ssh", "loaded"),
    ]  # fmt: skip
    for step, wanted in steps:
        do(host, step)
        assert read(host, "sshd_loaded", "daemon") == Observed(wanted), step


def test_sshd_that_its_files_do_not_explain_is_not_judged(host: Host) -> None:
    do(host, "echo SSHD_OPTS=-oPermitRootLogin=yes >/etc/default/ssh; systemctl restart ssh")
    found = read(host, "sshd_loaded", "daemon")
    assert isinstance(found, Unreadable)
    assert "PermitRootLogin" in found.detail
    do(host, "echo SSHD_OPTS= >/etc/default/ssh; systemctl restart ssh")
    assert read(host, "sshd_loaded", "daemon") == Observed("loaded")
    do(host, "/usr/sbin/sshd -p 2222 -o PidFile=/run/second.pid")
    assert isinstance(read(host, "sshd_loaded", "daemon"), Unreadable)
    do(host, "kill $(cat /run/second.pid); sleep 0.3")
    assert read(host, "sshd_loaded", "daemon") == Observed("loaded")


def test_sshd_answers_while_it_is_stopped(host: Host) -> None:
    do(host, "systemctl stop ssh")
    found = read(host, "sshd_effective", "permitrootlogin")
    assert not isinstance(found, Unreadable)
    assert host.run(["test", "-e", "/run/sshd"], check=False).returncode == 1


NEIGHBOUR = "flow tcp/22-23 from 203.0.113.0/24"
RULES = ("firewall_denies_by_default", "firewall_limits_administration")
DROPS = """
nft add table inet x
nft add chain inet x y '{ type filter hook input priority 9; }'
nft add rule inet x y ip saddr 10.0.0.0/8 tcp dport 22 ct state new drop
"""


def firewall(host: Host, key: str) -> Observation:
    return read(host, "firewall_ruleset", key)


def test_firewall_that_is_changed_is_found_and_mended(make_site: MakeSite) -> None:
    site = make_site(1)
    (host,) = site.hosts
    words = [word for rule in RULES for word in ("--rule", rule)]
    site.apply(*words, expect=[0, 1])  # 1: other rules still fail
    assert {verdicts(site.check(), host.name)[rule] for rule in RULES} == {"pass"}
    assert firewall(host, NEIGHBOUR) == Observed("refused")
    for step in (
        "nft add rule inet esms_kit input tcp dport 23 accept",
        "nft insert rule inet esms_kit input tcp dport 22 accept",
        "nft flush ruleset",
    ):
        do(host, step)
        assert firewall(host, NEIGHBOUR) != Observed("refused"), step
        assert "fail" in {verdicts(site.check(), host.name)[rule] for rule in RULES}
        site.apply(*words, expect=[0, 1])
        assert firewall(host, NEIGHBOUR) == Observed("refused"), step
    do(host, "systemctl start nftables && systemctl restart nftables")
    # systemctl waits for the unit it was asked for; ours is restarted with it, a moment later.
    deadline = time.monotonic() + 15
    while firewall(host, NEIGHBOUR) != Observed("refused") and time.monotonic() < deadline:
        time.sleep(0.5)
    assert firewall(host, NEIGHBOUR) == Observed("refused"), "it did not come back with nftables"
    plan = site.run("plan", SITE, "--json", expect=[1]).data["devices"][0]
    assert not {rule for change in plan["changes"] for rule in change["rules"]} & set(RULES)


def test_administrators_shut_out_by_another_table_are_told(make_site: MakeSite) -> None:
    site = make_site(1)
    (host,) = site.hosts
    way_in = f"flow tcp/22 from {host.address.rpartition('.')[0]}.1/32"
    assert firewall_after(host, "apt-get install -y nftables", way_in) == Observed("admitted")
    assert firewall_after(host, DROPS, way_in) == Observed("refused")


def firewall_after(host: Host, script: str, key: str) -> Observation:
    do(host, script)
    return firewall(host, key)
