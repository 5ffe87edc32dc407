"""XCCDF 1.2: the rules as a benchmark, and one test result per device.

Waivers are messages, never overrides: an override would rewrite the result. XCCDF knows no critical
severity: it becomes ``high``, and the weight tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Final

from kit.checking.scores import WEIGHTS
from kit.i18n import Language, _
from kit.model.finding import Finding
from kit.model.verdict import Verdict
from kit.reporting import xml
from kit.reporting.alike import Alike
from kit.reporting.data import DeviceSheet, ReportData, RuleSheet
from kit.reporting.findings_said import say_finding
from kit.reporting.streams import encoded, in_language
from kit.reporting.words import notice_text, word
from kit.reporting.xccdf_declared import declared_result, declared_rules
from kit.reporting.xccdf_parts import SEVERITIES, identifier, in_languages, moment

NAMESPACE: Final = "http://checklists.nist.gov/xccdf/1.2"
RESULTS: Final[Mapping[Verdict, str]] = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.ERROR: "error",
    Verdict.NOT_CHECKED: "notchecked",
    Verdict.NOT_APPLICABLE: "notapplicable",
}


def chunks(data: ReportData, lang: Language) -> Mapping[str, Iterator[bytes]]:
    """``report-xccdf.xml``: the texts of rules in both languages, messages in one."""
    return {"report-xccdf.xml": encoded(in_language(lang, _document(data)))}


def _document(data: ReportData) -> Iterator[str]:
    yield xml.DECLARATION
    yield from benchmark(data, test_results(data))


def benchmark(data: ReportData, results: Iterable[str] = ()) -> Iterator[str]:
    """The baseline as a benchmark, with whatever test results stand inside it."""
    attributes = {
        "xmlns": NAMESPACE,
        "id": identifier("benchmark", data.baseline.id),
        "resolved": "1",
        "xml:lang": "fr",
    }
    yield xml.start("Benchmark", attributes) + "\n"
    yield xml.element("status", "accepted", {"date": f"{data.run.started_at:%Y-%m-%d}"})
    yield from in_languages("title", data.baseline.title)
    for one in data.notices:
        told = {"id": f"notice-{one.code.value.replace('_', '-')}"}
        yield xml.element("notice", xml.text(notice_text(one)), told)
    digest = data.baseline.catalogue_digest
    yield xml.element("plain-text", xml.text(digest), {"id": "catalogue-sha256"})
    yield xml.element("version", xml.text(data.baseline.version))
    yield xml.element("model", "", {"system": "urn:xccdf:scoring:flat"}) + "\n"
    for rule in data.rules:
        yield _rule(rule) + "\n"
    for declared in declared_rules(data):
        yield declared + "\n"
    yield from results
    yield "</Benchmark>\n"


def _rule(rule: RuleSheet) -> str:
    attributes = {
        "id": identifier("rule", rule.id),
        "severity": SEVERITIES[rule.severity],
        "weight": f"{WEIGHTS[rule.severity]}.0",
    }
    inside = [
        *in_languages("title", rule.title),
        *(in_languages("description", rule.why) if rule.why else ()),
        *(in_languages("fixtext", rule.remedy) if rule.remedy else ()),
    ]
    return xml.element("Rule", inside, attributes)


def test_results(data: ReportData) -> Iterator[str]:
    """One test result per device that has any finding, or should have one; then the site's."""
    for _device, result in device_results(data, {}):
        yield result
    yield declared_result(data, {})


def device_results(
    data: ReportData, attributes: Mapping[str, str]
) -> Iterator[tuple[DeviceSheet, str]]:
    """Each device with its test result; removed devices without findings have none."""
    by_device = {
        device: list(found) for device, found in groupby(data.findings, lambda one: one.subject.id)
    }
    every = [one.id for one in data.rules]
    told = Alike(_told)
    for device in data.devices:
        found = by_device.get(device.id, [])
        missing: Sequence[str] = device.missing_rules
        if not found and device.standing.value == "no_result":
            missing = every
        if found or missing:
            results = [
                *(_rule_result(one, told) for one in found),
                *(_no_result(rule) for rule in missing),
                *_scores(device, whole=not missing),
            ]
            yield device, _test_result(device, results, data, attributes)


