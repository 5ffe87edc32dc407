"""OSCAL assessment results (NIST, 1.2): observations per device and rule, one finding per rule.

A finding is ``satisfied`` only when its rule passes on every device it applies to; what was not
looked at is ``not-satisfied`` with the reason ``other``. A waiver is a risk with an approved
deviation and leaves the state as it is. Ids follow from the content: same input, same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, groupby
from typing import Any, Final

from kit.checking.labels import one_of
from kit.i18n import Language, _, localized
from kit.model.finding import Finding
from kit.model.verdict import Verdict, worst
from kit.reporting.alike import Alike
from kit.reporting.data import DeviceSheet, ReportData, RuleSheet, WaiverSheet, WaiverState
from kit.reporting.findings_said import say_finding
from kit.reporting.json import escape_acting
from kit.reporting.oscal_declared import declared_findings, declared_observations
from kit.reporting.oscal_parts import (
    METHODS,
    moment,
    observation_id,
    oscal_id,
    prop,
    say_to_oscal,
)
from kit.reporting.streams import encoded, in_language
from kit.reporting.text import typographic
from kit.reporting.words import notice_text, word

VERSION: Final = "1.2.0"


def chunks(data: ReportData, lang: Language) -> Mapping[str, Iterator[bytes]]:
    """``report-oscal.json`` in one language."""
    return {"report-oscal.json": encoded(in_language(lang, _document(data)))}


def _json(value: object) -> str:
    return escape_acting(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _document(data: ReportData) -> Iterator[str]:
    """The document in pieces: what is one per device and rule is never all in memory."""
    head = {
        "uuid": oscal_id(data, "document", moment(data.made_at)),
        "metadata": _metadata(data),
        "import-ap": {
            "href": f"#{oscal_id(data, 'plan')}",
            "remarks": _("There is no separate plan: the baseline named is what was assessed."),
        },
    }
    yield '{"assessment-results":' + _json(head)[:-1] + ',"results":['
    yield _json(_result(data))[:-1]
    declared = map(_json, declared_observations(data))
    ids: dict[str, list[str]] = {}
    yield from _list("observations", chain(_observations(data, ids), declared))
    yield from _list("risks", (_json(_risk(one, data)) for one in data.waivers))
    yield from _list("findings", map(_json, chain(_findings(data, ids), declared_findings(data))))
    yield "}]," + _json({"back-matter": _back_matter(data)})[1:-1] + "}}\n"


def _list(name: str, members: Iterable[str]) -> Iterator[str]:
    """A list with its name; OSCAL allows no empty one."""
    before = f',"{name}":[\n'
    for one in members:
        yield before + one
        before = ",\n"
    if before == ",\n":
        yield "]"


def _metadata(data: ReportData) -> dict[str, Any]:
    controller = oscal_id(data, "party", "controller")
    return {
        "title": say_to_oscal(f"{_('Compliance report on IT equipment')} – {data.site.name}"),
        "last-modified": moment(data.made_at),
        "version": say_to_oscal(data.run.id),
        "oscal-version": VERSION,
        "props": [
            *_identity(data),
            *(prop(f"notice-{one.code.value}", notice_text(one)) for one in data.notices),
        ],
        "roles": [{"id": "assessor", "title": _("Run by")}],
        "parties": [
            {
                "uuid": controller,
                "type": "person",
                "name": say_to_oscal(data.run.account),
                "remarks": _(
                    "The account that ran the check is the one the controller named; it is no"
                    " proof."
                ),
            },
            {
                "uuid": oscal_id(data, "party", "establishment"),
                "type": "organization",
                "name": say_to_oscal(data.site.name),
            },
        ],
        "responsible-parties": [{"role-id": "assessor", "party-uuids": [controller]}],
    }


def _identity(data: ReportData) -> Iterator[dict[str, str]]:
    """Who and what, under names that no language changes."""
    site = data.site
    told = (
        ("site", site.id), ("establishment", site.name), ("finess-et", site.finess_et),
        ("finess-ej", site.finess_ej), ("siret", site.siret), ("siren", site.siren),
        ("legal-entity", site.legal_entity), ("operator", site.operator),
        ("category", site.category), ("region", site.region), ("baseline", data.baseline.id),
        ("baseline-version", data.baseline.version), ("run", data.run.id),
        ("controller", data.run.controller), ("capacity", data.run.capacity),
        ("authentication", data.run.authentication), ("tool-version", data.run.tool_version),
    )  # fmt: skip
    return (prop(name, value) for name, value in told if value)


def _result(data: ReportData) -> dict[str, Any]:
    result = data.summary.result
    items = [_item(one, data) for one in data.devices]
    shares = (("ratio", result.ratio), ("ratio-with-waivers", result.ratio_with_waivers))
    return {
        "uuid": oscal_id(data, "result"),
        "title": _("Check of the site"),
        "description": " ".join(notice_text(one) for one in data.notices) or _("Check of the site"),
        "start": moment(data.run.started_at),
        **({"end": moment(data.run.ended_at)} if data.run.ended_at else {}),
        "props": [
            prop("coverage", f"{result.coverage:.6f}"),
            *(prop(name, f"{share:.6f}") for name, share in shares if share is not None),
            *([prop("grade", result.grade)] if result.grade else []),
        ],
        **({"local-definitions": {"inventory-items": items}} if items else {}),
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
    }  # fmt: skip


def _item(device: DeviceSheet, data: ReportData) -> dict[str, Any]:
    told = (
        ("device-id", device.id), ("asset-id", device.asset_id), ("model", device.model),
        ("device-class", device.device_class.value), ("standing", device.standing.value),
        ("provenance", device.provenance.value),
    )  # fmt: skip
    return {
        "uuid": oscal_id(data, "device", device.id),
        "description": say_to_oscal(f"{device.id} – {one_of(device.device_class)}"),
        "props": [prop(name, value) for name, value in told if value],
    }


def _observations(data: ReportData, ids: dict[str, list[str]]) -> Iterator[str]:
    """One for each finding; what does not come from its device is made once for all alike.

    ``ids`` takes those of each rule.
    """
    said = Alike(_observation)
    for device, found in groupby(data.findings, lambda one: one.subject.id):
        subject = {"subject-uuid": oscal_id(data, "device", device), "type": "inventory-item"}
        of_device = f', "subjects": {_json([subject])}, "title": "'
        after = f' – {_inside(device)}", "types": ["finding"], "uuid": "'
        for one in found:
            uuid = observation_id(data, device, one.rule)
            ids.setdefault(one.rule, []).append(uuid)
            yield (
                f'{{"collected": "{_moment(one.observed_at or data.run.started_at)}", '
                f"{said(one)}{of_device}{_inside(one.rule)}{after}"
                f'{uuid}"}}'
            )


_moment: Final = lru_cache(maxsize=64)(moment)  # every finding of a device has the same


@lru_cache(maxsize=1024)
def _inside(name: str) -> str:
    """The id of a device or rule inside a JSON text."""
    return _json(say_to_oscal(name))[1:-1]


def _observation(finding: Finding) -> str:
    """Members of an observation that do not come from its device."""
    said = say_finding(finding)
    told = (
        ("verdict", finding.verdict.value), ("severity", finding.severity.value),
        ("tier", finding.tier.value), ("expected", said.expected), ("observed", said.observed),
        ("provenance", finding.provenance.value), ("waiver", finding.waiver or ""),
        ("pending", finding.pending.value if finding.pending else ""),
    )  # fmt: skip
    why = " ".join(filter(None, (said.why, said.do)))
    members = {
        "description": say_to_oscal(f"{word(finding.verdict)}{_(': ')}{said.keys}"),
        "methods": [METHODS[finding.provenance]],
        "props": [prop(name, value) for name, value in told if value],
        **({"remarks": say_to_oscal(why)} if why else {}),
    }
    return _json(members)[1:-1]


def _risk(sheet: WaiverSheet, data: ReportData) -> dict[str, Any]:
    waiver = sheet.waiver
    holds = sheet.state in {WaiverState.ACTIVE, WaiverState.ENDING, WaiverState.UNUSED}
    return {
        "uuid": oscal_id(data, "waiver", waiver.id),
        "title": say_to_oscal(f"{_('Waiver')} {waiver.id} – {waiver.subject}"),
        "description": say_to_oscal(waiver.reason),
        "statement": say_to_oscal(waiver.risk or waiver.reason),
        "status": "deviation-approved" if holds else "open",
        "props": [
            prop("subject", waiver.subject),
            prop("state", sheet.state.value),
            prop("approver", waiver.approver),
            prop("start", waiver.start.isoformat()),
            *([prop("compensating", waiver.compensating)] if waiver.compensating else []),
        ],
        "deadline": f"{waiver.end.isoformat()}T23:59:59Z",
    }


def _findings(data: ReportData, ids: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    by_rule: dict[str, list[Finding]] = {}
    for one in data.findings:
        by_rule.setdefault(one.rule, []).append(one)
    for rule in data.rules:
        yield _finding(rule, by_rule[rule.id], ids[rule.id], data)


def _finding(
    rule: RuleSheet, found: Sequence[Finding], ids: Sequence[str], data: ReportData
) -> dict[str, Any]:
    verdict = worst(one.verdict for one in found)
    passes = verdict in {Verdict.PASS, Verdict.NOT_APPLICABLE}
    reason = "pass" if passes else "fail" if verdict is Verdict.FAIL else "other"
    status = {"state": "satisfied" if passes else "not-satisfied", "reason": reason}
    counts = ", ".join(f"{word(one)}{_(': ')}{rule.counts[one]}" for one in Verdict)
    waivers = sorted(
        {one.waiver for one in found if one.waiver} & {one.waiver.id for one in data.waivers}
    )
    return {
        "uuid": oscal_id(data, "finding", rule.id),
        "title": say_to_oscal(typographic(localized(rule.title))),
        "description": say_to_oscal(typographic(localized(rule.why)) if rule.why else rule.id),
        "props": [prop("severity", rule.severity.value), prop("theme", rule.theme)],
        "target": {"type": "objective-id", "target-id": rule.id, "status": status},
        "related-observations": [{"observation-uuid": one} for one in ids],
        **({"related-risks": [{"risk-uuid": oscal_id(data, "waiver", one)} for one in waivers]}
           if waivers else {}),
        "remarks": say_to_oscal(counts),
    }  # fmt: skip


def _back_matter(data: ReportData) -> dict[str, Any]:
    title = typographic(localized(data.baseline.title))
    return {
        "resources": [
            {
                "uuid": oscal_id(data, "plan"),
                "title": say_to_oscal(f"{title}, {data.baseline.version}"),
                "description": _("Content of the catalogue, SHA-256:")
                + f" {data.baseline.catalogue_digest}",
                "props": [prop("baseline", data.baseline.id)],
            }
        ]
    }
