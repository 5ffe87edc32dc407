"""The documents of a workspace as they are written: site, devices, group, legal entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.client import ClientChoice
from kit.model.device import AccountName, Device, DeviceClass, OsLabel, PostRole
from kit.model.identifiers import Cidr, FinessNumber, PlainText, Slug
from kit.model.maintenance import MaintenanceWindow
from kit.model.record import Record
from kit.model.shared_service import ServiceChoice
from kit.model.site import (
    BaselineName,
    CategoryCode,
    DisabledRule,
    NamePattern,
    Parameters,
    ReadingDays,
    Siren,
    Siret,
    SiteCode,
    Timezone,
    WatchdogSeconds,
    Zone,
)
from kit.model.tier import Tier
from kit.model.waiver import Waiver


class ManagementChoice(Record):
    """As ``Management``, with nothing yet decided."""

    account: AccountName | None = None
    sources: tuple[Cidr, ...] = ()
    watchdog_seconds: WatchdogSeconds | None = None


class Choices(Record):
    """What a group, a legal entity and a site may each say; the nearer one is heard."""

    operator: PlainText | None = None
    region: Slug | None = None
    baseline: BaselineName | None = None
    enforce: tuple[Tier, ...] | None = None
    parameters: Parameters = {}
    post_role_parameters: Mapping[PostRole, Parameters] = {}
    management: ManagementChoice = ManagementChoice()
    timezone: Timezone | None = None
    oldest_reading_days: ReadingDays | None = None
    maintenance: tuple[MaintenanceWindow, ...] | None = None
    disabled_rules: tuple[DisabledRule, ...] = ()
    name_pattern: NamePattern | None = None
    default_os: Mapping[DeviceClass, OsLabel] = {}
    clients: tuple[ClientChoice, ...] = ()
    services: tuple[ServiceChoice, ...] = ()

    @model_validator(mode="after")
    def _each_pack_once(self) -> Choices:
        packs = [one.pack for one in self.clients]
        if len(set(packs)) != len(packs):
            raise ValueError(_("the same client pack stands twice."))
        return self

    @model_validator(mode="after")
    def _each_service_once(self) -> Choices:
        services = [one.service for one in self.services]
        if len(set(services)) != len(services):
            raise ValueError(_("the same service stands twice."))
        return self


class GroupFile(Choices):
    """``inventories/_groups/<id>.yaml``."""

    schema_: Literal[1] = Field(alias="schema")
    id: Slug
    name: PlainText


class LegalEntityFile(Choices):
    """``inventories/_legal_entities/<id>.yaml``."""

    schema_: Literal[1] = Field(alias="schema")
    id: Slug
    name: PlainText
    finess_ej: FinessNumber | None = None
    siren: Siren | None = None
    group: Slug | None = None


class SiteFile(Choices):
    """``inventories/<id>/site.yaml``; ``id`` must be the folder's name."""

    schema_: Literal[1] = Field(alias="schema")
    id: Slug
    name: PlainText
    code: SiteCode | None = None
    test: bool = False
    finess_et: FinessNumber | None = None
    finess_ej: FinessNumber | None = None
    siret: Siret | None = None
    category: CategoryCode | None = None
    legal_entity: Slug | None = None
    group: Slug | None = None
    zones: tuple[Zone, ...] = ()


class DevicesFile(Record):
    """``inventories/<id>/devices.yaml``."""

    schema_: Literal[1] = Field(alias="schema")
    devices: tuple[Device, ...] = ()


class WaiversFile(Record):
    """``inventories/<id>/waivers.yaml``."""

    schema_: Literal[1] = Field(alias="schema")
    waivers: tuple[Waiver, ...] = ()
