"""Sets of whole numbers as ranges: addresses of one family, ports, ICMP types."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

Ranges = tuple[tuple[int, int], ...]
"""Ranges with both ends, sorted, neither overlapping nor adjacent."""

NOTHING: Final[Ranges] = ()
EVERYTHING: Final[Mapping[int, Ranges]] = {4: ((0, 2**32 - 1),), 6: ((0, 2**128 - 1),)}
"""Every address of a family."""

LOOPBACK: Final[Mapping[int, Ranges]] = {4: ((127 << 24, (128 << 24) - 1),), 6: ((1, 1),)}
"""The addresses that only loopback may bring."""


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The union of any ranges."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        elif low <= high:
            found.append((low, high))
    return tuple(found)


def common(one: Ranges, other: Ranges) -> Ranges:
    """What both hold."""
    if not one or not other:
        return NOTHING
    if one == other:
        return one
    found = []
    left, right = 0, 0
    while left < len(one) and right < len(other):
        low = max(one[left][0], other[right][0])
        high = min(one[left][1], other[right][1])
        if low <= high:
            found.append((low, high))
        if one[left][1] < other[right][1]:
            left += 1
        else:
            right += 1
    return tuple(found)


def without(one: Ranges, other: Ranges) -> Ranges:
    """What the first holds and the second does not."""
    if not one or not other:
        return one
    if one == other:
        return NOTHING
    found = []
    for first, last in one:
        low = first
        for start, end in other:
            if end < low or start > last:
                continue
            if start > low:
                found.append((low, start - 1))
            low = end + 1
        if low <= last:
            found.append((low, last))
    return tuple(found)


def networks(ranges: Ranges, family: int) -> Iterator[str]:
    """The fewest networks that are just these addresses, in CIDR form."""
    address = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    for low, high in ranges:
        for network in ipaddress.summarize_address_range(address(low), address(high)):
            yield str(network)


def network_range(text: str) -> tuple[int, tuple[int, int]]:
    """Family and range of a network in CIDR form, or of an address; raises ``ValueError``."""
    network = ipaddress.ip_network(text, strict=True)
    return network.version, (int(network.network_address), int(network.broadcast_address))
