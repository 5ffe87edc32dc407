"""The sealed account of last resort: its name, and when its password was last changed where."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.device import AccountName
from kit.model.identifiers import DeviceId
from kit.model.record import Record

SECRETS = "break-glass"
"""The vault holds each password as ``break-glass/<device>``."""


class Sealing(Record):
    """A password put into its envelope, or into the vault, on a day. The day is a declaration."""

    device: DeviceId
    sealed_on: date = Field(strict=False)


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

    def sealed_on(self, device: str) -> date | None:
        """The day its password was changed, as declared."""
        return next((one.sealed_on for one in self.sealed if one.device == device), None)
