"""Which rules of a baseline are looked at on a device, and which are enforced."""

from __future__ import annotations

from collections.abc import Iterator

from kit.desired.clients import SelectedRule, client_rules
from kit.desired.services import service_rules
from kit.errors import UsageError
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.device import Device
from kit.model.platform import Platform
from kit.model.rule import Baseline, TierUse
from kit.model.site import Site
from kit.model.verdict import Reason, ReasonCode

COVERED_PLATFORMS = frozenset({Platform.LINUX})
"""Platforms whose devices this version can read."""


def baseline_of(catalogue: Catalogue, site: Site) -> Baseline:
    """The baseline a site chose; ``UsageError`` when the catalogue has none of that name."""
    found = catalogue.baselines.get(site.baseline)
    if found is None:
        raise UsageError(
            _("the baseline “{name}” is unknown.").format(name=site.baseline),
            where=site.id,
            remedy=_("Known: {names}.").format(names=", ".join(sorted(catalogue.baselines))),
        )
    return found


def not_covered(device: Device) -> Reason | None:
    """Why this version cannot read the device at all; ``None`` when it can."""
    if device.platform in COVERED_PLATFORMS:
        return None
    # Posts of the same class are read under another system: it is part of the reason.
    system = device.platform.value if device.platform is Platform.WINDOWS else ""
    return Reason(
        code=ReasonCode.CLASS_NOT_COVERED, subject=device.device_class.value, detail=system
    )


def selected_rules(
    catalogue: Catalogue, baseline: Baseline, site: Site, device: Device
) -> Iterator[SelectedRule]:
    """The rules checked on this device, sorted by id. Disabled ones are left out.

    Raises ``UsageError`` when the site disables a rule that does not exist.
    """
    disabled = {one.rule for one in site.disabled_rules}
    unknown = disabled - set(catalogue.rules) - set(catalogue.standing) - set(catalogue.declared)
    if unknown:
        raise UsageError(
            _("disabled_rules names unknown rules: {names}.").format(
                names=", ".join(sorted(unknown))
            ),
            where=site.id,
            remedy=_("Correct the site file; “esms-kit catalogue list” lists the rules."),
        )
    chosen = [*client_rules(catalogue, site, device), *service_rules(site, device)]
    of_choices = {one.rule.id: one for one in chosen}
    for rule in sorted(catalogue.rules.values(), key=lambda one: one.id):
        if device.platform not in rule.platforms or rule.id in {*baseline.exclude, *disabled}:
            continue
        if rule.id in catalogue.chosen_rules:
            if rule.id in of_choices:
                yield of_choices[rule.id]
            continue
        use = baseline.tiers.get(rule.tier, TierUse(check=False, enforce=False))
        enforced = use.enforce or rule.tier in site.enforce  # a site may ask for more tiers
        if use.check or enforced:
            yield SelectedRule(rule, enforced)
