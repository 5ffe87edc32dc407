"""What was ordered, from an order or as a note itself recalls it."""

from __future__ import annotations

from collections.abc import Iterable

from kit.intake.note import NoteLine
from kit.model.delivery import OrderedItem


def ordered_items(lines: Iterable[NoteLine]) -> tuple[OrderedItem, ...]:
    """The models of an order, one item for each lot and model; the quantity is that ordered."""
    counts: dict[tuple[str | None, str], int] = {}
    first: dict[tuple[str | None, str], NoteLine] = {}
    for line in lines:
        key = (line.lot, line.profile.id)
        counts[key] = counts.get(key, 0) + (
            line.ordered if line.ordered is not None else len(line.units)
        )
        first.setdefault(key, line)
    return tuple(
        OrderedItem(
            lot=lot, hardware_profile=profile, designation=first[lot, profile].designation,
            quantity=counts[lot, profile],
        )
        for lot, profile in first
        if counts[lot, profile]
    )  # fmt: skip


def own_order(lines: Iterable[NoteLine]) -> tuple[OrderedItem, ...] | None:
    """The order as the note itself recalls it; ``None`` when any line does not."""
    listed = tuple(lines)
    if not listed or any(line.ordered is None for line in listed):
        return None
    return ordered_items(listed)
