"""The sealed account of last resort: its name, and when its password was last changed where."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal

from pydantic import Field, field_serializer, model_validator

from kit.i18n import _
from kit.model.device import AccountName
from kit.model.identifiers import DeviceId, PlainText
from kit.model.record import Record

SECRETS = "break-glass"
"""The vault holds each password as ``break-glass/<device>``."""
NEXT = "break-glass-next"
"""The password a device is being given, as ``break-glass-next/<device>``, until it has it."""


class Sealing(Record):
    """A password put into its envelope, or into the vault, on a day. The day is a declaration.

    ``at``: the time of that day (UTC) where the kit changed the password itself; without it a use
    on the day itself is not told from the sealing. ``reason``: why it was changed.
    """

    device: DeviceId
    sealed_on: date = Field(strict=False)
    at: Annotated[time, Field(strict=False)] | None = None
    reason: PlainText | None = None

    @model_validator(mode="after")
    def _whole_seconds(self) -> Sealing:
        if self.at is not None and (self.at.microsecond or self.at.tzinfo is not None):
            raise ValueError(_("the time is in UTC, to the second: 14:05:00."))
        return self

    @field_serializer("at", when_used="json-unless-none")
    def _plain_time(self, at: time) -> str:
        return at.isoformat("seconds")

    @property
    def since(self) -> str:
        """From when on nobody may have used it: ``2026-11-20`` or ``2026-11-20T14:05:00Z``."""
        day = self.sealed_on.isoformat()
        return day if self.at is None else f"{day}T{self.at.isoformat('seconds')}Z"


class BreakGlass(Record):
    """``inventories/<id>/break_glass.yaml``: one account name for the site, a day for each device.

    A device without a day has the account all the same; whether it was used is then not known.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    account: AccountName
    sealed: tuple[Sealing, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> BreakGlass:
        names = [one.device for one in self.sealed]
        if len(set(names)) != len(names):
            raise ValueError(_("a device stands twice among the sealed ones."))
        return self

    def sealing(self, device: str) -> Sealing | None:
        """When its password was changed, as declared."""
        return next((one for one in self.sealed if one.device == device), None)

    def with_one(self, sealing: Sealing) -> BreakGlass:
        """The same with one sealing put in the place of its former one, or added."""
        others = [one for one in self.sealed if one.device != sealing.device]
        sealed = tuple(sorted([*others, sealing], key=lambda one: one.device))
        return self.model_copy(update={"sealed": sealed})
