"""Whether the clock of the computer that checks is to be believed: what devices say of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

TOLERANCE: Final = 60
"""Seconds by which two clocks that are right may differ in a slow reading. Our own choice."""
ENOUGH: Final = 2
"""One device that disagrees may be the one that is wrong."""


def contradicting(offsets: Iterable[int | None]) -> int:
    """How many devices contradict the clock of the computer that read them; 0: it is believed.

    ``offsets``: seconds each device's clock was ahead of it, unset where a device said none. Most
    of those that said one must be wrong in the same direction: devices that are each wrong in a
    way of their own say nothing of it.
    """
    known = [one for one in offsets if one is not None]
    ahead = sum(one > TOLERANCE for one in known)
    behind = sum(one < -TOLERANCE for one in known)
    most = max(ahead, behind)
    return most if most >= ENOUGH and 2 * most > len(known) else 0
