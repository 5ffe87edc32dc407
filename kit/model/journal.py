"""The journal: what each run did to each target, written before it is done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from kit.model.identifiers import DeviceId
from kit.model.plan import Change
from kit.model.record import Record
from kit.model.run import Operator, Run, RunId

HeldLine = Annotated[str, Field(pattern=r"^[ -~]{1,4000}$")]
"""One line of a target's state as its device tells it: printable ASCII, no content of a file."""
Step = Annotated[str, Field(pattern=r"^[a-z_]{1,20}$")]


class ReadBack(StrEnum):
    """How a target was found when its device was read again."""

    AS_WANTED = "as_wanted"
    AS_BEFORE = "as_before"
    OTHERWISE = "otherwise"
    NOT_READ = "not_read"


class JournalEntry(Record):
    """One target of one device in one run.

    It is kept before anything is done; ``state`` is ``planned`` until an engine tells how it ended
    (``done``, ``unchanged``, ``failed``, ``skipped``, ``unknown``, ``reverted``). ``prior`` and
    ``written`` are how the target stood before and after, in the words of the device; what a file
    held stays on the device.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    run: RunId
    device: DeviceId
    number: Annotated[int, Field(ge=0)]  # in the order in which the changes are made
    target: str  # kind:id
    change: Change
    prior: tuple[HeldLine, ...] = ()
    operator: Operator
    planned_at: datetime
    state: Step = "planned"
    told_at: datetime | None = None
    failure: Step | None = None
    message: str = ""
    written: tuple[HeldLine, ...] | None = None
    read_back: ReadBack | None = None
    read_at: datetime | None = None


class RunJournal(Record):
    """The journal of one run as a file: what another controller needs to go back behind it."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    run: Run
    entries: tuple[JournalEntry, ...] = ()
