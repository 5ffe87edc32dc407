"""A run of a command over a site: who, when, with what, and what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from kit.model.record import Record

RunId = Annotated[str, Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$")]
"""UTC time of the start and six random hexadecimal digits: sorts by time, never repeats."""


class Capacity(StrEnum):
    """In which capacity somebody runs the kit, as the workspace's configuration states it."""

    REGIONAL_TECHNICIAN = "regional_technician"
    OPERATOR_IT = "operator_it"
    ESTABLISHMENT = "establishment"
    SUPPLIER = "supplier"
    AUDITOR = "auditor"


class Authentication(StrEnum):
    """How the session on the controller came about, as its system shows it."""

    SESSION = "session"  # a terminal of this machine
    SUDO = "sudo"  # root, asked for by the account
    SSH = "ssh"  # from afar; by which means the server does not tell
    SSH_KEY = "ssh_key"
    SSH_PASSWORD = "ssh_password"  # noqa: S105 - a means, not a password
    UNATTENDED = "unattended"  # no terminal: a timer, a service, another program


class Operator(Record):
    """Who ran the kit: the account of the controller and the controller's name, as measured.

    ``capacity`` unset: nobody stated it. ``authentication`` unset: the run is older than this was
    noted. Neither is a proof of who a person is.
    """

    account: str
    controller: str
    capacity: Capacity | None = None
    authentication: Authentication | None = None


class Run(Record):
    """One run. ``ended_at`` unset: it did not end, or has not yet."""

    id: RunId
    site: str
    kind: Literal["check", "apply", "undo"]
    started_at: datetime
    ended_at: datetime | None = None
    tool_version: str
    baseline: str
    baseline_version: str
    catalogue_digest: str
    operator: Operator
    exit_code: int | None = None
    selection: tuple[str, ...] = ()  # filters that left devices or rules out, as they were given
    undoes: RunId | None = None  # the run an undo goes back behind
    asked: tuple[str, ...] = ()  # what was asked for, word for word, so that it can be gone on with


def new_run_id(at: datetime, token: str) -> str:
    """The id of a run started at ``at`` (aware, UTC) with a token of six hexadecimal digits."""
    return f"{at:%Y%m%dT%H%M%SZ}-{token}"
