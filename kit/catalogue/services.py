"""The shared services of digital health: what the kit knows of them, and the rules they become."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import Field, JsonValue, model_validator

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.meta import MetaOverride
from kit.model.platform import Platform
from kit.model.record import Record
from kit.model.rule import PlatformRule, Purpose, Rule, Severity, Texts
from kit.model.shared_service import (
    ServiceChoice,
    ServiceEntry,
    Services,
    ServiceWords,
    SharedService,
)
from kit.model.tier import Tier
from kit.resources.certificates import authority_file, authority_text, check_certificate

SHIPPED: Final = Path(__file__).parent.parent / "baseline" / "services.yaml"
THEME: Final = "health_services"

Data = dict[str, JsonValue]


class _File(Record):
    schema_: int = Field(alias="schema", ge=1, le=1)
    words: ServiceWords
    services: tuple[ServiceEntry, ...]

    @model_validator(mode="after")
    def _every_service_once(self) -> _File:
        named = [one.service for one in self.services]
        if sorted(named) != sorted(SharedService):
            raise ValueError(_("every shared service stands here once."))
        bare = [one.service for one in self.services if not (one.addresses or one.example)]
        if bare:
            raise ValueError(
                _("{names}: an address or an example is missing.").format(names=", ".join(bare))
            )
        return self


@cache
def _file() -> _File:
    return validate(_File, read_yaml(SHIPPED, SHIPPED.name))


def known_services() -> Services:
    """What the kit knows, by service."""
    return {one.service: one for one in _file().services}


def service_rule_id(service: SharedService) -> str:
    """The rule a service becomes."""
    return f"service_{service}_reached"


def service_addresses(choice: ServiceChoice) -> tuple[str, ...]:
    """Where posts must reach it: the site's own addresses, else the known ones; sorted."""
    known = (one.url for one in known_services()[choice.service].addresses)
    return tuple(sorted(set(choice.addresses or known)))


def choice_problem(choice: ServiceChoice) -> str:
    """What is wrong with a choice beyond its shape (translated), or nothing."""
    if choice.authority is None:
        return ""
    try:
        check_certificate(choice.authority)
    except ValueError as error:
        return f"authority: {error}"
    return ""


def service_rule(choice: ServiceChoice) -> Rule:
    """The rule of a chosen service; where nobody gave an address, with the example of one."""
    entry = known_services()[choice.service]
    words = _file().words

    def said(texts: Texts) -> Texts:
        return {lang: text.replace("{service}", entry.name[lang]) for lang, text in texts.items()}

    addresses = service_addresses(choice) or (entry.example or "",)
    block = PlatformRule(settings=tuple(_settings(choice, addresses)), meta=MetaOverride())
    return Rule(
        id=service_rule_id(choice.service),
        title=said(words.title),
        why=said(words.why),
        remedy=said(words.remedy),
        severity=Severity.MEDIUM,
        tier=Tier.CORE,
        purpose=Purpose.CLIENT,
        theme=THEME,
        platforms={Platform.LINUX: block},
    )


def _settings(choice: ServiceChoice, addresses: Iterable[str]) -> Iterator[Data]:
    for package in ("ca-certificates", "openssl"):
        yield {"type": "package", "name": package, "state": "present"}
    trust: Data = {}
    if choice.authority is not None:
        trust = {"authority": choice.authority}
        yield {
            "type": "file",
            "path": authority_file(choice.authority),
            "content": authority_text(choice.authority),
            "comment": "none",
        }
    for url in addresses:
        # What a service says to somebody who has not logged in tells nothing of it.
        yield {"type": "web_service", "url": url, "reply": "any", **trust}


def with_services(catalogue: Catalogue, choices: Iterable[ServiceChoice]) -> Catalogue:
    """The catalogue with the rules of the services a site needs; its digest tells of them."""
    known = known_services()
    needed = {one.service: one for one in choices}
    if not needed:
        return catalogue
    rules = {rule.id: rule for rule in map(service_rule, needed.values())}
    services = {name: known[name] for name in sorted(needed)}
    told = [_file().words.model_dump_json(), *(one.model_dump_json() for one in services.values())]
    digest = hashlib.sha256("\n".join([catalogue.digest, *told]).encode()).hexdigest()
    return replace(
        catalogue,
        rules={**catalogue.rules, **rules},
        services=services,
        chosen_rules=catalogue.chosen_rules | frozenset(rules),
        digest=digest,
    )
