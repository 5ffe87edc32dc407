"""The edges a run needs: the clock, the operator, a token."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from kit.app.check import Asked
from kit.app.evidence import no_seal, seal_of, store_mask
from kit.app.operator_session import operator_of
from kit.app.secret_sources import load_keyring
from kit.model.run import Operator
from kit.redaction import Redactor
from kit.sites.workspace import OperatorChoice, Workspace


def now() -> datetime:
    """The controller's clock, UTC."""
    return datetime.now(UTC)


def operator() -> Operator:
    """Who runs the kit, where no capacity is asked for."""
    return operator_of(OperatorChoice())


def asked(workspace: Workspace | None = None, redactor: Redactor | None = None) -> Asked:
    """What a run started now needs; with a workspace, its keys seal what is found."""
    return Asked(
        operator_of(workspace.config.operator if workspace is not None else OperatorChoice()),
        now,
        lambda: secrets.token_hex(3),
        no_seal
        if workspace is None
        else seal_of(workspace.root, lambda: load_keyring(workspace, redactor or Redactor())),
        store_mask(redactor),
    )
