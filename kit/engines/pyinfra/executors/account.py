"""A local account of the device."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order
from kit.model.artefact import AccountArtefact


def order(artefact: AccountArtefact) -> Order:
    """Make, change or remove it with the system's own tools; a password goes in on a pipe."""
    locked = {None: "", True: "yes", False: "no"}[artefact.locked]
    password = "" if artefact.password is None else "hash" if artefact.hashed else "clear"
    return Order(
        ("prelude", "accounts", "account"),
        {
            "KIT_NAME": artefact.name,
            "KIT_STATE": artefact.state,
            "KIT_MAKE": "yes" if artefact.make else "no",
            "KIT_SYSTEM": "yes" if artefact.system else "no",
            "KIT_HOME": artefact.home or "",
            "KIT_SHELL": artefact.shell or "",
            "KIT_LOCKED": locked,
            "KIT_EXPIRES": artefact.expires or "",
            "KIT_PASSWORD": password,
        },
        (artefact.password,) if artefact.password is not None else (),
    )
