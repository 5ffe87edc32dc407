"""Group, legal entity, site: how the choices of each become those of the site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kit.model.client import ClientChoice
from kit.model.device import DeviceClass, PostRole
from kit.model.shared_service import ServiceChoice
from kit.model.site import (
    DEFAULT_BASELINE,
    DEFAULT_ENFORCE,
    DEFAULT_NAME_PATTERN,
    DEFAULT_TIMEZONE,
    DEFAULT_WATCHDOG_SECONDS,
    OLDEST_READING_DAYS,
    DisabledRule,
    LegalEntity,
    Management,
    Site,
)
from kit.sites.documents import Choices, GroupFile, LegalEntityFile, SiteFile

_SCALARS: Final[Mapping[str, object]] = {
    "operator": None,
    "region": None,
    "baseline": DEFAULT_BASELINE,
    "enforce": DEFAULT_ENFORCE,
    "timezone": DEFAULT_TIMEZONE,
    "oldest_reading_days": OLDEST_READING_DAYS,
    "maintenance": (),
    "name_pattern": DEFAULT_NAME_PATTERN,
}


@dataclass(frozen=True)
class Organisation:
    """A site's file and those it belongs to."""

    site: SiteFile
    legal_entity: LegalEntityFile | None = None
    group: GroupFile | None = None

    def levels(self) -> Iterator[tuple[str, Choices]]:
        """From the farthest to the site itself, each with the origin shown to people."""
        if self.group is not None:
            yield f"group {self.group.id}", self.group
        if self.legal_entity is not None:
            yield f"legal_entity {self.legal_entity.id}", self.legal_entity
        yield "", self.site


class _Merging:
    """Choices heard so far, from the farthest level to the site, and where each came from."""

    def __init__(self) -> None:
        self.scalars: dict[str, Any] = dict(_SCALARS)
        self.parameters: dict[str, Any] = {}
        self.by_role: dict[PostRole, dict[str, Any]] = {}
        self.default_os: dict[DeviceClass, str] = {}
        self.account: str | None = None
        self.sources: list[str] = []
        self.watchdog_seconds = DEFAULT_WATCHDOG_SECONDS
        self.disabled: dict[str, DisabledRule] = {}
        self.clients: dict[str, ClientChoice] = {}
        self.services: dict[str, ServiceChoice] = {}
        self.origins: dict[str, str] = {}

    def came_from(self, key: str, origin: str) -> None:
        """Note where a value comes from; the site's own word is no inheritance."""
        if origin:
            self.origins[key] = origin
        else:
            self.origins.pop(key, None)

    def hear(self, origin: str, level: Choices) -> None:
        """Take one level over those before it."""
        for name in _SCALARS:
            value = getattr(level, name)
            if value is not None:
                self.scalars[name] = value
                self.came_from(name, origin)
        for key, parameter in level.parameters.items():
            self.parameters[key] = parameter
            self.came_from(f"parameters.{key}", origin)
        for role, values in level.post_role_parameters.items():
            for key, parameter in values.items():
                self.by_role.setdefault(role, {})[key] = parameter
                self.came_from(f"post_role_parameters.{role}.{key}", origin)
        for device_class, label in level.default_os.items():
            self.default_os[device_class] = label
            self.came_from(f"default_os.{device_class}", origin)
        for rule in level.disabled_rules:
            self.disabled[rule.rule] = rule
            self.came_from(f"disabled_rules.{rule.rule}", origin)
        for choice in level.clients:
            former = self.clients.get(choice.pack)
            self.clients[choice.pack] = choice if former is None else choice.over(former)
            self.came_from(f"clients.{choice.pack}", origin)
        for service in level.services:
            before = self.services.get(service.service)
            self.services[service.service] = service if before is None else service.over(before)
            self.came_from(f"services.{service.service}", origin)
        self._hear_management(origin, level)

    def _hear_management(self, origin: str, level: Choices) -> None:
        """Every declared source counts: dropping one could cut the way in from there."""
        if level.management.account is not None:
            self.account = level.management.account
            self.came_from("management.account", origin)
        if level.management.watchdog_seconds is not None:
            self.watchdog_seconds = level.management.watchdog_seconds
            self.came_from("management.watchdog_seconds", origin)
        for source in level.management.sources:
            if source not in self.sources:
                self.sources.append(source)
                self.came_from(f"management.sources.{source}", origin)


def resolve_site(organisation: Organisation) -> Site:
    """The site with what it inherits; ``origins`` names where each inherited value comes from."""
    merged = _Merging()
    for origin, level in organisation.levels():
        merged.hear(origin, level)
    return Site(
        **_identity(organisation),
        **merged.scalars,
        parameters=merged.parameters,
        post_role_parameters=merged.by_role,
        default_os=merged.default_os,
        management=Management(
            account=merged.account,
            sources=tuple(merged.sources),
            watchdog_seconds=merged.watchdog_seconds,
        ),
        disabled_rules=tuple(merged.disabled[rule] for rule in sorted(merged.disabled)),
        clients=tuple(merged.clients[pack] for pack in sorted(merged.clients)),
        services=tuple(merged.services[name] for name in sorted(merged.services)),
        origins=dict(sorted(merged.origins.items())),
    )


def _identity(organisation: Organisation) -> dict[str, Any]:
    """What a site is, apart from what it chose."""
    site, entity = organisation.site, organisation.legal_entity
    return {
        "id": site.id,
        "name": site.name,
        "code": site.code,
        "test": site.test,
        "finess_et": site.finess_et,
        "finess_ej": site.finess_ej or (entity.finess_ej if entity else None),
        "siret": site.siret,
        "category": site.category,
        "group": organisation.group.id if organisation.group else None,
        "legal_entity": LegalEntity(
            id=entity.id, name=entity.name, finess_ej=entity.finess_ej, siren=entity.siren
        )
        if entity
        else None,
        "zones": site.zones,
    }
