"""The example site of 60 devices after three runs: every format says the same, digests are kept.

``golden/example.json`` holds the digest of every file in both languages, and of what they are made
from: where rules, texts or recorded snapshots have changed, the long test says so, and
``python -m tests.reporting.regenerate`` makes it anew. What must hold whatever was recorded is
tested always.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter

import openpyxl
import pytest
from defusedxml.ElementTree import fromstring as parsed

from kit.i18n import language
from kit.model.finding import Provenance
from kit.model.platform import Platform
from kit.model.verdict import Verdict
from kit.reporting.data import UNSEEN, NoticeCode, ReportData, Standing, WaiverState
from kit.reporting.formats import render_all
from kit.reporting.words import notice_text, word
from kit.reporting.xccdf import RESULTS
from tests.loop.example_snapshots import NEVER_SEEN, OUTCOMES
from tests.reporting.example_runs import (
    LOST,
    example,
    example_digests,
    example_report,
    inputs_digest,
)
from tests.reporting.regenerate import EXAMPLE

XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"


@pytest.fixture(scope="module")
def data() -> ReportData:
    return example_report()


@pytest.fixture(scope="module")
def files(data: ReportData) -> dict[str, bytes]:
    return render_all(data, ["xlsx", "csv", "json", "oscal", "arf", "junit"], "fr")


@pytest.fixture(scope="module")
def counts(data: ReportData) -> Counter[Verdict]:
    return Counter(one.verdict for one in data.findings)


def test_site_has_sixty_devices_and_every_way_of_not_being_read(data: ReportData) -> None:
    standings = {one.id: one.standing for one in data.devices}
    assert len(standings) == 60
    assert standings[LOST] is Standing.NOT_REACHED
    assert all(standings[name] is Standing.NEVER_SEEN for name in NEVER_SEEN)
    unread = {Standing.NOT_REACHED, Standing.NOT_READ}
    assert all(standings[name] in unread for name in OUTCOMES)
    for one in data.devices:
        if one.platform is not Platform.LINUX:  # a class without reads is never anything better
            assert one.standing in UNSEEN, one.id


def test_three_runs_waivers_and_declarations_are_there(data: ReportData) -> None:
    assert data.history is not None
    assert len(data.history.trend) == 2
    assert data.history.changes is not None
    assert sum(data.history.changes.kinds.values()) > 0
    assert {one.device for one in data.history.since}
    states = {one.waiver.id: one.state for one in data.waivers}
    assert states == {"W-1": WaiverState.ACTIVE, "W-2": WaiverState.EXPIRED}
    assert [one for one in data.findings if one.waiver == "W-1"]
    assert data.declared is not None
    assert data.declared.matters


def test_constructed_data_are_marked_everywhere(data: ReportData, files: dict[str, bytes]) -> None:
    read = [one for one in data.devices if one.provenance is not Provenance.NONE]
    assert read
    assert {one.provenance for one in read} == {Provenance.CONSTRUCTED}
    (notice,) = (one for one in data.notices if one.code is NoticeCode.CONSTRUCTED)
    with language("fr"):
        told = notice_text(notice)
        provenance = word(Provenance.CONSTRUCTED)
    for name in ("report-arf.xml", "report-junit.xml", "report-oscal.json"):
        assert told in files[name].decode(), name
    assert told in [row[1].value for row in _sheets(files)["Synthèse"].iter_rows()]
    assert provenance in files["report-findings.csv"].decode()


def _sheets(files: dict[str, bytes]):
    return openpyxl.load_workbook(io.BytesIO(files["report.xlsx"]), read_only=True)


def test_every_format_counts_the_same(
    data: ReportData, files: dict[str, bytes], counts: Counter[Verdict]
) -> None:
    told = json.loads(files["report.json"])
    assert Counter(one["verdict"] for one in told["findings"]) == counts

    with language("fr"):
        words = Counter({word(verdict): count for verdict, count in counts.items()})
    rows = list(csv.DictReader(io.StringIO(files["report-findings.csv"].decode("utf-8-sig")),
                               delimiter=";"))  # fmt: skip
    assert Counter(row["Constat"] for row in rows) == words

    head, *cells = _sheets(files)["Constats"].iter_rows(values_only=True)
    assert Counter(row[head.index("Constat")] for row in cells) == words

    oscal = json.loads(files["report-oscal.json"])["assessment-results"]["results"][0]
    of_devices = [one for one in oscal["observations"] if one["types"] == ["finding"]]
    assert Counter(
        prop["value"] for one in of_devices for prop in one["props"] if prop["name"] == "verdict"
    ) == Counter({verdict.value: count for verdict, count in counts.items()})

    missing = sum(len(one.missing_rules) for one in data.devices)
    assert missing == 0
    devices = [
        one for one in parsed(files["report-arf.xml"]).iter(f"{XCCDF}TestResult")
        if one.find(f"{XCCDF}target").text in {device.id for device in data.devices}
    ]  # fmt: skip
    results = Counter(one.text for tested in devices for one in tested.iter(f"{XCCDF}result"))
    assert results == Counter({RESULTS[verdict]: count for verdict, count in counts.items()})

    suites = [one for one in parsed(files["report-junit.xml"]) if one.get("id") != "60"]
    assert sum(int(one.get("failures")) for one in suites) == counts[Verdict.FAIL]
    unknown = counts[Verdict.ERROR] + counts[Verdict.NOT_CHECKED]
    assert sum(int(one.get("errors")) for one in suites) == unknown


@pytest.mark.full
def test_every_file_is_the_one_that_was_looked_at(data: ReportData) -> None:
    """Run ``python -m tests.reporting.regenerate``, look at the report, and commit the digests."""
    kept = json.loads(EXAMPLE.read_bytes())
    assert inputs_digest(example()) == kept["inputs"]
    assert dict(example_digests(data)) == kept["files"]
