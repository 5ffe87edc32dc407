"""What is declared of a site in XCCDF: rules of its own, and one test result of the establishment.

Nobody measured it, so nothing is ever a pass: what is in force is ``informational``, and no result
is scored. What was declared not to be so, or is contradicted by what was measured, is a failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kit.checking.reasons import explain
from kit.i18n import _
from kit.model.finding import Provenance
from kit.model.verdict import Verdict
from kit.reporting import xml
from kit.reporting.data import ReportData
from kit.reporting.declared import MatterSheet
from kit.reporting.services import matter_state, matter_title, what_was_said, who_said
from kit.reporting.words import notice_text, word
from kit.reporting.xccdf_parts import SEVERITIES, identifier, in_languages, moment

RESULTS: Final[Mapping[Verdict, str]] = {
    Verdict.PASS: "informational",
    Verdict.NOT_APPLICABLE: "informational",
    Verdict.FAIL: "fail",
    Verdict.ERROR: "error",
    Verdict.NOT_CHECKED: "notchecked",
}
_UNSCORED: Final = {"role": "unscored", "weight": "0.0"}


def establishment(data: ReportData) -> str:
    """The name of the establishment among devices; none of theirs has such a sign."""
    return f"site_{data.site.id}"


def declared_rules(data: ReportData) -> Iterator[str]:
    """Each matter as a rule that is not scored; one that several clients share stands once."""
    for one in {one.rule: one for one in _matters(data)}.values():
        attributes = {
            "id": identifier("rule", one.rule),
            "role": "unscored",
            "severity": SEVERITIES[one.severity],
            "weight": "0.0",
        }
        inside = [
            *in_languages("title", one.title),
            *in_languages("description", one.why),
            *in_languages("fixtext", one.remedy),
        ]
        yield xml.element("Rule", inside, attributes)


def declared_result(data: ReportData, more: Mapping[str, str]) -> str:
    """The test result of the establishment; empty where nothing is to be declared."""
    matters = _matters(data)
    if not matters:
        return ""
    run = data.run
    attributes = {
        **more,
        "id": identifier("testresult", establishment(data)),
        "start-time": moment(run.started_at),
        "end-time": moment(data.made_at),
        "test-system": f"esms-kit {run.tool_version}",
        "version": data.baseline.version,
    }
    judged_by = {"href": "#benchmark", "id": identifier("benchmark", data.baseline.id)}
    provenance = {"name": "urn:esms-kit:fact:provenance", "type": "string"}
    inside = [
        xml.element("benchmark", "", judged_by),
        xml.element("title", xml.text(_("Declarations"))),
        *(xml.element("remark", xml.text(notice_text(one))) for one in data.notices),
        xml.element("organization", xml.text(data.site.name)),
        xml.element("identity", xml.text(run.account), {"authenticated": "0", "privileged": "0"}),
        xml.element("target", xml.text(data.site.id)),
        xml.element("target-facts", xml.element("fact", Provenance.DECLARED.value, provenance)),
        *map(_result, matters),
        # None of it is scored: a share that is not there cannot be taken for one.
        xml.element("score", "0.0000", {"system": "urn:esms-kit:coverage:1", "maximum": "100"}),
    ]
    return xml.element("TestResult", inside, attributes) + "\n"


def _matters(data: ReportData) -> tuple[MatterSheet, ...]:
    return data.declared.matters if data.declared is not None else ()


def _result(one: MatterSheet) -> str:
    pairs = (
        (_("State"), matter_state(one)), (_("Matter"), matter_title(one)),
        (_("Declared"), what_was_said(one)), (_("By"), who_said(one)),
        (_("Why"), " ".join(explain(reason) for reason in one.reasons)),
        (_("Provenance"), word(one.provenance)),
    )  # fmt: skip
    messages = [
        xml.element("message", xml.text(f"{name}{_(': ')}{value}"), {"severity": "info"})
        for name, value in pairs
        if value
    ]
    attributes = {
        "idref": identifier("rule", one.rule),
        "severity": SEVERITIES[one.severity],
        **_UNSCORED,
    }
    result = xml.element("result", RESULTS[one.verdict])
    return xml.element("rule-result", [result, *messages], attributes)
