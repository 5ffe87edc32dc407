"""Whether a source is admitted by what a device has loaded: told, refused, or not known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kit.planning.admission import Loaded, addresses, doubts, loaded_from, networks
from kit.reads.firewall_table import Flow, Table, senders_of

OPEN: dict[str, Any] = {"nftables": [{"metainfo": {}}]}
PLAIN = ": port 22\n: listenaddress 0.0.0.0:22\n: pubkeyauthentication yes\n: forcecommand none\n"
SOURCE = "10.20.0.0/24"


def told(sshd: str = "", *, at: str = SOURCE, ruleset: str = "none", lines: str = "") -> Loaded:
    """What a device says that makes the same of every address it is asked for."""
    rows = "".join(f"line {line}\n" for line in lines.splitlines())
    asked = addresses(networks([at]), lines.splitlines())
    answers = "".join(f"sshd {one}\n{PLAIN}{sshd}" for one in asked)
    return loaded_from(f"groups esms wheel\nruleset {ruleset}\n{answers}{rows}end\n")


def found(loaded: Loaded, at: str = SOURCE, port: int = 22) -> list[tuple[str, bool]]:
    return [(one.rule, one.certain) for one in doubts(loaded, networks([at]), "esms", port)]


def table(*sources: str) -> str:
    flows = [Flow("tcp", ((22, 22),), senders_of(sources), "administration")]
    return json.dumps(Table.of(flows).document())


@pytest.mark.parametrize(
    "sshd",
    [
        "",
        ": allowusers esms@10.20.0.*\n",
        ": allowusers admin\n: allowusers esms@10.0.0.0/8\n",
        ": allowgroups whe*\n: denygroups guests\n: denyusers esms@10.9.0.0/16\n",
        ": authenticationmethods publickey,password publickey\n",
    ],
)
def test_who_is_let_in_is_admitted(sshd: str) -> None:
    assert found(told(sshd)) == []
    assert found(told(sshd, ruleset=table("10.20.0.0/16"))) == []


@pytest.mark.parametrize(
    ("sshd", "option"),
    [
        (": allowusers admin\n", "AllowUsers"),
        (": allowusers esms@10.9.0.0/16\n", "AllowUsers"),
        (": denyusers e?ms\n", "DenyUsers"),
        (": allowgroups nobody\n", "AllowGroups"),
        (": denygroups wheel\n", "DenyGroups"),
        (": authenticationmethods password\n", "AuthenticationMethods"),
    ],
)
def test_an_option_that_shuts_out_is_named(sshd: str, option: str) -> None:
    ((rule, certain),) = found(told(sshd))
    assert rule.startswith(f"sshd: {option} (10.20.0.0)")
    assert certain


def test_another_port_and_a_firewall_that_drops_are_named() -> None:
    assert found(told(), port=2222)[0][0].startswith("sshd: Port")
    assert found(told(ruleset=table("10.9.0.0/16"))) == [("firewall: tcp/22 refused", True)]
    assert found(told(ruleset=table("10.20.0.0/25"))) == [
        ("firewall: tcp/22 partly admitted", True)
    ]


@pytest.mark.parametrize(
    "loaded",
    [
        told(": allowusers esms@admin.example\n"),
        told(": denyusers !esms\n"),
        told(lines="Match exec /bin/true"),
        told(lines="Match Host *.example"),
        told(lines="Include /etc/ssh/other.conf"),
        Loaded(ruleset=OPEN),
        told().__class__(groups=(), ruleset=None, sshd=told().sshd),
        loaded_from("groups esms\nunknown iptables\nruleset none\nend\n"),
    ],
)
def test_what_cannot_be_told_is_no_admission(loaded: Loaded) -> None:
    doubt = found(loaded)
    assert doubt
    assert not any(certain for _rule, certain in doubt)


def test_sshd_is_asked_at_the_ends_of_all_that_its_lines_tell_apart() -> None:
    lines = ["Match Address 10.20.0.64/26,192.0.2.0/24", "AllowUsers esms@10.20.0.7", "Match all"]
    assert addresses(networks([SOURCE]), lines) == (
        "10.20.0.0", "10.20.0.6", "10.20.0.7", "10.20.0.8", "10.20.0.63", "10.20.0.64",
        "10.20.0.127", "10.20.0.128", "10.20.0.255",
    )  # fmt: skip
    assert addresses(networks(["2001:db8::/64"]), lines) == (
        "2001:db8::",
        "2001:db8::ffff:ffff:ffff:ffff",
    )


@pytest.mark.parametrize(
    "text", ["", "end\n", "groups esms\nruleset none\n", "groups esms\nwhat\nend\n"]
)
def test_an_answer_that_is_cut_or_strange_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="loaded"):
        loaded_from(text)
