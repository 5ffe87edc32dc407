"""A *relevé*: everything one collection brought back from one device, raw and dated."""

from __future__ import annotations

import base64
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, PlainValidator

from kit.model.read import Form, Raw
from kit.model.record import Record


class Outcome(StrEnum):
    """What became of a collection."""

    DONE = "done"
    NOT_REACHED = "not_reached"  # nobody answered: powered off, wrong address, no route
    KEY_CHANGED = "key_changed"  # the device shows another host key than the pinned one
    NOT_TRUSTED = "not_trusted"  # no key is pinned for this device yet
    LOGIN_REFUSED = "login_refused"
    SUDO_REFUSED = "sudo_refused"
    TIMEOUT = "timeout"  # it answered, then took longer than it may
    TOO_LARGE = "too_large"
    BROKEN = "broken"  # it answered something that is no answer of ours
    NOT_ATTEMPTED = "not_attempted"  # class not covered, administered by others, no address


NOBODY_LOOKED = frozenset(
    {
        Outcome.NOT_REACHED,
        Outcome.KEY_CHANGED,
        Outcome.NOT_TRUSTED,
        Outcome.LOGIN_REFUSED,
        Outcome.NOT_ATTEMPTED,
    }
)
"""Outcomes that give ``not_checked``; any other than ``DONE`` gives ``error`` (law 2)."""


def _decode(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return base64.b64decode(value, validate=True)
    raise ValueError("base64 text expected")


Bytes = Annotated[
    bytes,
    PlainValidator(_decode),
    PlainSerializer(lambda raw: base64.b64encode(raw).decode("ascii"), when_used="json"),
]


class Answer(Record):
    """The raw answer to one read."""

    read: str
    form: Form
    keys: tuple[str, ...]
    stdout: Bytes = b""
    stderr: Bytes = b""
    exit_status: int | None = None
    ended: bool = False
    truncated: bool = False

    def raw(self) -> Raw:
        """As parsers take it."""
        return Raw(
            self.form, self.stdout, self.stderr, self.exit_status, self.ended, self.truncated
        )


class Snapshot(Record):
    """One device at one moment.

    ``origin``: ``from_file`` where the kit did not read it itself but was given a file, whoever
    wrote that; ``constructed`` marks data made for demonstration.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    device: str
    taken_at: datetime  # controller clock, UTC
    device_clock: datetime | None = None  # what the device said the time was, UTC
    collector: Literal["ssh", "local", "capsule", "ansible", "replay"]
    origin: Literal["measured", "on_site", "from_file", "imported", "constructed"] = "measured"
    account: str = ""
    tool_version: str
    outcome: Outcome
    detail: str = ""  # what the transport said, redacted, for people
    answers: tuple[Answer, ...] = ()

    @property
    def clock_offset(self) -> int | None:
        """Seconds the device's clock was ahead of the controller's; unset when it told none."""
        if self.device_clock is None:
            return None
        return round((self.device_clock - self.taken_at).total_seconds())

    def answer(self, read: str) -> Answer | None:
        """The answer to one read, if it was asked."""
        return next((found for found in self.answers if found.read == read), None)
