"""The edges a run needs: the clock, the operator, a token. The only place they are taken from."""

from __future__ import annotations

import getpass
import secrets
import socket
from datetime import UTC, datetime

from kit.app.check import Asked
from kit.model.run import Operator


def now() -> datetime:
    """The controller's clock, UTC."""
    return datetime.now(UTC)


def operator() -> Operator:
    """The account that runs the kit and the controller's name, as the system says them."""
    return Operator(account=getpass.getuser(), controller=socket.gethostname())


def asked() -> Asked:
    """What a run started now needs."""
    return Asked(operator(), now, lambda: secrets.token_hex(3))
