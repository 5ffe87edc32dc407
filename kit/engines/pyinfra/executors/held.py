"""A target as the device held it before a run touched it."""

from __future__ import annotations

from typing import Final

from kit.engines.pyinfra.order import Order
from kit.model.artefact import HeldArtefact

JOURNAL: Final = "/var/lib/esms-kit/journal"
"""On the device, root's alone: one folder for each run."""


def order(artefact: HeldArtefact) -> Order:
    """Look whether it stands as it was left, put it back, and look again."""
    return Order(
        (
            *("prelude", "placing", "accounts", "validators", "states"),
            *("put_back", "put_account", "put_login"),
        ),
        {
            "KIT_RUN": artefact.run,
            "KIT_ID": artefact.id,
            "KIT_KIND": artefact.of,
            "KIT_FIRST": artefact.first,
            "KIT_SECOND": artefact.second,
            "KIT_EXPECTED": artefact.expected,
            "KIT_VALIDATOR": artefact.validator or "",
            "KIT_RELOAD": artefact.reload or "",
            "KIT_JOURNAL": JOURNAL,
        },
    )
