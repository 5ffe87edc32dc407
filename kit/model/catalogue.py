"""The catalogue as loaded: immutable, validated, with a digest that names its exact content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kit.errors import Position
from kit.model.client import ClientPack
from kit.model.framework import Framework, Unmapped
from kit.model.identifiers import RuleId
from kit.model.record import Record
from kit.model.rule import Baseline, Parameter, Rule, Severity, Texts
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


@dataclass(frozen=True)
class Catalogue:
    """All rules, parameters, baselines and frameworks; ``digest`` is a SHA-256 of all their data.

    ``unmapped``: rules that answer no control of any framework, by id, with the reason.
    ``clients``: the client packs a site has chosen. Their rules, ``client_rules``, stand among
    ``rules`` with sample values, and are made anew for each device.
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
    client_rules: frozenset[str] = frozenset()

    def texts(self, rule: str) -> Rule | StandingRule:
        """The rule behind a finding; raises ``KeyError`` when it is not in this catalogue."""
        found = self.rules.get(rule)
        return found if found is not None else self.standing[rule]
