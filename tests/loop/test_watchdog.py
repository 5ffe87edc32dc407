"""A whole run whose way in is not proven: put back, told, found by the next check, then mended."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.lab.bench import Lab
from tests.lab.sources import Source
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import verdicts

pytestmark = pytest.mark.lab

RULE = "ssh_root_login_disabled"
FIREWALL = ("firewall_denies_by_default", "firewall_limits_administration")
SHUTS_OUT = """
apt-get -qq install nftables
nft add table inet other
nft add chain inet other input '{ type filter hook input priority 9; }'
nft add rule inet other input ip saddr 10.99.0.0/24 tcp dport 22 drop
"""


@pytest.fixture
def places(lab: Lab) -> Iterator[Callable[[str, str], Source]]:
    """``places("vpn", "10.99.0.7")``: a machine somewhere else."""
    with contextlib.ExitStack() as made:

        def make(name: str, address: str) -> Source:
            place = Source(lab, name, address)
            made.callback(place.close)
            return place

        yield make


def test_a_source_that_is_shut_out_by_others_keeps_changes_from_staying(
    make_site: MakeSite, places: Callable[[str, str], Source]
) -> None:
    controller = "10.77.0.1/32"
    management = {"account": "esms", "sources": [controller, "10.99.0.0/24"]}
    site = make_site(1, management=management)
    (host,) = site.hosts
    host.run(["sh", "-c", SHUTS_OUT])
    vpn, guest = places("vpn", "10.99.0.7"), places("guest", "10.98.0.7")
    vpn.lead_to(host)
    guest.lead_to(host)
    assert guest.connects(host)
    answer = site.apply("--rule", RULE, expect=[5])
    outcome = answer.data["outcomes"][host.name]
    assert outcome["ending"] == "reverted"
    assert outcome["failure"]["code"] == "source_shut_out"
    assert outcome["failure"]["subject"] == "10.99.0.0/24"
    assert any(name.startswith("file:/etc/ssh/") for name in outcome["reverted"])
    found = verdicts(site.check(), host.name)
    assert found[RULE] == "fail"
    assert "nothing_put_back" not in found, "the run has told it; nothing of it is left there"

    host.run(["nft", "delete", "table", "inet", "other"])
    more = [word for rule in (RULE, *FIREWALL) for word in ("--rule", rule)]
    answer = site.apply(*more, expect=[0, 1])
    proofs = answer.data["outcomes"][host.name]["proofs"]
    assert [(one["source"], one["how"]) for one in proofs] == [
        (host.address, "connected"),
        (controller, "evaluated"),
        ("10.99.0.0/24", "evaluated"),
    ]
    found = verdicts(site.check(), host.name)
    assert {found[rule] for rule in (RULE, *FIREWALL)} == {"pass"}
    assert "nothing_put_back" not in found
    # What was evaluated is so: from the place itself, and from one that is no source.
    assert host.ssh("sudo -n id -u").stdout == b"0\n"
    assert vpn.connects(host)
    assert not guest.connects(host, seconds=1)
