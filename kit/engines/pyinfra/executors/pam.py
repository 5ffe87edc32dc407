"""The kit's profiles of pam-auth-update."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order
from kit.model.artefact import PamArtefact


def order(artefact: PamArtefact) -> Order:
    """Try them on a copy, then put them in use, or leave all as it was."""
    lines = [f"{one.name}\t{line}\n" for one in artefact.profiles for line in _lines(one.content)]
    return Order(
        ("prelude", "pam"),
        {
            "KIT_NAMES": " ".join(one.name for one in artefact.profiles),
            "KIT_PROFILES": "".join(lines),
        },
    )


def _lines(content: str) -> list[str]:
    return content.removesuffix("\n").split("\n")
