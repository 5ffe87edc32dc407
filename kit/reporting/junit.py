"""JUnit XML, as Apache Ant writes it: one suite per device, one case per rule.

For build servers. What nobody looked at is an error there, not a skipped case: skipped cases leave
a build green. Only what does not apply is skipped. A waived failure stays a failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from itertools import groupby

from kit.checking.labels import one_of
from kit.checking.reasons import explain
from kit.i18n import Language, _, localized
from kit.model.finding import Finding
from kit.model.verdict import Verdict
from kit.reporting import xml
from kit.reporting.alike import Alike
from kit.reporting.data import DeviceSheet, ReportData
from kit.reporting.declared import MatterSheet
from kit.reporting.findings_said import say_finding
from kit.reporting.services import matter_state, matter_title
from kit.reporting.sheets import identity
from kit.reporting.streams import encoded, in_language
from kit.reporting.text import typographic
from kit.reporting.words import notice_text, word

_ERRORS = frozenset({Verdict.ERROR, Verdict.NOT_CHECKED})


def chunks(data: ReportData, lang: Language) -> Mapping[str, Iterator[bytes]]:
    """``report-junit.xml`` in one language."""
    return {"report-junit.xml": encoded(in_language(lang, _document(data)))}


def _document(data: ReportData) -> Iterator[str]:
    titles = {one.id: typographic(localized(one.title)) for one in data.rules}
    by_device = {
        device: list(found) for device, found in groupby(data.findings, lambda one: one.subject.id)
    }
    told = Alike(lambda one: _outcome(one, titles[one.rule]))
    yield xml.DECLARATION + "<testsuites>\n"
    for number, device in enumerate(data.devices):
        yield from _suite(number, device, by_device.get(device.id, ()), data, told)
    yield from _declared(len(data.devices), data)
    yield "</testsuites>\n"


def _declared(number: int, data: ReportData) -> Iterator[str]:
    """What is declared of the site, as a suite of its own."""
    matters = data.declared.matters if data.declared is not None else ()
    if not matters:
        return
    counts = Counter(one.verdict for one in matters)
    attributes = {
        "name": _("Declarations"),
        "package": data.site.id,
        "id": str(number),
        "timestamp": f"{data.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
        "hostname": data.site.id,
        "tests": str(len(matters)),
        "failures": str(counts[Verdict.FAIL]),
        "errors": str(counts[Verdict.NOT_CHECKED]),
        "skipped": str(counts[Verdict.NOT_APPLICABLE]),
        "time": "0",
    }
    yield xml.start("testsuite", attributes) + "\n<properties/>\n"
    for one in matters:
        names = {"name": one.rule, "classname": f"{data.site.id}.{one.subject.id}", "time": "0"}
        yield xml.element("testcase", _told(one), names) + "\n"
    yield "<system-out/><system-err/></testsuite>\n"


def _told(one: MatterSheet) -> str:
    if one.verdict is Verdict.PASS:
        return ""
    if one.verdict is Verdict.NOT_APPLICABLE:
        return "<skipped/>"
    kind = "failure" if one.verdict is Verdict.FAIL else "error"
    attributes = {
        "message": f"{matter_state(one)} – {matter_title(one)}",
        "type": f"{one.verdict.value}.{one.severity.value}",
    }
    told = " ".join(explain(reason) for reason in one.reasons)
    return xml.element(kind, xml.text(told), attributes)


def _suite(
    number: int,
    device: DeviceSheet,
    findings: Sequence[Finding],
    data: ReportData,
    told: Alike[str],
) -> Iterator[str]:
    counts = Counter(one.verdict for one in findings)
    missing = len(device.missing_rules)
    at = device.taken_at or data.run.started_at
    attributes = {
        "name": device.id,
        "package": data.site.id,
        "id": str(number),
        "timestamp": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
        "hostname": device.id,
        "tests": str(len(findings) + missing),
        "failures": str(counts[Verdict.FAIL]),
        "errors": str(counts[Verdict.ERROR] + counts[Verdict.NOT_CHECKED] + missing),
        "skipped": str(counts[Verdict.NOT_APPLICABLE]),
        "time": "0",
    }
    yield xml.start("testsuite", attributes) + "\n"
    yield _properties(device, data)
    for one in findings:
        yield _wrapped(one.rule, device, data, told(one))
    for rule in device.missing_rules:
        none = _("This rule of the baseline has no result here.")
        error = xml.element("error", "", {"message": none, "type": Verdict.NOT_CHECKED.value})
        yield _wrapped(rule, device, data, error)
    yield "<system-out/><system-err/></testsuite>\n"


def _properties(device: DeviceSheet, data: ReportData) -> str:
    pairs = [
        (_("Establishment"), data.site.name),
        *identity(data),
        *((_("Notice"), notice_text(one)) for one in data.notices),
        (_("Kind"), one_of(device.device_class)),
        (_("Standing"), word(device.standing)),
        (_("Provenance"), word(device.provenance)),
    ]
    inside = [xml.element("property", "", {"name": name, "value": value}) for name, value in pairs]
    return xml.element("properties", inside) + "\n"


def _wrapped(rule: str, device: DeviceSheet, data: ReportData, outcome: str) -> str:
    names = {"name": rule, "classname": f"{data.site.id}.{device.id}", "time": "0"}
    return xml.element("testcase", outcome, names) + "\n"


def _outcome(finding: Finding, title: str) -> str:
    if finding.verdict is Verdict.PASS:
        return ""
    if finding.verdict is Verdict.NOT_APPLICABLE:
        return "<skipped/>"
    said = say_finding(finding)
    rows = (
        (_("What was read"), said.keys), (_("Expected"), said.expected),
        (_("Observed"), said.observed), (_("Why"), said.why), (_("What to do"), said.do),
        (_("Waiver"), finding.waiver or ""),
    )  # fmt: skip
    told = "\n".join(xml.text(f"{name}{_(': ')}{value}") for name, value in rows if value)
    kind = "error" if finding.verdict in _ERRORS else "failure"
    attributes = {
        "message": f"{word(finding.verdict)} – {title}",
        "type": f"{finding.verdict.value}.{finding.severity.value}",
    }
    return xml.element(kind, told, attributes)
