"""The kit's own table of nftables, as data, as a file and as nft will print it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from kit.reads.number_ranges import EVERYTHING, Ranges, joined, network_range, networks

FILE: Final = "/etc/esms-kit/firewall.nft"
UNIT: Final = "esms-kit-firewall.service"
UNIT_FILE: Final = f"/etc/systemd/system/{UNIT}"
FAMILY: Final = "inet"
NAME: Final = "esms_kit"

UNIT_TEXT: Final = f"""\
[Unit]
Description=Firewall of esms-kit (table {FAMILY} {NAME})
# nftables.service starts from an empty ruleset: this table comes after it, and again with it.
After=nftables.service
PartOf=nftables.service
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {FILE}
ExecReload=/usr/sbin/nft -f {FILE}
ExecStop=/usr/sbin/nft delete table {FAMILY} {NAME}

[Install]
WantedBy=sysinit.target
"""
"""The unit, without its header. It is not stopped at shutdown: the table stays to the end."""

ICMP: Final = ("destination-unreachable", "echo-request", "time-exceeded", "parameter-problem")
"""ICMP that IPv4 needs, and the question whether the post is there."""

ICMPV6: Final = (
    "destination-unreachable",
    "packet-too-big",
    "time-exceeded",
    "parameter-problem",
    "echo-request",
    "mld-listener-query",
    "mld-listener-report",
    "mld-listener-done",
    "nd-router-solicit",
    "nd-router-advert",
    "nd-neighbor-solicit",
    "nd-neighbor-advert",
    "mld2-listener-report",
)
"""ICMPv6 without which there is no IPv6 (RFC 4890, 4.4.1), and the same question."""

_LINK: Final = "fe80::/10"
_DHCPV6: Final = 546  # answers come from the link, to a question sent to a group


@dataclass(frozen=True, order=True)
class Flow:
    """Connections that come in: to ports of a protocol, from some senders.

    ``only``: from nobody else, even if everything else were let in.
    """

    protocol: Literal["tcp", "udp"]
    ports: Ranges
    senders: tuple[Ranges, Ranges]  # IPv4, IPv6
    comment: str = ""
    only: bool = False

    @property
    def anyone(self) -> bool:
        """Whether it is open to every sender of both families."""
        return self.senders == (EVERYTHING[4], EVERYTHING[6])


def senders_of(sources: Iterable[str]) -> tuple[Ranges, Ranges]:
    """IPv4 and IPv6 senders of networks in CIDR form, or of ``any``; raises ``ValueError``."""
    found: Mapping[int, list[tuple[int, int]]] = {4: [], 6: []}
    for source in sources:
        if source == "any":
            return EVERYTHING[4], EVERYTHING[6]
        family, span = network_range(source)
        found[family].append(span)
    return joined(found[4]), joined(found[6])


@dataclass(frozen=True)
class Table:
    """The table: what comes in, and whether anything else does (``policy``)."""

    flows: tuple[Flow, ...]
    policy: Literal["accept", "drop"] = "drop"

    @classmethod
    def of(cls, flows: Iterable[Flow], policy: Literal["accept", "drop"] = "drop") -> Table:
        """The table of these flows, sorted; those that differ only in their senders are one."""
        together: dict[tuple[str, Ranges, str, bool], Flow] = {}
        for flow in flows:
            key = (flow.protocol, flow.ports, flow.comment, flow.only)
            other = together.get(key, flow)
            senders = (
                joined((*flow.senders[0], *other.senders[0])),
                joined((*flow.senders[1], *other.senders[1])),
            )
            together[key] = replace(flow, senders=senders)
        return cls(tuple(sorted(together.values())), policy)

    def _closed(self) -> Iterator[Flow]:
        """Of the flows nobody else may use, one for each protocol and ports."""
        yield from {(one.protocol, one.ports): one for one in self.flows if one.only}.values()

    def text(self) -> str:
        """The body of the file, without its header: replaces the table in one step."""
        lines = "".join(f"        {line}\n" for line in self._lines())
        return (
            f"table {FAMILY} {NAME}\n"
            f"delete table {FAMILY} {NAME}\n"
            f"table {FAMILY} {NAME} {{\n"
            "    chain input {\n"
            f"        type filter hook input priority filter; policy {self.policy};\n"
            f"{lines}"
            "    }\n"
            "}\n"
        )

    def _lines(self) -> Iterator[str]:
        yield 'iif "lo" accept'
        yield "ip saddr 127.0.0.0/8 drop"
        yield "ip6 saddr ::1 drop"
        yield "ct state established,related accept"
        yield "ct state invalid drop"
        yield f"icmp type {{ {', '.join(ICMP)} }} accept"
        yield f"icmpv6 type {{ {', '.join(ICMPV6)} }} accept"
        yield f"ip6 saddr {_LINK} udp dport {_DHCPV6} accept"
        for flow in self.flows:
            yield from _flow_lines(flow)
        for flow in self._closed():
            yield f"{flow.protocol} dport {_text(_ports(flow))} drop"

    def document(self) -> dict[str, Any]:
        """What ``nft -j list ruleset`` prints of it, as far as anybody here reads it."""
        base = {"family": FAMILY, "table": NAME}
        hook = {"type": "filter", "hook": "input", "prio": 0, "policy": self.policy}
        items: list[dict[str, Any]] = [
            {"metainfo": {"json_schema_version": 1}},
            {"table": {"family": FAMILY, "name": NAME}},
            {"chain": {**base, "name": "input", **hook}},
        ]
        rules = [{**base, "chain": "input", "expr": expr} for expr in self._expressions()]
        return {"nftables": [*items, *({"rule": rule} for rule in rules)]}

    def _expressions(self) -> Iterator[list[dict[str, Any]]]:
        accept, drop = {"accept": None}, {"drop": None}
        loopback = {"prefix": {"addr": "127.0.0.0", "len": 8}}
        address, _slash, length = _LINK.partition("/")
        link = {"prefix": {"addr": address, "len": int(length)}}
        states = {"left": {"ct": {"key": "state"}}, "op": "in"}
        yield [_match({"meta": {"key": "iif"}}, "lo"), accept]
        yield [_match(_payload("ip", "saddr"), loopback), drop]
        yield [_match(_payload("ip6", "saddr"), "::1"), drop]
        yield [{"match": {**states, "right": ["established", "related"]}}, accept]
        yield [{"match": {**states, "right": "invalid"}}, drop]
        yield [_match(_payload("icmp", "type"), {"set": list(ICMP)}), accept]
        yield [_match(_payload("icmpv6", "type"), {"set": list(ICMPV6)}), accept]
        dhcp = _match(_payload("udp", "dport"), _DHCPV6)
        yield [_match(_payload("ip6", "saddr"), link), dhcp, accept]
        for flow in self.flows:
            port = _match(_payload(flow.protocol, "dport"), _json(_ports(flow)))
            if flow.anyone:
                yield [port, accept]
                continue
            for header, sources in _sources(flow):
                yield [_match(_payload(header, "saddr"), _json(sources)), port, accept]
        for flow in self._closed():
            yield [_match(_payload(flow.protocol, "dport"), _json(_ports(flow))), drop]


def _ports(flow: Flow) -> list[str]:
    return [str(low) if low == high else f"{low}-{high}" for low, high in flow.ports]


def _sources(flow: Flow) -> Iterator[tuple[str, list[str]]]:
    """Header of each family and its networks, where there are any."""
    for family, header, senders in ((4, "ip", flow.senders[0]), (6, "ip6", flow.senders[1])):
        if senders:
            yield header, list(networks(senders, family))


def _flow_lines(flow: Flow) -> Iterator[str]:
    end = f'{flow.protocol} dport {_text(_ports(flow))} accept comment "{_comment(flow)}"'
    if flow.anyone:
        yield end
        return
    for header, sources in _sources(flow):
        yield f"{header} saddr {_text(sources)} {end}"


def _comment(flow: Flow) -> str:
    return f"only: {flow.comment}" if flow.only else f"flow: {flow.comment}"


def _text(items: list[str]) -> str:
    return f"{{ {', '.join(items)} }}"


def _match(left: dict[str, Any], right: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"match": {"op": "==", "left": left, "right": right}}


def _payload(header: str, field: str) -> dict[str, Any]:
    return {"payload": {"protocol": header, "field": field}}


def _json(items: list[str]) -> Any:  # noqa: ANN401 - JSON
    found: list[Any] = []
    for item in items:
        address, slash, length = item.partition("/")
        low, minus, high = item.partition("-")
        if slash:
            found.append({"prefix": {"addr": address, "len": int(length)}})
        else:
            found.append({"range": [int(low), int(high)]} if minus else int(low))
    return {"set": found}


_FLOW: Final = re.compile(
    r"(?:(ip6?) saddr \{ ([0-9a-f:./, ]+) \} )?(tcp|udp) dport \{ ([0-9, -]+) \} accept "
    r'comment "(only|flow): ([^"\n]*)"'
)
_POLICY: Final = re.compile(r"policy (accept|drop);")


def table_of(text: str) -> Table | None:
    """The table a file of ours describes; ``None`` when it is not exactly one we would write."""
    body = "".join(
        line for line in text.splitlines(keepends=True) if line.strip() and line[:1] != "#"
    )
    policy = _POLICY.search(body)
    if policy is None:
        return None
    halves: dict[tuple[str, Ranges, str, bool], list[str]] = {}
    try:
        for line in body.splitlines():
            found = _FLOW.fullmatch(line.strip())
            if found is not None:
                _header, sources, protocol, ports, kind, comment = found.groups()
                key = (protocol, _spans(ports), comment, kind == "only")
                halves.setdefault(key, []).extend((sources or "any").split(", "))
        flows = [
            Flow(protocol, ports, senders_of(sources), comment, only)  # type: ignore[arg-type]
            for (protocol, ports, comment, only), sources in halves.items()
        ]
    except ValueError:
        return None
    table = Table.of(flows, "drop" if policy[1] == "drop" else "accept")
    return table if table.text() == body else None


def _spans(text: str) -> Ranges:
    spans = [part.partition("-") for part in text.split(", ")]
    return joined((int(low), int(high or low)) for low, _minus, high in spans)
