"""The catalogue as people look at it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kit.app.packs import workspace_packs
from kit.catalogue.clients import with_clients
from kit.catalogue.coverage import FrameworkCoverage, Served, coverage, served
from kit.catalogue.loading import load_catalogue, shipped_catalogue
from kit.catalogue.services import with_services
from kit.errors import UsageError
from kit.i18n import _
from kit.model.catalogue import Catalogue, StandingRule
from kit.model.framework import Framework
from kit.model.platform import Platform
from kit.model.rule import Parameter, Rule
from kit.model.shared_service import ServiceChoice, SharedService
from kit.model.tier import Tier


def rules(
    *, tiers: Iterable[Tier] = (), platform: Platform | None = None, theme: str | None = None
) -> tuple[Rule, ...]:
    """Rules of the shipped catalogue, by theme then id; every filter that is given must hold.

    Raises ``UsageError`` when no rule has the theme.
    """
    themes = sorted({one.theme for one in shipped_catalogue().rules.values()})
    if theme is not None and theme not in themes:
        raise UsageError(
            _("“{word}” is not a choice here.").format(word=theme),
            where="--theme",
            remedy=_("Choose one of: {choices}.").format(choices=", ".join(themes)),
        )
    wanted = frozenset(tiers)
    found = [
        rule
        for rule in shipped_catalogue().rules.values()
        if (not wanted or rule.tier in wanted)
        and (platform is None or platform in rule.platforms)
        and (theme is None or rule.theme == theme)
    ]
    return tuple(sorted(found, key=lambda rule: (rule.theme, rule.id)))


def rule(rule_id: str) -> Rule | StandingRule:
    """One rule, those that client packs and shared services become among them.

    Raises ``UsageError`` with the nearest names when there is none.
    """
    every_service = [ServiceChoice(service=one) for one in SharedService]
    catalogue = with_clients(
        with_services(shipped_catalogue(), every_service), workspace_packs(None)
    )
    try:
        return catalogue.texts(rule_id)
    except KeyError as error:
        from rapidfuzz import process

        known = sorted({*catalogue.rules, *catalogue.standing})
        near = ", ".join(name for name, _score, _at in process.extract(rule_id, known, limit=3))
        raise UsageError(
            _("the rule “{rule}” is unknown.").format(rule=rule_id),
            remedy=_("Nearest: {names}.").format(names=near),
        ) from error


def parameters() -> tuple[Parameter, ...]:
    """Parameters, by id."""
    return tuple(sorted(shipped_catalogue().parameters.values(), key=lambda one: one.id))


def controls_served(rule_id: str) -> tuple[Served, ...]:
    """The controls a rule of the shipped catalogue answers, by framework."""
    return tuple(served(shipped_catalogue(), rule_id))


def frameworks(
    framework_id: str | None = None,
) -> tuple[tuple[Framework, FrameworkCoverage], ...]:
    """Frameworks (one, or all by id) with their coverage; raises ``UsageError`` when unknown."""
    known = shipped_catalogue().frameworks
    if framework_id is not None and framework_id not in known:
        raise UsageError(
            _("the framework “{framework}” is unknown.").format(framework=framework_id),
            where="--framework",
            remedy=_("Choose one of: {choices}.").format(choices=", ".join(sorted(known))),
        )
    wanted = [framework_id] if framework_id is not None else sorted(known)
    return tuple((known[name], coverage(known[name])) for name in wanted)


def lint(folder: Path | None) -> Catalogue:
    """Load a catalogue folder (the shipped one by default) anew.

    Raises ``InvalidDocuments`` with every problem.
    """
    return load_catalogue(folder) if folder is not None else load_catalogue()
