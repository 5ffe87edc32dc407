"""A daemon takes its files in again."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order
from kit.model.artefact import ReloadArtefact
from kit.planning.reloads import RELOADS


def order(artefact: ReloadArtefact) -> Order:
    """Check the configuration, reload, and look whether the daemon still runs."""
    reload = RELOADS[artefact.action]
    return Order(
        ("prelude", "validators", "reload"),
        {
            "KIT_RELOAD": artefact.action,
            "KIT_VERB": reload.verb,
            "KIT_UNIT": reload.unit,
            "KIT_VALIDATOR": reload.validator or "",
        },
    )
