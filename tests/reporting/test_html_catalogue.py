"""Every rule of the shipped catalogue can stand in a report."""

from __future__ import annotations

from typing import Any

from kit.catalogue.loading import shipped_catalogue
from kit.i18n import LANGUAGES, language
from kit.model.finding import Finding, Provenance, Subject, SubjectKind
from kit.model.meta import Fix
from kit.model.platform import Platform
from kit.model.verdict import Reason, ReasonCode, Verdict
from kit.reporting import html
from kit.reporting.building import build
from tests.reporting import sample
from tests.reporting.test_html import page


def test_the_shipped_catalogue_can_be_reported_in_both_languages() -> None:
    catalogue = shipped_catalogue()
    device = sample.devices()[0]
    rules = [one for one in catalogue.rules.values() if Platform.LINUX in one.platforms]
    rules += list(catalogue.standing.values())  # type: ignore[arg-type]
    findings = tuple(_failing(device.id, rule) for rule in rules)
    checked = sample.checked(
        catalogue=catalogue,
        baseline=catalogue.baselines["esms"],
        devices=(device,),
        findings={device.id: findings},
        snapshots={},
        plans={},
        waivers=(),
        site=sample.site(parameters={}, disabled_rules=()),
    )
    data = build(checked, sample.AT)
    assert all(rule.known for rule in data.rules)
    for lang in LANGUAGES:
        said = page(data, lang).said()
        with language(lang):
            for rule in rules:
                assert html._text(rule.title) in said


def _failing(device: str, rule: Any) -> Finding:
    return Finding(
        subject=Subject(kind=SubjectKind.DEVICE, id=device),
        rule=rule.id, theme=rule.theme, severity=rule.severity, tier=rule.tier,
        verdict=Verdict.FAIL, enforced=True, fix=Fix.REMOTE,
        reasons=(Reason(code=ReasonCode.ABSENT, subject="key"),), provenance=Provenance.MEASURED,
    )  # fmt: skip
