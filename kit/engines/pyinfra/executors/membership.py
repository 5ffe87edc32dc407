"""Who is in a local group."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order
from kit.model.artefact import MembershipArtefact


def order(artefact: MembershipArtefact) -> Order:
    """Write the list of members, once, if it differs."""
    return Order(
        ("prelude", "accounts", "membership"),
        {
            "KIT_GROUP": artefact.group,
            "KIT_PRESENT": " ".join(artefact.present),
            "KIT_ABSENT": " ".join(artefact.absent),
            "KIT_EXACTLY": "yes" if artefact.exactly else "no",
            "KIT_CREATE": "yes" if artefact.create else "no",
        },
    )
