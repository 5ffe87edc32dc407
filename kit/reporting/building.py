"""Build a report from what one run of one site found. Pure: no clock, no disk, no device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from kit.checking.clocks import contradicting
from kit.checking.compliance import is_compliant
from kit.desired.selection import not_covered, selected_rules
from kit.errors import InvalidInput
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.declaration import JudgedDeclaration
from kit.model.delivery import Delivery
from kit.model.device import Device, DeviceClass, DeviceState
from kit.model.facts import Facts
from kit.model.finding import Finding, Provenance, SubjectKind
from kit.model.hardware import HardwareProfile
from kit.model.plan import DevicePlan
from kit.model.platform import Platform
from kit.model.rule import Baseline, Severity
from kit.model.run import Run
from kit.model.sharing import without_cycles
from kit.model.site import Site
from kit.model.snapshot import Snapshot
from kit.model.verdict import Verdict
from kit.model.waiver import Waiver
from kit.reporting.cutting import cut_finding, cut_text
from kit.reporting.data import (
    UNSEEN,
    DeviceSheet,
    Notice,
    NoticeCode,
    ReferenceSheet,
    ReportData,
    Standing,
    Summary,
    Withheld,
    WithheldCode,
)
from kit.reporting.declared import ClientSheet, SecondFactorSheet, declared_sheet
from kit.reporting.deliveries import delivery_sheets
from kit.reporting.devices import device_sheet
from kit.reporting.equipment import equipment_sheet
from kit.reporting.frameworks import framework_sheets
from kit.reporting.history import EvidenceSheet, History
from kit.reporting.identity import baseline_sheet, rule_sheets, run_sheet, site_sheet
from kit.reporting.results import Group, grouped, result_of
from kit.reporting.tasks import actions_of
from kit.reporting.waivers import waiver_sheets


@dataclass(frozen=True)
class Checked:
    """What one run of one site found, and what it was judged with; all by device id.

    ``devices`` are all devices of the site, whatever the run looked at. ``selection`` names the
    filters of the run that left devices or rules out; a report of such a run has no score.
    ``facts`` are those of ``snapshots``: what was not read in this run is not known. ``reference``
    are the findings of the same snapshots at the values of the baseline, for devices in
    ``findings``. The rest is what ``kit.reporting.history`` and ``.declared`` describe.
    """

    site: Site
    catalogue: Catalogue
    baseline: Baseline
    run: Run
    devices: Sequence[Device]
    findings: Mapping[str, Sequence[Finding]]
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    plans: Mapping[str, DevicePlan] = field(default_factory=dict)
    profiles: Mapping[str, HardwareProfile] = field(default_factory=dict)  # by profile id
    waivers: Sequence[Waiver] = ()
    selection: Sequence[str] = ()
    facts: Mapping[str, Facts] = field(default_factory=dict)
    deliveries: Sequence[Delivery] = ()
    reference: Mapping[str, Sequence[Finding]] | None = None
    history: History | None = None
    evidence: EvidenceSheet | None = None
    second_factor: SecondFactorSheet | None = None
    clients: Sequence[ClientSheet] | None = None
    declared: Sequence[JudgedDeclaration] | None = None


class ForeignFindings(InvalidInput):
    """Findings that belong to no device of the site (exit 3)."""


def build(checked: Checked, at: datetime) -> ReportData:
    """The report of a run, made at ``at`` (aware).

    Every device of the site is in it, with or without findings. Raises ``ForeignFindings`` when a
    finding belongs to none of them: dropping it would hide something.
    """
    _refuse_foreign(checked)
    with without_cycles():
        return _built(checked, at)


def _built(checked: Checked, at: datetime) -> ReportData:
    today = at.astimezone(ZoneInfo(checked.site.timezone)).date()
    findings = tuple(_sorted_findings(checked))
    devices = tuple(_device_sheets(checked, at, today))
    whole = {one.id for one in devices if _whole(one)}
    by_id = {one.id: one for one in checked.devices}
    declared = declared_sheet(checked.declared, today) if checked.declared is not None else None
    return ReportData(
        site=site_sheet(checked.site),
        run=run_sheet(checked.run, checked.selection, checked.plans),
        made_at=at,
        baseline=baseline_sheet(checked.run, checked.baseline, checked.catalogue, checked.site),
        notices=tuple(_notices(checked, devices)),
        summary=_summary(checked, devices, findings),
        actions=actions_of(findings, declared),
        themes=_themes(findings, complete=_complete(checked, devices)),
        classes=_classes(checked, findings, by_id, whole),
        severities=_severities(findings, complete=_complete(checked, devices)),
        devices=devices,
        findings=tuple(cut_finding(one) for one in findings),
        rules=rule_sheets(findings, checked.catalogue),
        waivers=waiver_sheets(checked.waivers, by_id, findings, checked.catalogue, today),
        equipment=equipment_sheet(checked.devices, checked.profiles, checked.facts, today),
        deliveries=delivery_sheets(
            checked.deliveries, checked.devices, checked.profiles, _compliant(checked, whole)
        ),
        frameworks=framework_sheets(
            checked.catalogue.frameworks.values(),
            checked.devices,
            findings,
            complete=_complete(checked, devices),
        ),
        reference=_reference(checked, devices),
        history=checked.history,
        evidence=checked.evidence,
        second_factor=checked.second_factor,
        clients=tuple(checked.clients) if checked.clients is not None else None,
        declared=declared,
    )


def _reference(checked: Checked, devices: Sequence[DeviceSheet]) -> ReferenceSheet | None:
    """The second score; a device that lost its findings on the way gives it no share."""
    if checked.reference is None:
        return None
    whole = set(checked.reference) >= {name for name, found in checked.findings.items() if found}
    own = [one for found in checked.reference.values() for one in found]
    changed = baseline_sheet(checked.run, checked.baseline, checked.catalogue, checked.site)
    return ReferenceSheet(
        result=result_of(own, complete=whole and _complete(checked, devices)),
        parameters=sum(1 for one in changed.parameters if one.default is not None),
        disabled=len(changed.disabled),
    )


def _refuse_foreign(checked: Checked) -> None:
    known = {one.id for one in checked.devices}
    foreign = {
        finding.subject.id
        for device, found in checked.findings.items()
        for finding in found
        if device not in known
        or finding.subject.kind is not SubjectKind.DEVICE
        or finding.subject.id != device
    }
    if foreign:
        raise ForeignFindings(
            _("findings of this run belong to no device of the site: {names}.").format(
                names=", ".join(cut_text(name) for name in sorted(foreign))
            ),
            where=checked.site.id,
            remedy=_("Put the devices back in the site’s inventory, or check again."),
        )


def _sorted_findings(checked: Checked) -> Iterator[Finding]:
    for _device, found in sorted(checked.findings.items()):
        yield from sorted(found, key=lambda one: one.rule)


def _device_sheets(checked: Checked, at: datetime, today: date) -> Iterator[DeviceSheet]:
    expected = _expected_rules(checked)
    for device in sorted(checked.devices, key=lambda one: one.id):
        findings = checked.findings.get(device.id, ())
        found = {one.rule for one in findings}
        due = expected.get(device.platform, frozenset()) if not_covered(device) is None else ()
        profile = checked.profiles.get(device.hardware_profile or "")
        yield device_sheet(
            device,
            findings,
            checked.snapshots.get(device.id),
            profile,
            checked.plans.get(device.id),
            sorted(set(due) - found) if findings else (),
            at,
            today,
        )


def _expected_rules(checked: Checked) -> dict[Platform, frozenset[str]]:
    """Platform -> rules that must have a finding. Only for runs of this very catalogue."""
    if checked.run.catalogue_digest != checked.catalogue.digest or checked.selection:
        return {}
    return {
        device.platform: frozenset(
            one.rule.id
            for one in selected_rules(checked.catalogue, checked.baseline, checked.site, device)
        )
        for device in {one.platform: one for one in checked.devices}.values()
    }


def _whole(device: DeviceSheet) -> bool:
    """Whether everything that belongs to the device has its finding."""
    if device.standing is Standing.REMOVED:
        return True
    return device.standing is not Standing.NO_RESULT and not device.missing_rules


def _complete(checked: Checked, devices: Iterable[DeviceSheet]) -> bool:
    return not checked.selection and all(_whole(one) for one in devices)


def _compliant(checked: Checked, whole: set[str]) -> frozenset[str] | None:
    """Devices known to be compliant; not known after a look at a part of the site."""
    if checked.selection:
        return None
    return frozenset(
        name for name, found in checked.findings.items() if name in whole and is_compliant(found)
    )


def _summary(
    checked: Checked, devices: Sequence[DeviceSheet], findings: Sequence[Finding]
) -> Summary:
    result = result_of(findings, complete=_complete(checked, devices))
    standings = Counter(one.standing for one in devices)
    severities = Counter(one.severity for one in findings if one.verdict is Verdict.FAIL)
    provenances = Counter(one.provenance for one in findings)
    taken = [one.taken_at for one in devices if one.taken_at and one.standing not in UNSEEN]
    return Summary(
        devices=sum(1 for one in devices if one.standing is not Standing.REMOVED),
        standings={standing: standings.get(standing, 0) for standing in Standing},
        result=result,
        withheld=tuple(_withheld(checked, devices, findings)) if result.grade is None else (),
        open_by_severity={severity: severities.get(severity, 0) for severity in Severity},
        provenances={one: provenances[one] for one in Provenance if provenances[one]},
        oldest=min(taken, default=None),
        newest=max(taken, default=None),
    )


def _withheld(
    checked: Checked, devices: Sequence[DeviceSheet], findings: Sequence[Finding]
) -> Iterator[Withheld]:
    verdicts = Counter(one.verdict for one in findings)
    counts = (
        (WithheldCode.PARTIAL_RUN, len(checked.selection)),
        (WithheldCode.NO_RESULT, sum(1 for d in devices if d.standing is Standing.NO_RESULT)),
        (WithheldCode.RULE_WITHOUT_RESULT, sum(1 for d in devices if d.missing_rules)),
        (WithheldCode.NOT_CHECKED, verdicts[Verdict.NOT_CHECKED]),
        (WithheldCode.ERROR, verdicts[Verdict.ERROR]),
    )
    told = [Withheld(code=code, count=count) for code, count in counts if count]
    yield from told or [Withheld(code=WithheldCode.NOTHING_APPLICABLE, count=0)]


def _notices(checked: Checked, devices: Sequence[DeviceSheet]) -> Iterator[Notice]:
    if checked.site.test:
        yield Notice(code=NoticeCode.TEST_SITE, count=len(devices))
    constructed = sum(1 for one in devices if one.provenance is Provenance.CONSTRUCTED)
    if constructed:
        yield Notice(code=NoticeCode.CONSTRUCTED, count=constructed)
    files = sum(1 for one in devices if one.provenance is Provenance.FROM_FILE)
    if files:
        yield Notice(code=NoticeCode.FROM_FILES, count=files)
    if checked.selection:
        left_out = sum(1 for one in devices if one.standing is Standing.NO_RESULT)
        yield Notice(code=NoticeCode.PARTIAL_RUN, count=left_out)
    old = sum(1 for one in devices if one.standing is Standing.TOO_OLD)
    if old:
        yield Notice(code=NoticeCode.OLD_READINGS, count=old)
    contradict = contradicting(one.clock_offset for one in devices)
    if contradict:
        yield Notice(code=NoticeCode.CLOCK_DOUBTED, count=contradict)
    if checked.run.catalogue_digest != checked.catalogue.digest:
        yield Notice(code=NoticeCode.OTHER_CATALOGUE, count=0)


def _themes(findings: Iterable[Finding], *, complete: bool) -> tuple[Group, ...]:
    return grouped(findings, lambda one: one.theme, lambda _key: 0, lambda _key: complete)


def _severities(findings: Iterable[Finding], *, complete: bool) -> tuple[Group, ...]:
    return grouped(
        findings,
        lambda one: one.severity.value,
        lambda key: -Severity(key).order,
        lambda _key: complete,
    )


def _classes(
    checked: Checked,
    findings: Iterable[Finding],
    devices: Mapping[str, Device],
    whole: set[str],
) -> tuple[Group, ...]:
    def complete(device_class: str) -> bool:
        return not checked.selection and all(
            one.id in whole
            for one in checked.devices
            if one.device_class.value == device_class and one.state is not DeviceState.REMOVED
        )

    return grouped(
        findings,
        lambda one: devices[one.subject.id].device_class.value,
        lambda key: list(DeviceClass).index(DeviceClass(key)),
        complete,
    )
