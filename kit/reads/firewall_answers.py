"""Questions about what a firewall lets in, and their answers from a ruleset.

Keys, the same for the running ruleset and for the file that brings it back:

``admitted``
    every kind of connection that comes in without being asked for, as ``tcp/22 from 10.0.0.0/8``,
    ``icmp/8 from any``, ``any from any``: a tuple
``flow PROTOCOL/PORTS from NETWORK|any``
    ``admitted``, ``partly admitted`` or ``refused``
``sources PROTOCOL/PORTS``
    the networks that come in there: a tuple of CIDR, or ``any``
``replies``, ``loopback``
    answers to what this device asked, and its talk with itself: as for a flow
``spoofed loopback``
    whether anything from outside comes in under an address of loopback: as for a flow
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from kit.model.observation import Observation, Observed, Unread, Unreadable
from kit.reads.firewall_table import senders_of
from kit.reads.nft_input import TOP, Admission, Ruleset
from kit.reads.nft_matching import Packet
from kit.reads.number_ranges import (
    EVERYTHING,
    LOOPBACK,
    NOTHING,
    Ranges,
    common,
    joined,
    networks,
    without,
)

ADMITTED: Final = "admitted"
PARTLY: Final = "partly admitted"
REFUSED: Final = "refused"
LISTED_KEY: Final = "admitted"
REPLIES_KEY: Final = "replies"
LOOPBACK_KEY: Final = "loopback"
SPOOFED_KEY: Final = "spoofed loopback"

ANY: Final = "any"

_FAMILIES: Final = (4, 6)
_PLAIN: Final = frozenset({LISTED_KEY, REPLIES_KEY, LOOPBACK_KEY, SPOOFED_KEY})
_LISTED: Final = {"tcp": (4, 6), "udp": (4, 6), "icmp": (4,), "icmpv6": (6,), "other": (4, 6)}
_OUTSIDE: Final = {family: without(EVERYTHING[family], LOOPBACK[family]) for family in _FAMILIES}


class _Undecided(Exception):
    """What becomes of some packets cannot be told."""


def flow_key(protocol: str, ports: str, source: str) -> str:
    """The question whether one sender gets through."""
    return f"flow {protocol}/{ports} from {source}"


def sources_key(protocol: str, ports: str) -> str:
    """The question who gets through."""
    return f"sources {protocol}/{ports}"


def checked_key(key: str) -> str:
    """The key; raises ``ValueError`` for what is no question."""
    if key not in _PLAIN:
        _asked(key)
    return key


def _asked(key: str) -> tuple[str, tuple[int, int], str | None]:
    """Protocol, ports, and the sender of a ``flow``."""
    what, _blank, rest = key.partition(" ")
    where, word, source = rest.partition(" from ")
    protocol, _slash, ports = where.partition("/")
    low, _minus, high = ports.partition("-")
    numbers = int(low), int(high or low)
    good = protocol in {"tcp", "udp"} and 0 <= numbers[0] <= numbers[1] <= TOP["tcp"]
    if not good or (what, bool(word)) not in {("flow", True), ("sources", False)}:
        raise ValueError(f"not a question to a firewall: {key[:80]!r}")
    if source:
        senders_of([source])
    return protocol, numbers, source or None


def answers(ruleset: Ruleset, keys: frozenset[str]) -> dict[str, Observation]:
    """Every answer; raises ``ValueError`` or ``LookupError`` for a broken ruleset."""
    survey = _Survey(ruleset)
    found: dict[str, Observation] = {}
    for key in sorted(keys):
        try:
            found[key] = Observed(survey.answer(key))
        except _Undecided as error:
            found[key] = Unreadable(Unread.UNPARSABLE, str(error))
    return found


class _Survey:
    """Asks a ruleset about kinds of packets, each once."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._seen: dict[Packet, Admission] = {}
        self._ranges: dict[tuple[int, str], tuple[tuple[int, int], ...]] = {}

    def answer(self, key: str) -> str | tuple[str, ...]:
        """Raises ``_Undecided``."""
        if key == LISTED_KEY:
            return self._listed()
        if key == REPLIES_KEY:
            return self._fate(self._any_port(state="established"), _OUTSIDE)
        if key == LOOPBACK_KEY:
            return self._fate(self._any_port(loopback=True), LOOPBACK)
        if key == SPOOFED_KEY:
            return self._fate(self._any_port(), LOOPBACK)
        protocol, ports, source = _asked(key)
        packets = list(self._packets(protocol, ports))
        if source is not None:
            four, six = senders_of([source])
            return self._fate(packets, {4: common(four, _OUTSIDE[4]), 6: common(six, _OUTSIDE[6])})
        found = {
            family: joined(
                span
                for packet in packets
                if packet.family == family
                for span in self._senders(packet, _OUTSIDE[family])
            )
            for family in _FAMILIES
        }
        return tuple(sorted(_named(found)))

    def _steps(self, family: int, protocol: str) -> tuple[tuple[int, int], ...]:
        key = family, protocol
        if key not in self._ranges:
            self._ranges[key] = self._ruleset.steps(family, protocol)
        return self._ranges[key]

    def _packets(self, protocol: str, ports: tuple[int, int]) -> Iterator[Packet]:
        """One packet for each range of ports in which the answer is the same."""
        for family in _FAMILIES:
            for low, high in self._steps(family, protocol):
                if low <= ports[1] and high >= ports[0]:
                    yield Packet(family, protocol, max(low, ports[0]))

    def _any_port(self, *, state: str = "new", loopback: bool = False) -> list[Packet]:
        whole = (0, TOP["tcp"])
        packets = [*self._packets("tcp", whole), *self._packets("udp", whole)]
        return [replace(packet, state=state, loopback=loopback) for packet in packets]

    def _senders(self, packet: Packet, of: Ranges) -> Ranges:
        """Which of these senders come in; raises ``_Undecided``."""
        if packet not in self._seen:
            self._seen[packet] = self._ruleset.admitted(packet)
        admission = self._seen[packet]
        sure, maybe = common(admission.sure, of), common(admission.maybe, of)
        if sure != maybe:
            label = _label(packet.protocol, (packet.number, packet.number))
            raise _Undecided(f"{label}: rules that are not understood may let it in, or not")
        return sure

    def _fate(self, packets: list[Packet], senders: Mapping[int, Ranges]) -> str:
        whole, some = True, False
        for packet in packets:
            wanted = senders[packet.family]
            found = self._senders(packet, wanted) if wanted else NOTHING
            whole, some = whole and found == wanted, some or bool(found)
        return ADMITTED if whole and some else PARTLY if some else REFUSED

    def _listed(self) -> tuple[str, ...]:
        found: list[str] = []
        open_wide = True
        for protocol, families in _LISTED.items():
            parts = [
                (ports, {family: self._open(family, protocol, ports[0]) for family in families})
                for ports in self._common_steps(protocol, families)
            ]
            if all(senders == parts[0][1] for _ports, senders in parts):
                parts = [((0, TOP[protocol]), parts[0][1])]
            for ports, senders in parts:
                names = list(_named(senders))
                found += [f"{_label(protocol, ports)} from {name}" for name in names]
                open_wide = open_wide and names == [ANY]
        return (f"{ANY} from {ANY}",) if open_wide else tuple(sorted(found))

    def _open(self, family: int, protocol: str, number: int) -> Ranges:
        return self._senders(Packet(family, protocol, number), _OUTSIDE[family])

    def _common_steps(self, protocol: str, families: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        starts = sorted({low for family in families for low, _ in self._steps(family, protocol)})
        for low, following in zip(starts, [*starts[1:], TOP[protocol] + 1], strict=True):
            yield low, following - 1


def _label(protocol: str, ports: tuple[int, int]) -> str:
    low, high = ports
    if (low, high) == (0, TOP[protocol]):
        return protocol
    return f"{protocol}/{low}" if low == high else f"{protocol}/{low}-{high}"


def _named(senders: Mapping[int, Ranges]) -> Iterator[str]:
    """The networks of some senders; ``any`` when it is everybody outside, of every family given."""
    if all(found == _OUTSIDE[family] for family, found in senders.items()):
        yield ANY
        return
    for family, found in senders.items():
        yield from networks(EVERYTHING[family] if found == _OUTSIDE[family] else found, family)
