"""The edges a run needs: the clock, the operator, a token. The only place they are taken from."""

from __future__ import annotations

import getpass
import secrets
import socket
from datetime import UTC, datetime

from kit.app.check import Asked
from kit.app.evidence import no_seal, seal_of, store_mask
from kit.app.secret_sources import load_keyring
from kit.model.run import Operator
from kit.redaction import Redactor
from kit.sites.workspace import Workspace


def now() -> datetime:
    """The controller's clock, UTC."""
    return datetime.now(UTC)


def operator() -> Operator:
    """The account that runs the kit and the controller's name, as the system says them."""
    return Operator(account=getpass.getuser(), controller=socket.gethostname())


def asked(workspace: Workspace | None = None, redactor: Redactor | None = None) -> Asked:
    """What a run started now needs; with a workspace, its keys seal what is found."""
    return Asked(
        operator(),
        now,
        lambda: secrets.token_hex(3),
        no_seal
        if workspace is None
        else seal_of(workspace.root, lambda: load_keyring(workspace, redactor or Redactor())),
        store_mask(redactor),
    )
