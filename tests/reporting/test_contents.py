"""What a report says of the whole: frameworks, reference score, history, census, heat map."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.i18n import language
from kit.model.device import DeviceState
from kit.model.finding import Finding
from kit.model.verdict import Verdict
from kit.reporting import html
from kit.reporting.building import build
from kit.reporting.data import ReportData, Standing
from kit.reporting.heat_map import heat_map
from kit.reporting.history import History
from kit.reporting.overview import census, change_sentences, references, trend_rows
from tests.reporting import sample
from tests.reporting.test_building import EVERYTHING_PASSES, FINDINGS

Findings = dict[str, tuple[Finding, ...]]


@pytest.fixture(scope="module")
def report() -> ReportData:
    return build(sample.checked(), sample.AT)


def controls(data: ReportData) -> dict[str, Verdict]:
    (framework,) = data.frameworks or ()
    return {one.id: one.verdict for one in framework.sheets}


def test_a_control_is_the_worst_of_what_answers_it(report: ReportData) -> None:
    assert controls(report)["M1"] is Verdict.FAIL
    passing = controls(build(sample.checked(findings=EVERYTHING_PASSES), sample.AT))
    assert passing == {
        "M1": Verdict.NOT_CHECKED,  # asked of network gear too, which nobody read
        "M2": Verdict.NOT_CHECKED,  # a part of it is planned only
        "M3": Verdict.NOT_CHECKED,  # people answer it
        "M4": Verdict.NOT_CHECKED,
        "M5": Verdict.PASS,
    }


def test_frameworks_have_no_grade_and_no_share_of_a_part(report: ReportData) -> None:
    passing = build(sample.checked(findings=EVERYTHING_PASSES), sample.AT)
    (framework,) = passing.frameworks or ()
    assert framework.result.grade is None
    assert framework.result.ratio == 1.0
    partly = build(sample.checked(findings=EVERYTHING_PASSES, selection=("--rule x",)), sample.AT)
    assert (partly.frameworks or ())[0].result.ratio is None
    assert sum(framework.verdicts.values()) == framework.controls == len(framework.sheets)


def test_references_say_whether_the_text_was_read(report: ReportData) -> None:
    with language("en"):
        (told,) = references(report)
    assert "version 1.0, January 2026 (the text was read for the mapping)" in told


def reference_of(findings: Findings, reference: Any) -> float:
    data = build(sample.checked(findings=findings, reference=reference), sample.AT)
    share = data.reference.result.ratio if data.reference is not None else None
    return -1.0 if share is None else share


@given(
    lost=st.sets(st.sampled_from(FINDINGS), max_size=12),
    how=st.sampled_from([Verdict.ERROR, Verdict.NOT_CHECKED, None]),
    gone=st.sets(st.sampled_from(sorted(EVERYTHING_PASSES)), max_size=2),
)
def test_no_missing_information_raises_the_reference_score(
    lost: set[tuple[str, int]], how: Verdict | None, gone: set[str]
) -> None:
    """Findings become unknown or are not there, devices are not judged again: never better."""
    base = EVERYTHING_PASSES
    poorer: Findings = {}
    for device, found in base.items():
        kept = []
        for number, one in enumerate(found):
            if (device, number) not in lost:
                kept.append(one)
            elif how is not None:
                kept.append(one.model_copy(update={"verdict": how}))
        poorer[device] = tuple(kept)
    judged_again = {name: found for name, found in poorer.items() if name not in gone}
    assert reference_of(poorer, judged_again) <= reference_of(base, base)
    if gone:
        assert reference_of(base, {n: f for n, f in base.items() if n not in gone}) == -1.0


@given(lost=st.sets(st.sampled_from(FINDINGS), max_size=12))
def test_no_missing_information_makes_a_control_compliant(lost: set[tuple[str, int]]) -> None:
    base = sample.findings()
    poorer = {
        device: tuple(
            one.model_copy(update={"verdict": Verdict.NOT_CHECKED})
            if (device, number) in lost
            else one
            for number, one in enumerate(found)
        )
        for device, found in base.items()
    }
    before = controls(build(sample.checked(), sample.AT))
    after = controls(build(sample.checked(findings=poorer), sample.AT))
    for name, verdict in after.items():
        assert verdict is not Verdict.PASS or before[name] is Verdict.PASS


def test_the_reference_counts_what_the_site_changed() -> None:
    data = build(sample.checked(reference=sample.findings()), sample.AT)
    assert data.reference is not None
    assert (data.reference.parameters, data.reference.disabled) == (1, 1)
    assert build(sample.checked(), sample.AT).reference is None


def test_history_tells_the_change_and_since_when(report: ReportData) -> None:
    assert report.history is not None
    assert report.history.changes is not None
    with language("en"):
        (told,) = change_sentences(report)
        rows = trend_rows(report)
    assert told.startswith("Since the check of 2026-10-20")
    assert "3 new non-compliances, 2 mended, 0 no longer known." in told
    assert [bool(one.note) for one in rows] == [True, False, True]
    assert rows[0].share == "–"  # judged by other rules: never beside ours
    assert rows[-1].note == "this check"
    since = {(one.device, one.rule): one for one in report.history.since}
    failing = {(one.subject.id, one.rule) for one in report.findings if one.verdict is Verdict.FAIL}
    assert set(since) == failing
    new = since["til-pc-03", "kernel_log_restricted"]
    assert new.run == report.run.id
    assert new.held_at is not None
    assert since["til-nb-01", "disk_encrypted"].held_at is None


def test_without_earlier_checks_no_trend_is_made_up() -> None:
    data = build(sample.checked(history=History()), sample.AT)
    with language("en"):
        assert list(change_sentences(data)) == [
            "There is no earlier check of the whole site to compare with."
        ]
        assert trend_rows(data) == ()


def test_the_census_counts_every_device_once(report: ReportData) -> None:
    counted = census(report)
    total = counted.rows[-1]
    present = [one for one in sample.devices() if one.state is not DeviceState.REMOVED]
    assert total.declared == len(present) == sum(one.declared for one in counted.rows[:-1])
    assert total.removed == len(counted.removed) == 1
    assert total.declared - total.delivered == len(counted.without_delivery)
    assert total.seen == 8


def test_the_heat_map_shows_the_worst_of_each_theme(report: ReportData) -> None:
    themes = [one.key for one in report.themes]
    with language("en"):
        heat = heat_map(report.devices, report.findings, themes)
    kept = [one.id for one in report.devices if one.standing is not Standing.REMOVED]
    assert [row.device for row in heat.rows] == kept
    assert len(kept) < len(report.devices)
    for row in heat.rows:
        for theme, cell in zip(themes, row.cells, strict=True):
            own = [
                one.verdict
                for one in report.findings
                if one.subject.id == row.device and one.theme == theme
            ]
            if Verdict.FAIL in own:
                assert (cell.verdict, cell.count) == (Verdict.FAIL, own.count(Verdict.FAIL))
            elif not own:
                assert cell.verdict is None
            else:
                assert cell.verdict is not Verdict.PASS or set(own) <= {
                    Verdict.PASS, Verdict.NOT_APPLICABLE,
                }  # fmt: skip
    assert "52" in heat.summary


def test_people_stand_by_pseudonym_and_unused_is_not_compliant(report: ReportData) -> None:
    factor = report.second_factor
    assert factor is not None
    assert factor.counts[Verdict.PASS] == 1
    assert sum(factor.counts.values()) == factor.persons == 3
    page = html.render(report, "en")["report.html"].decode()
    part = page.split('id="declared"')[1].split("</section>")[0]
    assert "p-51be07d4" in part
    assert "Declaration expired" in part
    assert "Not declared" in part
    # What is declared is never shown as compliant, and what nobody measured says so.
    assert 'class="v pass"' not in "".join(part.split("<h3")[2:])
    assert "not measured" in part
    declared = report.declared
    assert declared is not None
    for state in ("Contradicted by a measurement", "Declared not to be so", "Declared, ends soon"):
        assert state in part
    assert declared.counts[Verdict.PASS] == sum(
        one.verdict is Verdict.PASS and one.days_left is not None and one.days_left >= 0
        for one in declared.matters
    )
    # None of it is part of the score.
    bare = build(sample.checked(declared=None), sample.AT)
    assert bare.summary == report.summary
    assert bare.findings == report.findings


def test_what_is_not_known_of_people_and_clients_is_said() -> None:
    data = build(sample.checked(second_factor=None, clients=()), sample.AT)
    page = html.render(data, "en")["report.html"].decode()
    assert "how many have a second factor is not known" in page
    assert "has chosen no care-record software" in page
