"""What is declared of a site in OSCAL: an observation by interview and a finding a matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kit.checking.reasons import explain
from kit.i18n import localized
from kit.model.verdict import Verdict, worst
from kit.reporting.data import ReportData
from kit.reporting.declared import MatterSheet
from kit.reporting.oscal_parts import METHODS, moment, oscal_id, prop, say_to_oscal
from kit.reporting.services import matter_state, matter_title, what_was_said, who_said
from kit.reporting.text import typographic


def _matters(data: ReportData) -> tuple[MatterSheet, ...]:
    return data.declared.matters if data.declared is not None else ()


def _observation_id(one: MatterSheet, data: ReportData) -> str:
    return oscal_id(data, "declared", one.subject.id, one.rule)


def declared_observations(data: ReportData) -> Iterator[dict[str, Any]]:
    """One for each matter; what nobody declared was observed by nobody."""
    establishment = oscal_id(data, "party", "establishment")
    for one in _matters(data):
        told = (
            ("verdict", one.verdict.value), ("severity", one.severity.value),
            ("tier", one.tier.value), ("state", one.state.value),
            ("provenance", one.provenance.value), ("declared-by", who_said(one)),
            ("declared-on", one.on.isoformat() if one.on else ""),
            ("subject", one.subject.id), ("declaration", one.declaration or ""),
        )  # fmt: skip
        why = " ".join(explain(reason) for reason in one.reasons)
        ends = {"expires": f"{one.until.isoformat()}T23:59:59Z"} if one.until else {}
        yield {
            "uuid": _observation_id(one, data),
            "title": say_to_oscal(matter_title(one)),
            "description": say_to_oscal(what_was_said(one) or matter_state(one)),
            "methods": [METHODS[one.provenance]],
            "types": ["control-objective"],
            "subjects": [{"subject-uuid": establishment, "type": "party"}],
            "props": [prop(name, value) for name, value in told if value],
            "collected": moment(data.made_at),
            **ends,
            **({"remarks": say_to_oscal(why)} if why else {}),
        }


def declared_findings(data: ReportData) -> Iterator[dict[str, Any]]:
    """One for each rule of declarations: satisfied when every one of its matters is."""
    by_rule: dict[str, list[MatterSheet]] = {}
    for one in _matters(data):
        by_rule.setdefault(one.rule, []).append(one)
    for rule, found in by_rule.items():
        verdict = worst(one.verdict for one in found)
        passes = verdict in {Verdict.PASS, Verdict.NOT_APPLICABLE}
        reason = "pass" if passes else "fail" if verdict is Verdict.FAIL else "other"
        status = {"state": "satisfied" if passes else "not-satisfied", "reason": reason}
        first = found[0]
        yield {
            "uuid": oscal_id(data, "finding", rule),
            "title": say_to_oscal(typographic(localized(first.title))),
            "description": say_to_oscal(typographic(localized(first.why))),
            "props": [prop("severity", first.severity.value), prop("theme", first.theme)],
            "target": {"type": "objective-id", "target-id": rule, "status": status},
            "related-observations": [
                {"observation-uuid": _observation_id(one, data)} for one in found
            ],
        }