def _test_result(
    device: DeviceSheet, results: Sequence[str], data: ReportData, more: Mapping[str, str]
) -> str:
    run = data.run
    attributes = {
        **more,
        "id": identifier("testresult", device.id),
        "start-time": moment(run.started_at),
        "end-time": moment(run.ended_at or run.started_at),
        "test-system": f"esms-kit {run.tool_version}",
        "version": data.baseline.version,
    }
    judged_by = {"href": "#benchmark", "id": identifier("benchmark", data.baseline.id)}
    inside = [
        xml.element("benchmark", "", judged_by),
        xml.element("title", xml.text(_("Check of {device}").format(device=device.id))),
        *(xml.element("remark", xml.text(notice_text(one))) for one in data.notices),
        xml.element("remark", xml.text(f"{_('Standing')}{_(': ')}{word(device.standing)}")),
        xml.element("organization", xml.text(data.site.name)),
        xml.element("identity", xml.text(run.account), {"authenticated": "0", "privileged": "0"}),
        xml.element("target", xml.text(device.id)),
        _facts(device),
        *results,
    ]  # fmt: skip
    return xml.element("TestResult", inside, attributes) + "\n"


def _facts(device: DeviceSheet) -> str:
    told = (
        ("asset-id", device.asset_id), ("model", device.model), ("serial", device.serial),
        ("provenance", device.provenance.value), ("standing", device.standing.value),
    )  # fmt: skip
    facts = [
        xml.element(
            "fact", xml.text(value), {"name": f"urn:esms-kit:fact:{name}", "type": "string"}
        )
        for name, value in told
        if value
    ]
    return xml.element("target-facts", facts)


def _rule_result(finding: Finding, told: Alike[tuple[str, str]]) -> str:
    before, after = told(finding)
    return f"{before}{_time(finding.observed_at)}{after}" if finding.observed_at else before + after


@lru_cache(maxsize=1024)  # every finding of a device has the same
def _time(at: datetime) -> str:
    return f' time="{moment(at)}"'


def _told(finding: Finding) -> tuple[str, str]:
    """A result up to the moment in its start tag, and what comes after."""
    said = say_finding(finding)
    attributes = {
        "idref": identifier("rule", finding.rule),
        "severity": SEVERITIES[finding.severity],
        "weight": f"{WEIGHTS[finding.severity]}.0",
    }
    pairs = (
        (_("Waiver"), finding.waiver or ""), (_("What was read"), said.keys),
        (_("Expected"), said.expected), (_("Observed"), said.observed), (_("Why"), said.why),
        (_("What to do"), said.do), (_("Provenance"), word(finding.provenance)),
    )  # fmt: skip
    messages = [
        xml.element("message", xml.text(f"{name}{_(': ')}{value}"), {"severity": "info"})
        for name, value in pairs
        if value
    ]
    result = xml.element("result", RESULTS[finding.verdict])
    return xml.start("rule-result", attributes)[:-1], f">{result}{''.join(messages)}</rule-result>"


def _no_result(rule: str) -> str:
    return xml.element(
        "rule-result", xml.element("result", "notchecked"), {"idref": identifier("rule", rule)}
    )


def _scores(device: DeviceSheet, *, whole: bool) -> Iterator[str]:
    """Coverage always; the share only when everything that is due has its result."""
    result = device.result
    coverage = result.coverage if whole else 0.0
    yield xml.element(
        "score", f"{100 * coverage:.4f}", {"system": "urn:esms-kit:coverage:1", "maximum": "100"}
    )
    if result.ratio is not None and whole:
        share = {"system": "urn:esms-kit:share:1", "maximum": "100"}
        yield xml.element("score", f"{100 * result.ratio:.4f}", share)
