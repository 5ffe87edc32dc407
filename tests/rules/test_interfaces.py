"""Parameters of network interfaces: what the kernel asks for a packet that comes in by one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit.catalogue.loading import shipped_catalogue
from kit.model.platform import Platform
from kit.reads.sysctl_names import every_interface
from kit.resources.sysctl import Sysctl
from tests.cases import facts
from tests.rules.test_rules import chosen, settings_of

# Parameters for which "all" closes the door whatever an interface says: AND, or the lesser value.
DECIDED_BY_ALL = {
    "net/ipv4/conf": {"accept_source_route", "bootp_relay", "mc_forwarding"},
    "net/ipv6/conf": {"accept_source_route", "forwarding"},
}
# What stands for "all": writing it sets the other back.
INSTEAD_OF_ALL = {
    "net.ipv6.conf.all.force_forwarding": "net.ipv6.conf.all.forwarding",
}


def _rules() -> Iterator[tuple[str, dict[str, Sysctl]]]:
    known = facts()
    for rule in shipped_catalogue().rules.values():
        block = rule.platforms.get(Platform.LINUX)
        if block is None or chosen(block, known) is None:
            continue
        settings = settings_of(rule, Platform.LINUX, known)
        named = {one.name: one for one in settings if isinstance(one, Sysctl)}
        if named:
            yield rule.id, named


RULES = dict(_rules())


def test_there_are_rules_about_interfaces() -> None:
    assert sum(any(map(every_interface, named)) for named in RULES.values()) >= 3


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_interface_stands_beside_all_and_default(rule: str) -> None:
    """A bare "*" would set both at boot; and "default" is what an interface starts from."""
    for name in RULES[rule]:
        if not every_interface(name):
            continue
        every = name.replace("*", "all")
        assert INSTEAD_OF_ALL.get(every, every) in RULES[rule]
        assert name.replace("*", "default") in RULES[rule]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_all_alone_is_judged_only_where_it_decides(rule: str) -> None:
    for name in RULES[rule]:
        place = every_interface(name.replace(".all.", ".*.")) if ".all." in name else None
        if place is not None and place[1] not in DECIDED_BY_ALL[place[0]]:
            assert name.replace(".all.", ".*.") in RULES[rule], name
