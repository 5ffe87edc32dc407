"""One account's second factor, for pam_oath."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order
from kit.model.artefact import OathUserArtefact


def order(artefact: OathUserArtefact) -> Order:
    """Put its line in, or take it out; the seed goes in on a pipe."""
    return Order(
        ("prelude", "placing", "oath_user"),
        {"KIT_NAME": artefact.name, "KIT_STATE": artefact.state},
        (artefact.seed,) if artefact.seed is not None else (),
    )
