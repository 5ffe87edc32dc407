"""What differs between an order and its deliveries, as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kit.i18n import N_, _
from kit.sites.reconciliation import Deviation

_TOLD: Final[Mapping[Deviation, str]] = {
    Deviation.MISSING: N_("{count} × {model}: ordered, not received"),
    Deviation.SURPLUS: N_("{count} × {model}: received, not ordered"),
    Deviation.SWAPPED: N_("{count} × {model} in place of {other}: quantities swapped"),
    Deviation.WRONG_MODEL: N_("{count} × {model} in place of {other}: not the ordered model"),
}


def tell_deviation(kind: Deviation, count: int, model: str, other: str, lot: str | None) -> str:
    """One difference as a sentence; ``model`` and ``other`` as people say them."""
    sentence = _(_TOLD[kind]).format(count=count, model=model, other=other)
    return f"{_('Lot')} {lot} – {sentence}" if lot else sentence
