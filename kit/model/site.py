"""A site: one geographic establishment, its network, its way of being managed, its choices."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from kit.i18n import _
from kit.model.client import ClientChoice
from kit.model.device import AccountName, DeviceClass, OsLabel, PostRole
from kit.model.identifiers import (
    Cidr,
    FinessNumber,
    ParameterName,
    PlainText,
    RuleId,
    Slug,
)
from kit.model.maintenance import MaintenanceWindow
from kit.model.record import Record
from kit.model.shared_service import ServiceChoice
from kit.model.tier import Tier

DEFAULT_BASELINE: Final = "esms"
DEFAULT_ENFORCE: Final = (Tier.CORE,)
DEFAULT_TIMEZONE: Final = "Europe/Paris"
OLDEST_READING_DAYS: Final = 31
"""The kit is meant to be run every month; our own choice."""
DEFAULT_WATCHDOG_SECONDS: Final = 120
DEFAULT_NAME_PATTERN: Final = "{site}-{class}-{number}"


@cache
def _known_timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def _check_timezone(text: str) -> str:
    # Without a time zone database on this machine nothing can be said against a name.
    if _known_timezones() and text not in _known_timezones():
        raise ValueError(
            _("“{zone}” is not a time zone; write it as Europe/Paris.").format(zone=text)
        )
    return text


Parameters = Mapping[ParameterName, JsonValue]
ReadingDays = Annotated[int, Field(ge=1, le=366)]
Timezone = Annotated[str, AfterValidator(_check_timezone)]
Siret = Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
Siren = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]
CategoryCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
SiteCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,6}$")]
NamePattern = Annotated[str, StringConstraints(min_length=1, max_length=60)]
WatchdogSeconds = Annotated[int, Field(ge=5, le=900)]
BaselineName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,60}$")]


class ZonePurpose(StrEnum):
    """What a network zone is for."""

    CARE = "care"
    ADMINISTRATION = "administration"
    SERVERS = "servers"
    PRINTERS = "printers"
    VOICE = "voice"
    CONNECTED_OBJECTS = "connected_objects"
    BUILDING = "building"
    GUESTS = "guests"
    MANAGEMENT = "management"
    OTHER = "other"


class Zone(Record):
    """A network zone of the site and its subnets (CIDR)."""

    name: Slug
    purpose: ZonePurpose
    subnets: tuple[Cidr, ...] = ()
    vlan: Annotated[int, Field(ge=1, le=4094)] | None = None


class Management(Record):
    """From where, and as which account, the site's devices are administered.

    ``sources`` are the only networks that must never be cut off; an empty tuple says that none
    was declared, never "from everywhere". ``watchdog_seconds``: how long a device waits for the
    proof that it can still be administered, before it puts back what may have cut that off.
    """

    account: AccountName | None = None
    sources: tuple[Cidr, ...] = ()
    watchdog_seconds: WatchdogSeconds = DEFAULT_WATCHDOG_SECONDS


class DisabledRule(Record):
    """A rule the site does not want at all, with the reason it gives."""

    rule: RuleId
    reason: PlainText


class LegalEntity(Record):
    """The legal entity of a site: FINESS EJ, or SIREN in the social sector."""

    id: Slug
    name: PlainText
    finess_ej: FinessNumber | None = None
    siren: Siren | None = None


class Site(Record):
    """A site with everything its group and legal entity left it; ``id`` is its folder's name.

    ``origins`` says where an inherited value comes from (``parameters.ntp_servers`` -> ``legal
    entity “…”``); what the site itself says is not listed. ``code`` is the short name used in
    device names; ``default_os`` what a class of devices runs when its delivery note does not say.
    ``oldest_reading_days``: how old a reading given to a check may be to be judged.
    ``clients``: the care-record software its posts get, each pack once. ``services``: the shared
    services of digital health they need, each once.
    ``test`` marks a fictitious site: only there are test FINESS numbers accepted, and what is
    produced for it says so.
    """

    id: Slug
    name: PlainText
    code: SiteCode | None = None
    test: bool = False
    finess_et: FinessNumber | None = None
    finess_ej: FinessNumber | None = None
    siret: Siret | None = None
    category: CategoryCode | None = None
    region: Slug | None = None
    operator: PlainText | None = None
    group: Slug | None = None
    legal_entity: LegalEntity | None = None
    baseline: BaselineName = DEFAULT_BASELINE
    enforce: tuple[Tier, ...] = DEFAULT_ENFORCE
    parameters: Parameters = {}
    post_role_parameters: Mapping[PostRole, Parameters] = {}
    zones: tuple[Zone, ...] = ()
    management: Management = Management()
    timezone: Timezone = DEFAULT_TIMEZONE
    oldest_reading_days: ReadingDays = OLDEST_READING_DAYS
    maintenance: tuple[MaintenanceWindow, ...] = ()
    disabled_rules: tuple[DisabledRule, ...] = ()
    name_pattern: NamePattern = DEFAULT_NAME_PATTERN
    default_os: Mapping[DeviceClass, OsLabel] = {}
    clients: tuple[ClientChoice, ...] = ()
    services: tuple[ServiceChoice, ...] = ()
    origins: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _identified(self) -> Site:
        if self.finess_et is None and self.siret is None:
            raise ValueError(
                _("a site is identified by finess_et, or by siret in the social sector.")
            )
        # Inventories name groups after zones, where "-" and "_" are the same.
        names = [zone.name.replace("-", "_") for zone in self.zones]
        if len(set(names)) != len(names):
            raise ValueError(_("the same zone name stands twice."))
        return self
