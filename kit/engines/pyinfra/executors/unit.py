"""A systemd unit: whether it starts at boot, whether it runs now."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order
from kit.model.artefact import UnitArtefact


def order(artefact: UnitArtefact) -> Order:
    """Enable, disable or mask it, start or stop it, and look whether that held."""
    masked = artefact.enabled == "masked"
    return Order(
        ("prelude", "unit"),
        {
            "KIT_NAME": artefact.name,
            "KIT_ENABLED": artefact.enabled,
            "KIT_ACTIVE": "yes" if artefact.active and not masked else "no",
        },
    )
