"""A Debian package from one file."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order
from kit.model.artefact import PinnedPackageArtefact


def order(artefact: PinnedPackageArtefact) -> Order:
    """Send the file along, check it there before anything else, install it, start its program."""
    return Order(
        ("prelude", "apt", "pinned_package"),
        {
            "KIT_NAME": artefact.name,
            "KIT_VERSION": artefact.version,
            "KIT_SHA": artefact.sha256,
            "KIT_LAUNCH": "\n".join(artefact.launch),
        },
        payload=artefact.sha256,
    )
