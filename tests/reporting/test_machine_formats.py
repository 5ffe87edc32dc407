"""OSCAL, XCCDF, ARF and JUnit: valid, complete, and never better than the findings."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml import ElementTree
from oscal_bindings import AssessmentResultsDocument

from kit.i18n import LANGUAGES, Language
from kit.model.verdict import Verdict
from kit.reporting.building import Checked, build
from kit.reporting.formats import render_all
from kit.reporting.xccdf import RESULTS
from tests.reporting import sample
from tests.reporting.test_html import hostile

SCHEMAS = Path(__file__).parent / "schemas"
NIST = Path("/usr/share/openscap/schemas")
SITE = f"site_{sample.site().id}"
XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"
ARF = "{http://scap.nist.gov/schema/asset-reporting-format/1.1}"
SCHEMA_OF = {
    "xccdf": NIST / "xccdf/1.2/xccdf_1.2.xsd",
    "arf": SCHEMAS / "arf.xsd",
    "junit": SCHEMAS / "junit.xsd",
}
MISSING = [
    package
    for package, there in (
        ("libxml2-utils", shutil.which("xmllint")), ("openscap-common", NIST.is_dir())
    )
    if not there
]  # fmt: skip


def partial() -> Checked:
    """A device without any finding, and one that lacks a rule."""
    found = {name: own for name, own in sample.findings().items() if name != "til-pc-02"}
    return sample.checked(findings={**found, "til-pc-01": found["til-pc-01"][1:]})


SITUATIONS = {
    "sample": sample.checked(),
    "nothing": sample.checked(findings={}, devices=(), snapshots={}),
    "hostile": hostile(),
    "partial": partial(),
}


@cache
def made(name: str, situation: str = "sample", lang: Language = "en") -> bytes:
    (content,) = render_all(build(SITUATIONS[situation], sample.AT), [name], lang).values()
    return content


def tree(name: str, situation: str = "sample", lang: Language = "en") -> Element:
    found: Element = ElementTree.fromstring(made(name, situation, lang))
    return found


def counted() -> Counter[Verdict]:
    return Counter(one.verdict for found in sample.findings().values() for one in found)


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("name", SCHEMA_OF)
def test_xml_is_valid(name: str, situation: str, tmp_path: Path) -> None:
    for lang in LANGUAGES:
        file = tmp_path / f"{lang}.xml"
        file.write_bytes(made(name, situation, lang))
        done = subprocess.run(
            ["xmllint", "--nonet", "--noout", "--schema", str(SCHEMA_OF[name]), str(file)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_oscal_is_valid(situation: str) -> None:
    """By bindings that are generated from NIST's schema, closed to unknown members."""
    for lang in LANGUAGES:
        AssessmentResultsDocument.model_validate(json.loads(made("oscal", situation, lang)))


def test_oscal_is_satisfied_only_by_rules_that_pass_everywhere() -> None:
    (result,) = json.loads(made("oscal"))["assessment-results"]["results"]
    verdicts: dict[str, set[Verdict]] = {}
    for found in sample.findings().values():
        for one in found:
            verdicts.setdefault(one.rule, set()).add(one.verdict)
    declared = sample.checked().declared
    for matter in declared:
        verdicts.setdefault(matter.rule.id, set()).add(matter.finding.verdict)
    states = {
        one["target"]["target-id"]: one["target"]["status"]["state"] for one in result["findings"]
    }
    good = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert states == {
        rule: "satisfied" if own <= good else "not-satisfied" for rule, own in verdicts.items()
    }
    assert len(result["observations"]) == sum(counted().values()) + len(declared)
    said = {one["methods"][0] for one in result["observations"][-len(declared) :]}
    assert said == {"INTERVIEW", "UNKNOWN"}  # nobody tested it, and of some nobody spoke
    ids = [one["uuid"] for one in (*result["observations"], *result["findings"])]
    assert len(set(ids)) == len(ids)
    known = {one["uuid"] for one in result["local-definitions"]["inventory-items"]}
    metadata = json.loads(made("oscal"))["assessment-results"]["metadata"]
    parties = {one["uuid"] for one in metadata["parties"]}
    assert {
        s["subject-uuid"] for one in result["observations"] for s in one["subjects"]
    } <= known | parties
    risks = {one["uuid"] for one in result["risks"]}
    used = {
        risk["risk-uuid"] for one in result["findings"] for risk in one.get("related-risks", ())
    }
    assert used
    assert used <= risks


@pytest.mark.parametrize("name", ["xccdf", "arf"])
def test_xccdf_holds_every_verdict_and_overrides_none(name: str) -> None:
    root = tree(name)
    measured = [one for one in root.iter(f"{XCCDF}rule-result") if one.get("role") is None]
    results = Counter(one.findtext(f"{XCCDF}result") for one in measured)
    assert results == {RESULTS[verdict]: count for verdict, count in counted().items()}
    assert not list(root.iter(f"{XCCDF}override"))
    rules = {one.get("id") for one in root.iter(f"{XCCDF}Rule")}
    assert {one.get("idref") for one in root.iter(f"{XCCDF}rule-result")} == rules


