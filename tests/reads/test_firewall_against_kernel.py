"""What the kit says a ruleset lets in, against what the kernel lets in.

Two network namespaces and a wire between them: connections are tried from several addresses to
several ports. A refusal by TCP (nothing listens) means that the packet came in; silence, that it
was dropped. Both namespaces end with the process that made them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kit.model.observation import Observed
from kit.reads.firewall_answers import ADMITTED, REFUSED, answers, flow_key
from kit.reads.firewall_table import Flow, Table, senders_of
from kit.reads.nft_input import Ruleset

TOOLS = ("ip", "nft", "unshare")
missing = [tool for tool in TOOLS if not shutil.which(tool)]
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}"),
]

SENDERS = ("10.1.2.3", "10.200.0.9", "192.168.1.7", "198.51.100.4", "fd00::7", "2001:db8::7")
PORTS = (21, 22, 23, 80, 443, 631, 8000, 8050, 8100, 8101)

# $1: the ruleset, $2: the program of the sender, $3: python. Prints the ruleset, then what came in.
WIRE = """
set -e
ip link add one type veth peer name other
unshare --net sleep 60 &
sender=$!
trap 'kill "$sender"' EXIT
sleep 0.3
ip link set other netns "$sender"
sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.one.rp_filter=0 2>/dev/null || true
ip link set lo up
ip address add 172.31.0.1/24 dev one
ip -6 address add 2001:db8:1::1/64 dev one nodad
ip link set one up
ip route add default dev one
ip -6 route add default dev one
nft -f "$1"
nft -j list ruleset
nsenter --net="/proc/$sender/ns/net" "$3" "$2"
"""

SENDER = """
import errno, json, select, socket, subprocess, sys
SENDERS, PORTS = %(senders)r, %(ports)r
def ip(*words): subprocess.run(["ip", *words], check=True)
for one in SENDERS:
    if ":" in one: ip("-6", "address", "add", one + "/128", "dev", "other", "nodad")
    else: ip("address", "add", one + "/32", "dev", "other")
ip("link", "set", "other", "up")
ip("route", "add", "172.31.0.0/24", "dev", "other", "src", SENDERS[0])
ip("-6", "route", "add", "2001:db8:1::/64", "dev", "other")
waiting, found = {}, {}
for one in SENDERS:
    for port in PORTS:
        six = ":" in one
        tried = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
        tried.bind((one, 0))
        tried.setblocking(False)
        tried.connect_ex(("2001:db8:1::1" if six else "172.31.0.1", port))
        waiting[tried.fileno()] = (tried, one, port)
poll = select.poll()
for number in waiting: poll.register(number, select.POLLOUT)
for _round in range(40):
    for number, _event in poll.poll(50):
        tried, one, port = waiting.pop(number)
        poll.unregister(number)
        error = tried.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        found[one + " " + str(port)] = errno.errorcode.get(error, "OK")
print(json.dumps(found))
"""

OWN = Table.of(
    [
        Flow("tcp", ((22, 22),), senders_of(["10.0.0.0/9", "fd00::/8"]), "ssh", only=True),
        Flow("tcp", ((631, 631), (8000, 8100)), senders_of(["192.168.0.0/16"]), "print"),
        Flow("tcp", ((443, 443),), senders_of(["any"]), "web"),
    ]
)
OPEN = Table.of(OWN.flows, "accept")
CHAINS = """
table inet t {
    set admins {
        type ipv4_addr
        flags interval
        elements = { 10.0.0.0/8, 192.168.1.1-192.168.1.9 }
    }
    map ports {
        type inet_service : verdict
        elements = { 80 : jump web, 443 : accept, 23 : drop }
    }
    chain web {
        ip saddr 198.51.100.0/24 return
        meta nfproto ipv6 return
        accept
    }
    chain rest {
        ip6 saddr fd00::/16 tcp dport != 22 accept
        ip saddr 198.51.100.4 accept
    }
    chain input {
        type filter hook input priority 0; policy drop;
        ct state vmap { established : accept, invalid : drop }
        meta l4proto { icmp, ipv6-icmp } accept
        tcp dport vmap @ports
        ip saddr != @admins goto rest
        ip6 saddr 2001:db8::/32 goto rest
        tcp dport { 22, 8000-8100 } accept
        meta nfproto ipv6 jump rest
    }
}
"""
ELSEWHERE = """
table ip first {
    chain in {
        type filter hook input priority -10; policy accept;
        accept
    }
}
table inet raw {
    chain pre {
        type filter hook prerouting priority raw; policy accept;
        ip saddr 10.200.0.0/16 drop
        tcp dport 8100 drop
    }
}
"""


@pytest.mark.parametrize(
    "ruleset",
    [OWN.text(), OPEN.text(), CHAINS, OWN.text() + ELSEWHERE, ELSEWHERE],
    ids=["own", "open", "chains", "beside-others", "others"],
)
def test_kernel_agrees(ruleset: str, tmp_path: Path) -> None:
    rules, sender = tmp_path / "rules", tmp_path / "sender.py"
    rules.write_text(ruleset)
    sender.write_text(SENDER % {"senders": SENDERS, "ports": PORTS})
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", WIRE, "sh", rules, sender, sys.executable],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document, came_in = (json.loads(line) for line in done.stdout.splitlines())
    keys = {
        flow_key("tcp", str(port), f"{one}/{128 if ':' in one else 32}"): f"{one} {port}"
        for one in SENDERS
        for port in PORTS
    }
    said = answers(Ruleset(document), frozenset(keys))
    seen = {
        key: Observed(ADMITTED if came_in.get(tried) == "ECONNREFUSED" else REFUSED)
        for key, tried in keys.items()
    }
    assert {key: (said[key], seen[key]) for key in keys if said[key] != seen[key]} == {}
    assert set(came_in.values()) == {"ECONNREFUSED"}
