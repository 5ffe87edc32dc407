"""What a ruleset of nftables lets in: every chain a packet for this device goes through.

A packet is let in when no base chain on its way drops it: an ``accept`` ends its chain, not the
way. What is not understood leaves several ends possible, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from kit.reads.nft_matching import Match, Node, Packet, Sets, boundaries, matching
from kit.reads.number_ranges import EVERYTHING, NOTHING, Ranges, common, joined, without

TOP: Final = {"tcp": 65535, "udp": 65535, "icmp": 255, "icmpv6": 255, "other": 0}
"""Protocol -> the highest port or type; ``other``, all the rest, has none."""

_FAMILIES: Final = {4: frozenset({"inet", "ip"}), 6: frozenset({"inet", "ip6"})}
_HOOKS: Final = frozenset({"ingress", "input", "prerouting"})
_ON_SOME_DEVICES: Final = frozenset({"bridge", "netdev"})
_MOST: Final = 2000  # different ports; a ruleset with more is not judged
_DEEP: Final = 16  # jumps inside one another: what the kernel allows
# Statements after which a packet goes on as it was.
_HARMLESS: Final = frozenset(
    {"comment", "counter", "ct helper", "ct timeout", "last", "log", "map", "masquerade", "set",
     "snat"}
)  # fmt: skip
# Statements that hold only sometimes.
_CONDITIONS: Final = frozenset({"ct count", "limit", "quota"})

# What becomes of a packet in a chain.
_ACCEPT: Final = "accept"
_DROP: Final = "drop"
_ON: Final = "on"  # to the next rule
_BACK: Final = "back"  # to where the chain was called from
_ANY: Final = frozenset({_ACCEPT, _DROP, _ON})
_ENDS: Final = {
    "accept": _ACCEPT,
    "continue": _ON,
    "drop": _DROP,
    "reject": _DROP,
    "return": _BACK,
}

_Parts = Mapping[frozenset[str], Ranges]
"""Senders by what may become of their packets: all senders, each in one part."""


@dataclass
class _Table:
    chains: dict[str, list[Node]] = field(default_factory=dict)
    sets: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class _Base:
    """A base chain on the way in. ``some``: packets of other devices do not meet it."""

    table: tuple[str, str]
    name: str
    policy: str
    some: bool


@dataclass(frozen=True)
class _Way:
    """A kind of packet in the chains of one table, so many jumps deep."""

    table: tuple[str, str]
    packet: Packet
    depth: int = 0


@dataclass(frozen=True)
class Admission:
    """The senders whose packets surely come in, and those whose packets may."""

    sure: Ranges
    maybe: Ranges

    @property
    def known(self) -> bool:
        """Whether it is decided for every sender."""
        return self.sure == self.maybe


class Ruleset:
    """A ruleset as ``nft -j list ruleset`` prints it."""

    def __init__(self, document: Node) -> None:
        """Raises ``ValueError``, ``LookupError`` or ``TypeError`` for another form."""
        self._tables: dict[tuple[str, str], _Table] = {}
        self._bases: list[_Base] = []
        items = document["nftables"]
        if not items or "metainfo" not in items[0]:
            raise ValueError("not the JSON of nft")
        for item in items[1:]:
            for kind, data in item.items():
                self._take(kind, data)

    def _take(self, kind: str, data: Node) -> None:
        if kind == "table":
            self._tables.setdefault((data["family"], data["name"]), _Table())
        if kind not in {"chain", "map", "rule", "set"}:
            return  # counters, quotas, helpers: rules name them
        name = (data["family"], data["table"])
        table = self._tables.setdefault(name, _Table())
        if kind == "rule":
            table.chains.setdefault(data["chain"], []).append(data["expr"])
        elif kind == "chain":
            table.chains.setdefault(data["name"], [])
            if data.get("hook") in _HOOKS:
                some = name[0] in _ON_SOME_DEVICES or "dev" in data
                policy = _DROP if data.get("policy") == "drop" else _ACCEPT
                self._bases.append(_Base(name, data["name"], policy, some))
        else:
            table.sets[data["name"]] = data.get("elem", [])

    def admitted(self, packet: Packet) -> Admission:
        """Which senders' packets of this kind come in; raises ``LookupError``, ``ValueError``."""
        everybody: Ranges = EVERYTHING[packet.family]
        sure, maybe = everybody, everybody
        for base in self._bases:
            if not (base.some or base.table[0] in _FAMILIES[packet.family]):
                continue
            accepted, possible = NOTHING, NOTHING
            parts = self._chain(_Way(base.table, packet), base.name, everybody)
            for fates, senders in parts.items():
                ends = {base.policy if fate in {_ON, _BACK} else fate for fate in fates}
                if base.some:
                    ends.add(_ACCEPT)
                if _ACCEPT in ends:
                    possible = _united((possible, senders))
                if ends == {_ACCEPT}:
                    accepted = _united((accepted, senders))
            sure, maybe = common(sure, accepted), common(maybe, possible)
        return Admission(sure, maybe)

    def _chain(self, way: _Way, name: str, senders: Ranges) -> _Parts:
        if way.depth > _DEEP:
            raise ValueError("chains call one another too deep")
        parts: _Parts = {frozenset({_ON}): senders}
        for rule in self._tables[way.table].chains[name]:
            if not any(_ON in fates for fates in parts):
                break
            parts = self._rule(way, rule, parts)
        return parts

    def _rule(self, way: _Way, rule: list[Node], parts: _Parts) -> _Parts:
        sets = self._tables[way.table].sets
        match = Match(_united(held for fates, held in parts.items() if _ON in fates))
        for statement in rule:
            ((kind, data),) = statement.items()
            if not match.sure and not match.maybe:
                break
            if kind == "match":
                match = _also(match, matching(data, way.packet, _all(match), sets))
            elif kind in _CONDITIONS:
                match = Match(NOTHING, _all(match))
            elif kind == "vmap":
                for key, verdict in _pairs(data["data"], sets):
                    compared = {"op": "==", "left": data["key"], "right": key}
                    here = _also(match, matching(compared, way.packet, _all(match), sets))
                    ((end, target),) = verdict.items()
                    parts = _applied(parts, here, self._end(way, end, target, here))
                break
            elif kind not in _HARMLESS and not (
                kind == "mangle" and set(data["key"]) <= {"ct", "meta"}
            ):
                return _applied(parts, match, self._end(way, kind, data, match))
        return parts

    def _end(self, way: _Way, kind: str, data: Node, match: Match) -> _Parts:
        """What becomes of the packets a rule matches, or may match."""
        senders = _all(match)
        if kind in _ENDS:
            return {frozenset({_ENDS[kind]}): senders}
        if kind in {"goto", "jump"}:
            after = _ON if kind == "jump" else _BACK
            parts: dict[frozenset[str], Ranges] = {}
            deeper = replace(way, depth=way.depth + 1)
            for fates, held in self._chain(deeper, data["target"], senders).items():
                ends = frozenset(after if fate in {_ON, _BACK} else fate for fate in fates)
                parts[ends] = _united((parts.get(ends, NOTHING), held))
            return parts
        return {_ANY: senders}  # sent elsewhere, or changed, or something newer than this

    def steps(self, family: int, protocol: str) -> tuple[tuple[int, int], ...]:
        """Ranges of ports or types, inside of each of which the answer is the same.

        Raises ``ValueError`` when there are far more than any hand-written ruleset has.
        """
        first = {0}
        for (table_family, _name), table in self._tables.items():
            if table_family in _FAMILIES[family] | _ON_SOME_DEVICES:
                for left, right in _comparisons(table):
                    first |= set(boundaries(protocol, left, right, family, table.sets))
        if len(first) > _MOST:
            raise ValueError("too many different ports")
        starts = sorted(number for number in first if number <= TOP[protocol])
        ends = [*(start - 1 for start in starts[1:]), TOP[protocol]]
        return tuple(zip(starts, ends, strict=True))


