"""A file the kit owns whole."""

from __future__ import annotations

import hashlib

from kit.engines.pyinfra.order import Order
from kit.model.artefact import FileArtefact


def order(artefact: FileArtefact) -> Order:
    """Write it beside its place, check it, rename it; or remove it."""
    content = artefact.content.encode("utf-8", "surrogatepass")
    return Order(
        ("prelude", "placing", "validators", "file"),
        {
            "KIT_PATH": artefact.path,
            "KIT_STATE": artefact.state,
            "KIT_CONTENT": artefact.content,
            "KIT_SHA": hashlib.sha256(content).hexdigest(),
            "KIT_OWNER": artefact.owner,
            "KIT_GROUP": artefact.group,
            "KIT_MODE": artefact.mode,
            "KIT_VALIDATOR": artefact.validator or "",
            "KIT_RELOAD": artefact.reload or "",
        },
    )
