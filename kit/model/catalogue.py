"""The catalogue as loaded: immutable, validated, with a digest that names its exact content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kit.errors import Position
from kit.i18n import _
from kit.model.client import ClientPack, DeclaredSubject
from kit.model.framework import Framework, Unmapped
from kit.model.identifiers import RuleId
from kit.model.record import Record
from kit.model.rule import Baseline, Parameter, Rule, Severity, Texts
from kit.model.shared_service import Services, SharedService
from kit.model.tier import Tier


class StandingRule(Record):
    """What is judged of every asset, whatever its platform, without any setting."""

    id: RuleId
    title: Texts
    why: Texts
    remedy: Texts | None = None
    severity: Severity
    tier: Tier = Tier.CORE
    theme: str = "equipment"


class DeclaredRule(StandingRule):
    """A matter that no read of a device can show: somebody declares it, for a time.

    ``max_days``: how long a declaration may be relied on at most. ``about``: the site, or each
    client pack it has chosen, whose ``subject`` it then is. ``contradicted_by``: rules whose
    measured failure says that the declaration is not true.
    """

    remedy: Texts
    theme: str
    about: Literal["site", "client"] = "site"
    subject: DeclaredSubject | None = None
    max_days: Annotated[int, Field(ge=1, le=1830)]
    contradicted_by: tuple[RuleId, ...] = ()
    service: SharedService | None = None

    @model_validator(mode="after")
    def _about(self) -> DeclaredRule:
        if (self.about == "client") is (self.subject is None):
            raise ValueError(_("what is about a client, and only that, names its subject."))
        return self


@dataclass(frozen=True)
class Catalogue:
    """All rules, parameters, baselines and frameworks; ``digest`` is a SHA-256 of all their data.

    ``unmapped``: rules that answer no control of any framework, by id, with the reason.
    ``clients``: the client packs a site has chosen; ``services``: the shared services it needs.
    The rules of both, ``chosen_rules``, stand among ``rules`` with sample values, and are made anew
    for each device. ``declared``: what
    is declared of a site, and judged on no device.
    """

    rules: Mapping[str, Rule]
    standing: Mapping[str, StandingRule]
    parameters: Mapping[str, Parameter]
    baselines: Mapping[str, Baseline]
    digest: str
    positions: Mapping[str, Position] = field(default_factory=dict, repr=False)
    frameworks: Mapping[str, Framework] = field(default_factory=dict)
    unmapped: Mapping[str, Unmapped] = field(default_factory=dict)
    clients: Mapping[str, ClientPack] = field(default_factory=dict)
    services: Services = field(default_factory=dict)
    chosen_rules: frozenset[str] = frozenset()
    declared: Mapping[str, DeclaredRule] = field(default_factory=dict)

    def texts(self, rule: str) -> Rule | StandingRule:
        """The rule behind a finding; raises ``KeyError`` when it is not in this catalogue."""
        found = self.rules.get(rule)
        if found is not None:
            return found
        return self.standing[rule] if rule in self.standing else self.declared[rule]
