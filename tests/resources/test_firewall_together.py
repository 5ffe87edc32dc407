"""The parts of a firewall beside one another, and its file as data and back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.model.observation import Observed
from kit.model.platform import Platform
from kit.model.verdict import Verdict
from kit.reads.firewall_answers import LISTED_KEY, answers
from kit.reads.firewall_table import Flow, Table, senders_of, table_of
from kit.reads.nft_input import Ruleset
from kit.resources.firewall import Firewall, IncomingFlow
from kit.resources.generated_header import header


def firewall(**data: Any) -> Firewall:
    return Firewall(type="firewall", **data)


def incoming(**data: Any) -> IncomingFlow:
    return IncomingFlow(**{"protocol": "tcp", "sources": ("10.0.0.0/8",), **data})


DENY = firewall(part="default_deny", management_sources=("10.20.0.0/16",))
LOOPBACK = firewall(part="loopback")
PRINT = firewall(part="flows", flows=(incoming(ports=(631,)),))
SSH = firewall(part="flows", flows=(incoming(ports=(22,), sources=("10.20.0.0/16",), only=True),))


def together(*settings: Firewall) -> list[Firewall]:
    """As the desired state holds them."""
    return [one.among(settings) for one in settings]


def verdicts(settings: list[Firewall]) -> list[Verdict]:
    shown = Firewall.combined(settings)
    return [one.judge(shown, Platform.LINUX).verdict for one in settings]


def test_what_is_admitted_elsewhere_is_no_surprise() -> None:
    assert verdicts(together(DENY, LOOPBACK, PRINT, SSH)) == [Verdict.PASS] * 4


def test_what_nobody_asked_for_is_one() -> None:
    alone = together(DENY, LOOPBACK)[0]
    assert alone.judge(Firewall.combined([DENY, PRINT]), Platform.LINUX).verdict is Verdict.FAIL


def test_beside_others_it_asks_for_the_same() -> None:
    alone, beside = DENY, together(DENY, PRINT)[0]
    assert beside.beside == PRINT.flows
    assert [alone.keys(read) for read in Firewall.reads[Platform.LINUX]] == [
        beside.keys(read) for read in Firewall.reads[Platform.LINUX]
    ]
    assert alone.enforced() == beside.enforced()
    assert Firewall.combined([alone, PRINT]) == Firewall.combined([beside, PRINT])


def test_only_and_others_contradict_each_other() -> None:
    everybody = firewall(part="flows", flows=(incoming(ports=(22,), sources=("any",)),))
    assert verdicts(together(SSH, everybody)) == [Verdict.FAIL, Verdict.PASS]


def test_the_way_in_is_part_of_refusing_the_rest() -> None:
    shown = Firewall.combined([DENY])["firewall_ruleset"]
    assert shown["flow tcp/22 from 10.20.0.0/16"] == Observed("admitted")


@pytest.mark.parametrize("name", ["ufw", "firewalld"])
def test_other_manager_is_named(name: str) -> None:
    seen = {"firewall_ruleset": {"manager": Observed(name)}}
    assert LOOPBACK.other_manager(seen) == name
    assert LOOPBACK.other_manager({}) == ""


NETWORKS = ["10.0.0.0/8", "10.1.0.0/16", "192.168.4.0/23", "fd00::/8", "2001:db8::/32", "any"]
FLOWS = st.builds(
    lambda protocol, low, size, sources, comment, only: Flow(
        protocol, ((low, min(low + size, 65535)),), senders_of(sources), comment, only
    ),
    st.sampled_from(["tcp", "udp"]),
    st.integers(1, 65535),
    st.sampled_from([0, 0, 1, 100]),
    st.lists(st.sampled_from(NETWORKS), min_size=1, max_size=3),
    st.sampled_from(["", "ssh", "a b.c", "x/y (z)"]),
    st.booleans(),
)
TABLES = st.builds(Table.of, st.lists(FLOWS, max_size=5), st.sampled_from(["accept", "drop"]))


@given(TABLES)
def test_file_reads_back(table: Table) -> None:
    assert table_of(header() + table.text()) == table
    for line in range(len(table.text().splitlines())):
        lines = table.text().splitlines(keepends=True)
        assert table_of("".join(lines[:line] + lines[line + 1 :])) != table


@given(TABLES, st.sampled_from(["tcp dport 23 accept", "accept", 'include "/x"', "#"]))
def test_file_with_more_is_not_ours(table: Table, more: str) -> None:
    found = table_of(table.text().replace("    }\n}\n", f"        {more}\n    }}\n}}\n"))
    assert found is None


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
@pytest.mark.skipif(not shutil.which("nft"), reason="nft is not installed")
def test_nft_understands_what_we_mean() -> None:
    """The file, loaded and listed by nft, lets in what its description says."""
    made: list[Table] = []

    @given(TABLES)
    def collect(table: Table) -> None:
        made.append(table)

    collect()
    for table in made[:: max(1, len(made) // 12)]:
        done = subprocess.run(
            ["unshare", "--net", "sh", "-c", "nft -f - && nft -j list ruleset"],
            input=(header() + table.text()).encode(),
            capture_output=True,
            check=True,
        )
        listed = Ruleset(json.loads(done.stdout))
        keys = frozenset({LISTED_KEY, "replies", "loopback", "spoofed loopback"})
        assert answers(listed, keys) == answers(Ruleset(table.document()), keys)
