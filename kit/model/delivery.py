"""A delivery: what its note said was delivered, and what had been ordered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kit.model.device import ProfileId
from kit.model.identifiers import PlainText, Slug
from kit.model.record import Record

MAX_PIECES = 2000

Count = Annotated[int, Field(ge=1, le=MAX_PIECES)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Lot = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class SourceFile(Record):
    """The file a delivery was read from, so that the same paper is recognised."""

    name: LongText
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class DeliveryLine(Record):
    """One model of one lot: ``received`` pieces according to the note.

    0 when a corrected note dropped a line whose devices are still there: it keeps its number.
    """

    line: Annotated[int, Field(ge=1)]
    lot: Lot | None = None
    hardware_profile: ProfileId
    designation: LongText
    reference: LongText | None = None
    received: Annotated[int, Field(ge=0, le=MAX_PIECES)]


class Accessory(Record):
    """A row that is no managed device (screen, cable, warranty): kept, not inventoried."""

    designation: LongText
    quantity: Annotated[int, Field(ge=1)]


class OrderedItem(Record):
    """One model of one lot of the order the note is compared with."""

    lot: Lot | None = None
    hardware_profile: ProfileId
    designation: LongText
    quantity: Count


class Delivery(Record):
    """``order`` is ``None`` when no order was compared: nothing can then be said missing."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    id: Slug
    note_number: PlainText | None = None
    order_number: PlainText | None = None
    supplier: PlainText | None = None
    dated: date | None = None
    taken_in_on: date
    source: SourceFile
    lines: tuple[DeliveryLine, ...]
    accessories: tuple[Accessory, ...] = ()
    order: tuple[OrderedItem, ...] | None = None
