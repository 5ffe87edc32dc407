"""The deliveries of a report in words and sums."""

from __future__ import annotations

from collections.abc import Iterable

from kit.reporting.deliveries import DeliverySheet, DifferenceSheet
from kit.reporting.text import show_number
from kit.sites.differences import tell_deviation


def difference_text(difference: DifferenceSheet) -> str:
    """One difference from the order as a sentence."""
    return tell_deviation(
        difference.kind,
        difference.count,
        difference.model,
        difference.instead_of_model or "",
        difference.lot,
    )


def show_pieces(number: int | None) -> str:
    """A number of pieces; a dash for what is not known."""
    return "–" if number is None else show_number(number)


def totals(delivery: DeliverySheet) -> tuple[int | None, int | None, int | None, int | None]:
    """Ordered, received, in service, compliant; unset where a line does not know."""
    lines = delivery.lines
    return (
        _sum(one.ordered for one in lines),
        _sum(one.received for one in lines),
        _sum(one.adopted for one in lines),
        _sum(one.compliant for one in lines),
    )


def _sum(numbers: Iterable[int | None]) -> int | None:
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total
