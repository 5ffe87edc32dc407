"""Who runs the kit, and how the session came about: as the controller's system shows it.

None of it is a proof: whoever has the account, or root, can make it say something else.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kit.model.run import Authentication, Operator
from kit.sites.workspace import OperatorChoice

_MOST_BYTES: Final = 8192


@dataclass(frozen=True)
class Session:
    """What the system shows: our user number, the environment, whether there is a terminal."""

    uid: int
    environment: Mapping[str, str]
    terminal: bool


def this_session() -> Session:
    """The session the kit was started in."""
    return Session(getattr(os, "getuid", lambda: -1)(), os.environ, _has_terminal())


def operator_of(choice: OperatorChoice, session: Session | None = None) -> Operator:
    """The account that runs the kit, with the capacity the workspace states for it."""
    session = session or this_session()
    account = _account(session)
    return Operator(
        account=account,
        controller=socket.gethostname(),
        capacity=choice.capacity_of(account),
        authentication=authentication_of(session),
    )


def authentication_of(session: Session) -> Authentication:
    """How the session came about. ``sudo`` comes first: it is the last step that was taken."""
    if _asked_for_root(session) is not None:
        return Authentication.SUDO
    if "SSH_CONNECTION" in session.environment:
        return _over_ssh(session.environment.get("SSH_USER_AUTH", ""))
    return Authentication.SESSION if session.terminal else Authentication.UNATTENDED


def _over_ssh(shown: str) -> Authentication:
    """What sshd noted of the log-in, where it does (``ExposeAuthInfo``)."""
    told = ""
    with contextlib.suppress(OSError):
        path = Path(shown)
        if shown and path.is_file():
            with path.open(encoding="utf-8", errors="replace") as notes:
                told = notes.read(_MOST_BYTES)
    means = {line.split(" ", 1)[0] for line in told.splitlines() if line.strip()}
    if "publickey" in means:
        return Authentication.SSH_KEY
    if means & {"password", "keyboard-interactive"}:
        return Authentication.SSH_PASSWORD
    return Authentication.SSH


def _asked_for_root(session: Session) -> int | None:
    """The user number of who became root through sudo; root alone is believed in this."""
    number = session.environment.get("SUDO_UID", "")
    if session.uid != 0 or not number.isascii() or not number.isdigit() or int(number) == 0:
        return None
    return int(number)


def _account(session: Session) -> str:
    """The account's name from the system's list; the environment could say anything."""
    asked = _asked_for_root(session)
    return _name_of(session.uid if asked is None else asked) or getpass.getuser()


def _name_of(uid: int) -> str | None:
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError, OverflowError):
        return None


def _has_terminal() -> bool:
    """Whether somebody sits at a terminal, whatever is redirected."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return os.name != "posix"
    return True
