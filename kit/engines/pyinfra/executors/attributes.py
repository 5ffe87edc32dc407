"""Owner, group and widest mode of existing files."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order
from kit.model.artefact import AttributesArtefact


def order(artefact: AttributesArtefact) -> Order:
    """Take rights away and give the file to whom it belongs; rights are never added."""
    return Order(
        ("prelude", "placing", "attributes"),
        {
            "KIT_PATTERN": artefact.path,
            "KIT_TYPE": artefact.type,
            "KIT_OWNER": artefact.owner or "",
            "KIT_GROUP": artefact.group or "",
            "KIT_WITHIN": artefact.mode_within or "",
            "KIT_RELOAD": artefact.reload or "",
        },
    )