def test_arf_names_every_device_and_ties_reports_to_them() -> None:
    root = tree("arf")
    assets = {one.get("id") for one in root.iter(f"{ARF}asset")}
    assert assets == {f"asset-{one.id}" for one in sample.devices()} | {f"asset-{SITE}"}
    reports = {one.get("id") for one in root.iter(f"{ARF}report")}
    core = "{http://scap.nist.gov/schema/reporting-core/1.1}"
    about = {
        one.get("subject"): one.findtext(f"{core}ref")
        for one in root.iter(f"{core}relationship")
        if one.get("type") == "vocabulary:isAbout"
    }
    assert set(about) == reports
    assert all(target == f"asset-{(report or '')[7:]}" for report, target in about.items())


def test_what_has_no_result_is_not_checked_and_has_no_share() -> None:
    root = tree("xccdf", "partial")
    by_device = {
        one.findtext(f"{XCCDF}target"): one for one in root.iter(f"{XCCDF}TestResult")
    }  # fmt: skip
    absent = by_device["til-pc-02"]
    assert {one.text for one in absent.iter(f"{XCCDF}result")} == {"notchecked"}
    for device in ("til-pc-01", "til-pc-02"):
        scores = {one.get("system"): one.text for one in by_device[device].iter(f"{XCCDF}score")}
        assert scores == {"urn:esms-kit:coverage:1": "0.0000"}
    whole = {one.get("system") for one in by_device["til-pc-03"].iter(f"{XCCDF}score")}
    assert whole == {"urn:esms-kit:coverage:1", "urn:esms-kit:share:1"}


def test_junit_is_green_only_where_everything_passes() -> None:
    root = tree("junit")
    suites = {one.get("name"): one for one in root}
    report = build(sample.checked(), sample.AT)
    assert list(suites) == [*(one.id for one in report.devices), "Declarations"]
    assert report.declared is not None
    total: Counter[str] = Counter()
    for suite in suites.values():
        cases = suite.findall("testcase")
        kinds = Counter(child.tag for case in cases for child in case)
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == kinds["failure"]
        assert int(suite.get("errors", "")) == kinds["error"]
        assert int(suite.get("skipped", "")) == kinds["skipped"]
        total.update(kinds)
    counts = Counter(counted()) + Counter(report.declared.counts)
    assert total == {
        "failure": counts[Verdict.FAIL],
        "error": counts[Verdict.ERROR] + counts[Verdict.NOT_CHECKED],
        "skipped": counts[Verdict.NOT_APPLICABLE],
    }
    missing = {one.get("name"): one for one in tree("junit", "partial")}["til-pc-01"]
    assert int(missing.get("errors", "")) == 1


@pytest.mark.parametrize("name", ["oscal", "arf", "xccdf", "junit"])
def test_constructed_data_is_marked(name: str) -> None:
    assert b"proves nothing about real equipment" in made(name).replace(b"&#39;", b"'")


def test_oscal_ids_follow_from_the_run_alone() -> None:
    def ids(document: Any) -> list[str]:
        results = document["assessment-results"]["results"]
        return [one["uuid"] for one in results[0]["observations"]]

    french, english = (json.loads(made("oscal", lang=lang)) for lang in LANGUAGES)
    assert ids(french) == ids(english)


@pytest.mark.parametrize("name", ["xccdf", "arf"])
def test_what_is_declared_is_never_a_pass_in_xccdf(name: str) -> None:
    data = build(sample.checked(), sample.AT)
    assert data.declared is not None
    matters = data.declared.matters
    assert {Verdict.PASS, Verdict.NOT_CHECKED, Verdict.FAIL} <= {one.verdict for one in matters}
    (tested,) = (
        one for one in tree(name).iter(f"{XCCDF}TestResult")
        if one.get("id") == f"xccdf_esms-kit_testresult_{SITE}"
    )  # fmt: skip
    results = tested.findall(f"{XCCDF}rule-result")
    assert {one.get("role") for one in results} == {"unscored"}
    told = Counter(one.findtext(f"{XCCDF}result") for one in results)
    counts = data.declared.counts
    assert told == Counter(
        {
            "informational": counts[Verdict.PASS] + counts[Verdict.NOT_APPLICABLE],
            "fail": counts[Verdict.FAIL],
            "notchecked": counts[Verdict.NOT_CHECKED],
        }
    )
    rules = {one.get("id") for one in tree(name).iter(f"{XCCDF}Rule")}
    assert {one.get("idref") for one in results} <= rules


def test_arf_names_the_establishment_what_is_declared_is_about() -> None:
    document = tree("arf")
    assets = {one.get("id"): one for one in document.iter(f"{ARF}asset")}
    ai = "{http://scap.nist.gov/schema/asset-identification/1.1}"
    assert assets[f"asset-{SITE}"].find(f"{ai}organization") is not None
    assert f"report-{SITE}" in {one.get("id") for one in document.iter(f"{ARF}report")}
