"""Does a rule of nftables match a kind of packet? Yes, no, or for which senders.

Works on the JSON of ``nft -j list ruleset`` (libnftables-json(5)). What is not understood is
never a guess: it may match, and it may not.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kit.reads.number_ranges import NOTHING, Ranges, common, joined, without

ICMP_TYPES: Final = {
    4: {
        "destination-unreachable": 3,
        "echo-reply": 0,
        "echo-request": 8,
        "info-reply": 16,
        "info-request": 15,
        "parameter-problem": 12,
        "redirect": 5,
        "router-advertisement": 9,
        "router-solicitation": 10,
        "source-quench": 4,
        "time-exceeded": 11,
        "timestamp-reply": 14,
        "timestamp-request": 13,
        "address-mask-reply": 18,
        "address-mask-request": 17,
    },
    6: {
        "destination-unreachable": 1,
        "echo-reply": 129,
        "echo-request": 128,
        "ind-neighbor-advert": 142,
        "ind-neighbor-solicit": 141,
        "mld-listener-done": 132,
        "mld-listener-query": 130,
        "mld-listener-reduction": 132,
        "mld-listener-report": 131,
        "mld2-listener-report": 143,
        "nd-neighbor-advert": 136,
        "nd-neighbor-solicit": 135,
        "nd-redirect": 137,
        "nd-router-advert": 134,
        "nd-router-solicit": 133,
        "packet-too-big": 2,
        "parameter-problem": 4,
        "router-renumbering": 138,
        "time-exceeded": 3,
    },
}
"""Names nft prints -> number, by family."""

_PROTOCOLS: Final = {
    "icmp": "icmp",
    "icmpv6": "icmpv6",
    "ipv6-icmp": "icmpv6",
    "tcp": "tcp",
    "udp": "udp",
    1: "icmp",
    6: "tcp",
    17: "udp",
    58: "icmpv6",
}
_OTHERS: Final = frozenset({"ah", "comp", "dccp", "esp", "igmp", "sctp", "udplite"})
_ALL_STATES: Final = frozenset({"established", "invalid", "new", "related", "untracked"})


Node = Any
"""A piece of JSON; whoever takes it apart answers for what is not of the expected form."""


@dataclass(frozen=True)
class Packet:
    """A kind of packet that comes in. Its sender is left open.

    ``protocol``: tcp, udp, icmp, icmpv6 or ``other``; ``number``: port or ICMP type.
    """

    family: int
    protocol: str
    number: int
    state: str = "new"
    loopback: bool = False


@dataclass(frozen=True)
class Match:
    """The senders for whom it matches, and those for whom it may; for all others it does not."""

    sure: Ranges
    maybe: Ranges = NOTHING


Sets = Mapping[str, Any]
"""The named sets and maps of one table: name -> elements as nft lists them."""


class _Unknown(Exception):
    """This comparison cannot be decided."""


def matching(expr: Node, packet: Packet, senders: Ranges, sets: Sets) -> Match:
    """For which of ``senders`` the match ``{op, left, right}`` holds."""
    try:
        left = expr["left"]
        field = _payload(left)
        if field in {("ip", "saddr"), ("ip6", "saddr")}:
            return _sender(expr, field[0], packet, senders, sets)
        held = _holds(left, field, expr.get("op", "=="), expr["right"], packet, sets)
    except (_Unknown, KeyError, TypeError, ValueError):
        return Match(NOTHING, senders)
    return Match(senders if held else NOTHING)


def _payload(left: Node) -> tuple[str, str] | None:
    payload = left.get("payload") if isinstance(left, dict) and len(left) == 1 else None
    if not isinstance(payload, dict) or set(payload) != {"protocol", "field"}:
        return None
    return payload["protocol"], payload["field"]


def _sender(expr: Node, header: str, packet: Packet, senders: Ranges, sets: Sets) -> Match:
    if header != ("ip" if packet.family == 4 else "ip6"):
        return Match(NOTHING)
    wanted = addresses(expr["right"], packet.family, sets)
    if expr["op"] in {"==", "in"}:
        return Match(common(senders, wanted))
    if expr["op"] == "!=":
        return Match(without(senders, wanted))
    raise _Unknown


def _holds(
    left: Node, field: tuple[str, str] | None, op: str, right: Node, packet: Packet, sets: Sets
) -> bool:
    """Whether a comparison that does not depend on the sender holds; raises ``_Unknown``."""
    if op not in {"==", "!=", "in"} or not isinstance(left, dict):
        raise _Unknown
    if field is not None:
        held = _header(field, right, packet, sets)
        return False if held is None else held is (op != "!=")
    meta = left["meta"]["key"] if set(left) == {"meta"} else None
    if meta in {"iif", "iifname"}:
        held = _from_loopback(_words(right, sets), packet)
    elif meta == "l4proto":
        held = _protocol(_words(right, sets), packet)
    elif meta == "nfproto":
        held = f"ipv{packet.family}" in _words(right, sets)
    elif left == {"ct": {"key": "state"}}:
        states = _words(right, sets)
        if not states <= _ALL_STATES:
            raise _Unknown
        held = packet.state in states
    else:
        raise _Unknown
    return held is (op != "!=")


def _header(field: tuple[str, str], right: Node, packet: Packet, sets: Sets) -> bool | None:
    """Whether a field of a header is one of the values; ``None``: the packet has no such header.

    nft looks at the protocol first, so that a comparison of any kind fails then.
    """
    header, name = field
    if header in {"ip", "ip6"}:
        if header != ("ip" if packet.family == 4 else "ip6"):
            return None
        if field == ("ip", "protocol"):
            return _protocol(_words(right, sets), packet)
        if field == ("ip6", "nexthdr") and not _protocol(_words(right, sets), packet):
            return False  # but one that is the packet's may stand behind another header
        raise _Unknown
    if header in _PROTOCOLS.values() and header != packet.protocol:
        return None
    if header in _OTHERS and packet.protocol != "other":
        return None
    if name == "dport" and packet.protocol in {"tcp", "udp"}:
        return _within(packet.number, numbers(right, sets))
    if name == "type" and packet.protocol in {"icmp", "icmpv6"}:
        return _within(packet.number, icmp_types(right, packet.family, sets))
    raise _Unknown


def _within(number: int, wanted: Ranges) -> bool:
    return any(low <= number <= high for low, high in wanted)


def _protocol(values: frozenset[Any], packet: Packet) -> bool:
    known = {_PROTOCOLS.get(value) for value in values}
    if packet.protocol == "other" and None in known:
        raise _Unknown
    return packet.protocol in known


def _from_loopback(names: frozenset[Any], packet: Packet) -> bool:
    """Loopback is known by its name; of any other interface, only that it is not loopback."""
    if any(not isinstance(name, str) or name.endswith("*") for name in names):
        raise _Unknown
    if packet.loopback or names == {"lo"}:
        return packet.loopback and "lo" in names
    raise _Unknown


def _items(right: Node, sets: Sets) -> Iterator[Node]:
    """The members of the right side: one value, a list, a set, or a named set."""
    if isinstance(right, str) and right.startswith("@"):
        right = {"set": sets[right[1:]]}
    if isinstance(right, dict) and set(right) == {"set"}:
        right = right["set"]
    for item in right if isinstance(right, list) else [right]:
        if isinstance(item, dict) and set(item) == {"elem"}:
            yield item["elem"]["val"]
        else:
            yield item


def _words(right: Node, sets: Sets) -> frozenset[Any]:
    """The members of the right side when all are words or numbers; raises ``_Unknown``."""
    items = list(_items(right, sets))
    if not all(isinstance(item, str | int) for item in items):
        raise _Unknown
    return frozenset(items)


def addresses(right: Node, family: int, sets: Sets) -> Ranges:
    """The addresses a right side names; raises for what is none."""
    return joined(_address(value, family) for value in _items(right, sets))


def _address(value: Node, family: int) -> tuple[int, int]:
    if isinstance(value, dict) and "prefix" in value:
        text = f"{value['prefix']['addr']}/{int(value['prefix']['len'])}"
        network = ipaddress.ip_network(text, strict=False)
        low, high = network.network_address, network.broadcast_address
    elif isinstance(value, dict):
        low, high = (ipaddress.ip_address(end) for end in value["range"])
    else:
        low = high = ipaddress.ip_address(value)
    if low.version != family or high.version != family:
        raise ValueError(f"not an address of this family: {value}")
    return int(low), int(high)


def numbers(right: Node, sets: Sets) -> Ranges:
    """The ports a right side names; raises for what is none."""
    return joined(_span(value, {}) for value in _items(right, sets))


def icmp_types(right: Node, family: int, sets: Sets) -> Ranges:
    """The ICMP types a right side names; raises for what is none."""
    return joined(_span(value, ICMP_TYPES[family]) for value in _items(right, sets))


def _span(value: Node, names: Mapping[str, int]) -> tuple[int, int]:
    ends = value["range"] if isinstance(value, dict) else [value, value]
    low, high = (names[end] if isinstance(end, str) else end for end in ends)
    if not (isinstance(low, int) and isinstance(high, int)):
        raise ValueError(f"not a number: {value}")  # noqa: TRY004 - the form of an answer
    return low, high


def boundaries(protocol: str, left: Node, right: Node, family: int, sets: Sets) -> Iterator[int]:
    """First numbers of the ranges of ports or types that a comparison tells apart."""
    field = _payload(left)
    if field is None or field not in {(protocol, "dport"), (protocol, "type"), ("th", "dport")}:
        return
    try:
        port = field[1] == "dport"
        spans = numbers(right, sets) if port else icmp_types(right, family, sets)
    except (KeyError, TypeError, ValueError):
        return  # such a comparison is never decided
    for low, high in spans:
        yield low
        yield high + 1
