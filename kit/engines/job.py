"""What the engine and its worker process say to one another: JSON, one document a line."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kit.engines.base import Event, Limits, Outcome, Work
from kit.model.record import Record

Nonce = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""Told to each device at the start; its answers carry it, what its login shell prints does not."""


class Job(Record):
    """The worker's whole task: the first line of its standard input.

    ``passwords`` are sudo's or WinRM's, by device; ``secrets`` those that artefacts name, by the
    key of their reference. The rest of standard input stays empty; its end means that the parent
    wants it to stop, or is gone.
    """

    works: tuple[Work, ...]
    passwords: dict[str, str] = Field(default={}, repr=False)
    secrets: dict[str, str] = Field(default={}, repr=False)
    limits: Limits
    playbook: Literal["harden", "reach"] = "harden"
    nonce: Nonce

    def values(self) -> tuple[str, ...]:
        """Everything in it that nobody may see."""
        return (*self.passwords.values(), *self.secrets.values())


class Message(Record):
    """A line of the worker's standard output: exactly one of these."""

    event: Event | None = None
    outcome: Outcome | None = None
    log: str | None = None
