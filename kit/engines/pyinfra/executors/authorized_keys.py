"""The SSH keys that open an account."""

from __future__ import annotations

from kit.engines.pyinfra.order import Order
from kit.model.artefact import AuthorizedKeysArtefact


def order(artefact: AuthorizedKeysArtefact) -> Order:
    """Edit the account's own file, with no more rights than the account has."""
    return Order(
        ("prelude", "accounts", "authorized_keys"),
        {
            "KIT_ACCOUNT": artefact.account,
            "KIT_KEYS": "".join(f"{line}\n" for line in artefact.keys),
            "KIT_EXCLUSIVE": "yes" if artefact.exclusive else "no",
        },
    )
