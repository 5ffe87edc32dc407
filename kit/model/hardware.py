"""A hardware profile: sourced facts about one model. What is not known is not set."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from kit.i18n import _
from kit.model.device import ATTACHED_CLASSES, DeviceClass, OsLabel, ProfileId
from kit.model.identifiers import PlainText
from kit.model.platform import Platform
from kit.model.record import Record

UsbId = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{4}:[0-9A-F]{4}$")]


class Management(StrEnum):
    """How a piece of network gear is configured."""

    CLI = "cli"
    WEB = "web"
    CONTROLLER = "controller"
    CLOUD = "cloud"


class Tpm(StrEnum):
    """The TPM a model ships with."""

    NONE = "none"
    V1_2 = "1.2"
    V2_0 = "2.0"


class SupportEnd(StrEnum):
    """What ends on a support date."""

    SECURITY_UPDATES = "security_updates"
    FIRMWARE = "firmware"
    HARDWARE = "hardware"


class Source(Record):
    """Where a fact was read."""

    title: PlainText
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S{3,300}$")] | None = None


class SupportDate(Record):
    """The last day (``until``) of one kind of support. Unverified dates are shown as such."""

    ends: SupportEnd
    until: date
    source: Source | None = None
    verified: bool

    @model_validator(mode="after")
    def _sourced(self) -> SupportDate:
        if self.verified and self.source is None:
            raise ValueError(_("a verified date needs its source."))
        return self


class Capabilities(Record):
    """What the model has, as sold. Unset is unknown; ``False`` and ``none`` are known absences."""

    tpm: Tpm | None = None
    secure_boot: bool | None = None
    ram_gib_max: Annotated[int, Field(ge=1)] | None = None
    ethernet: bool | None = None
    wifi: bool | None = None
    cellular: bool | None = None
    ports: Annotated[int, Field(ge=1)] | None = None
    poe: bool | None = None
    management: tuple[Management, ...] | None = None
    card_slots: Annotated[int, Field(ge=0)] | None = None
    contactless: bool | None = None
    pinpad: bool | None = None


class Match(Record):
    """How a delivery note may name the model.

    ``names``: words that must all be in the designation, in any order; the longest match wins.
    ``references``: maker's part numbers; a trailing ``*`` stands for what follows. ``examples``:
    designations as resellers write them, which must find this profile and no other.
    """

    names: Annotated[tuple[PlainText, ...], Field(min_length=1)]
    references: tuple[
        Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9./#+_-]{2,39}\*?$")], ...
    ] = ()
    examples: Annotated[tuple[PlainText, ...], Field(min_length=1)]


class HardwareProfile(Record):
    """One model. ``platforms``: the first is what it runs as delivered, the others what it can."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    id: ProfileId
    device_class: DeviceClass
    platforms: Annotated[tuple[Platform, ...], Field(min_length=1)]
    maker: PlainText
    model: PlainText
    os: tuple[OsLabel, ...] = ()
    os_floor: OsLabel | None = None
    released_on: date | None = None
    capabilities: Capabilities = Capabilities()
    usb_ids: tuple[UsbId, ...] = ()
    match: Match
    support: tuple[SupportDate, ...] = ()
    sources: tuple[Source, ...] = ()
    verified: bool
    note: Annotated[str, StringConstraints(min_length=1, max_length=400)] | None = None

    @model_validator(mode="after")
    def _coherent(self) -> HardwareProfile:
        if self.verified and not self.sources:
            raise ValueError(_("a verified profile needs a source."))
        if self.device_class in ATTACHED_CLASSES and self.platforms != (Platform.NONE,):
            raise ValueError(_("a reader or a key has the platform “none” and no other."))
        return self

    @property
    def label(self) -> str:
        """Maker and model, as people say it."""
        return f"{self.maker} {self.model}"

    def support_end(self) -> SupportDate | None:
        """The first support that ends, verified dates before unverified ones of the same day."""
        return min(self.support, key=lambda s: (s.until, not s.verified), default=None)
