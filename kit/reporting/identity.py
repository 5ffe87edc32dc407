"""Who and what a report is about: the site, the run, the baseline, the rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from kit.model.catalogue import Catalogue
from kit.model.device import PostRole
from kit.model.finding import Finding
from kit.model.plan import DevicePlan
from kit.model.record import canonical
from kit.model.rule import Baseline, Rule, Texts
from kit.model.run import Run
from kit.model.site import Site
from kit.model.tier import Tier
from kit.reporting.cutting import cut_text, cut_value
from kit.reporting.data import (
    BaselineSheet,
    DisabledSheet,
    ParameterSheet,
    RuleSheet,
    RunSheet,
    SiteSheet,
)
from kit.reporting.results import counts_of
from kit.sites.categories import categories


def site_sheet(site: Site) -> SiteSheet:
    """The identity of a site; a category the kit does not know keeps its bare code."""
    category = categories().get(site.category) if site.category else None
    return SiteSheet(
        id=site.id,
        name=site.name,
        test=site.test,
        finess_et=site.finess_et,
        finess_ej=site.finess_ej,
        siret=site.siret,
        siren=site.legal_entity.siren if site.legal_entity else None,
        legal_entity=site.legal_entity.name if site.legal_entity else None,
        category=site.category,
        category_label=category.label if category is not None else None,
        operator=site.operator,
        region=site.region,
        timezone=site.timezone,
        oldest_reading_days=site.oldest_reading_days,
    )


def plan_digest(plans: Mapping[str, DevicePlan]) -> str | None:
    """One digest over the plans of a run, whatever their order; unset without any."""
    if not plans:
        return None
    whole = hashlib.sha256()
    for _device, plan in sorted(plans.items()):
        whole.update(canonical(plan) + b"\n")
    return whole.hexdigest()


def run_sheet(run: Run, selection: Sequence[str], plans: Mapping[str, DevicePlan]) -> RunSheet:
    """When the run took place, and who the controller says ran it."""
    return RunSheet(
        id=run.id,
        kind=run.kind,
        started_at=run.started_at,
        ended_at=run.ended_at,
        account=cut_text(run.operator.account),
        controller=cut_text(run.operator.controller),
        capacity=run.operator.capacity,
        authentication=run.operator.authentication,
        tool_version=run.tool_version,
        selection=tuple(selection),
        plan_digest=plan_digest(plans),
    )


def baseline_sheet(run: Run, baseline: Baseline, catalogue: Catalogue, site: Site) -> BaselineSheet:
    """The baseline as the run used it, with everything the site changes in it."""
    enforced = [t for t in Tier if t in site.enforce or _uses(baseline, t, "enforce")]
    return BaselineSheet(
        id=run.baseline,
        version=run.baseline_version,
        title=baseline.title,
        catalogue_digest=run.catalogue_digest,
        checked_tiers=tuple(t for t in Tier if t in enforced or _uses(baseline, t, "check")),
        enforced_tiers=tuple(enforced),
        parameters=tuple(_parameters(baseline, catalogue, site)),
        disabled=tuple(
            DisabledSheet(
                rule=one.rule,
                title=_title(one.rule, catalogue),
                reason=one.reason,
                origin=site.origins.get(f"disabled_rules.{one.rule}", ""),
            )
            for one in sorted(site.disabled_rules, key=lambda one: one.rule)
        ),
    )


def _title(rule: str, catalogue: Catalogue) -> Texts | None:
    try:
        return catalogue.texts(rule).title
    except KeyError:
        return None


def _uses(baseline: Baseline, tier: Tier, what: str) -> bool:
    use = baseline.tiers.get(tier)
    return use is not None and (use.check if what == "check" else use.enforce)


def _plain(value: object) -> JsonValue:
    return list(value) if isinstance(value, tuple) else value  # type: ignore[return-value]


def _parameters(baseline: Baseline, catalogue: Catalogue, site: Site) -> Iterator[ParameterSheet]:
    """What the site gives or changes; post roles after the site as a whole."""
    blocks: list[tuple[PostRole | None, str, Mapping[str, JsonValue]]] = [
        (None, "parameters", site.parameters)
    ]
    blocks += [
        (role, f"post_role_parameters.{role}", values)
        for role, values in sorted(site.post_role_parameters.items())
    ]
    for role, block, values in blocks:
        for name, value in sorted(values.items()):
            known = catalogue.parameters.get(name)
            default = known.default if known is not None else None
            yield ParameterSheet(
                name=name,
                title=known.title if known is not None else {"fr": name, "en": name},
                value=cut_value(value),
                default=_plain(baseline.parameters.get(name, default)),
                post_role=role,
                origin=cut_text(site.origins.get(f"{block}.{name}", "")),
            )


def rule_sheets(findings: Iterable[Finding], catalogue: Catalogue) -> tuple[RuleSheet, ...]:
    """One sheet per rule that has a finding, by theme and id."""
    by_rule: dict[str, list[Finding]] = {}
    for one in findings:
        by_rule.setdefault(one.rule, []).append(one)
    sheets = [_rule_sheet(found, catalogue) for found in by_rule.values()]
    return tuple(sorted(sheets, key=lambda one: (one.theme, one.id)))


def _rule_sheet(findings: Sequence[Finding], catalogue: Catalogue) -> RuleSheet:
    """Severity, tier and theme are those the findings were made with."""
    first = findings[0]
    try:
        texts = catalogue.texts(first.rule)
    except KeyError:
        texts = None
    return RuleSheet(
        id=first.rule,
        known=texts is not None,
        title=texts.title if texts is not None else {"fr": first.rule, "en": first.rule},
        why=texts.why if texts is not None else None,
        remedy=texts.remedy if texts is not None else None,
        severity=first.severity,
        tier=first.tier,
        theme=first.theme,
        facts=texts.facts if isinstance(texts, Rule) else (),
        counts=counts_of(findings),
    )