def _united(many: Iterable[Ranges]) -> Ranges:
    """The union; most often of one."""
    given = [one for one in many if one]
    if len(given) == 1:
        return given[0]
    return joined(span for one in given for span in one)


def _all(match: Match) -> Ranges:
    return _united((match.sure, match.maybe))


def _also(one: Match, other: Match) -> Match:
    """Both comparisons of one rule."""
    sure = common(one.sure, other.sure)
    if not one.maybe and not other.maybe:
        return Match(sure)
    return Match(sure, without(common(_all(one), _all(other)), sure))


def _applied(parts: _Parts, match: Match, ends: _Parts) -> _Parts:
    """The senders by what may become of them, once a rule has done what it does."""
    found: dict[frozenset[str], Ranges] = {}

    def add(fates: frozenset[str], senders: Ranges) -> None:
        if senders:
            found[fates] = _united((found.get(fates, NOTHING), senders))

    for fates, held in parts.items():
        if _ON not in fates:
            add(fates, held)
            continue
        add(fates, without(held, _all(match)))
        for end, senders in ends.items():
            add((fates - {_ON}) | end, common(held, common(match.sure, senders)))
            add(fates | end, common(held, common(match.maybe, senders)))
    return found


def _pairs(data: Node, sets: Sets) -> Iterator[tuple[Node, Node]]:
    """Key and verdict of every entry of a verdict map."""
    if isinstance(data, str) and data.startswith("@"):
        data = {"set": sets[data[1:]]}
    yield from data["set"]


def _comparisons(table: _Table) -> Iterator[tuple[Node, Node]]:
    for rules in table.chains.values():
        for rule in rules:
            for statement in rule:
                if "match" in statement:
                    yield statement["match"]["left"], statement["match"]["right"]
                elif "vmap" in statement:
                    for key, _verdict in _pairs(statement["vmap"]["data"], table.sets):
                        yield statement["vmap"]["key"], key
