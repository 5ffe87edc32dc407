"""Tiers of a baseline: how far a rule may be expected of every device."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """``core`` and ``recommended`` are checked as shipped; only ``core`` is enforced as shipped."""

    CORE = "core"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"
