"""The laws of a report: nothing vanishes, nothing is green by silence, counts add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.i18n import language
from kit.model.device import DeviceState
from kit.model.finding import Finding, Provenance
from kit.model.rule import Severity
from kit.model.snapshot import Outcome
from kit.model.verdict import Reason, ReasonCode, Verdict
from kit.model.waiver import Waiver
from kit.reporting.building import ForeignFindings, build
from kit.reporting.data import (
    Group,
    NoticeCode,
    ReportData,
    Result,
    Standing,
    TaskKind,
    WaiverState,
    WithheldCode,
)
from kit.reporting.words import notice_text
from tests.reporting import sample

EVERYTHING_PASSES = {
    device: tuple(
        one.model_copy(
            update={
                "verdict": Verdict.PASS, "reasons": (), "details": (), "waiver": None,
                "pending": None, "provenance": Provenance.MEASURED,
            }
        )
        for one in found
    )
    for device, found in sample.findings().items()
}  # fmt: skip
GRADES = "EDCBA"


@pytest.fixture(scope="module")
def report() -> ReportData:
    return build(sample.checked(), sample.AT)


def added(results: Sequence[Result]) -> Counter[Verdict]:
    total: Counter[Verdict] = Counter()
    for one in results:
        total.update(one.counts)
    return total


def results_of(groups: Sequence[Group]) -> list[Result]:
    return [one.result for one in groups]


@pytest.mark.parametrize(
    "parts",
    [
        lambda report: [one.result for one in report.devices],
        lambda report: results_of(report.themes),
        lambda report: results_of(report.classes),
        lambda report: results_of(report.severities),
    ],
    ids=["devices", "themes", "classes", "severities"],
)
def test_the_summary_is_the_sum_of_its_parts(
    report: ReportData, parts: Callable[[ReportData], list[Result]]
) -> None:
    assert added(parts(report)) == Counter(report.summary.result.counts)
    assert sum(one.waived for one in parts(report)) == report.summary.result.waived
    assert sum(one.pending for one in parts(report)) == report.summary.result.pending


def test_rules_and_standings_add_up_too(report: ReportData) -> None:
    total: Counter[Verdict] = Counter()
    for rule in report.rules:
        total.update(rule.counts)
    assert total == Counter(report.summary.result.counts)
    assert sum(report.summary.standings.values()) == len(report.devices)
    assert report.summary.devices == len(report.devices) - 1  # one is removed


def test_no_device_and_no_finding_vanishes(report: ReportData) -> None:
    assert [one.id for one in report.devices] == sorted(one.id for one in sample.devices())
    kept = {(one.subject.id, one.rule, one.verdict) for one in report.findings}
    given_ = {
        (one.subject.id, one.rule, one.verdict) for f in sample.findings().values() for one in f
    }
    assert kept == given_
    assert len(report.findings) == sum(report.summary.result.counts.values())


@pytest.mark.parametrize(
    ("device", "standing"),
    [
        ("til-pc-01", Standing.READ),
        ("til-pc-03", Standing.PARTLY_READ),
        ("til-pc-04", Standing.NOT_REACHED),
        ("til-pc-05", Standing.NOT_REACHED),
        ("til-pc-06", Standing.NEVER_SEEN),
        ("til-pc-07", Standing.NOT_READ),
        ("til-pc-08", Standing.MANAGED_BY_OTHER),
        ("til-nb-02", Standing.PARTLY_READ),
        ("til-nb-03", Standing.REMOVED),
        ("til-sw-01", Standing.NOT_COVERED),
    ],
)
def test_a_device_says_how_far_it_was_looked_at(
    report: ReportData, device: str, standing: Standing
) -> None:
    assert next(one for one in report.devices if one.id == device).standing is standing


def test_every_open_finding_nobody_answers_for_is_in_one_task(report: ReportData) -> None:
    due = [
        one
        for one in report.findings
        if one.open and not (one.verdict is Verdict.FAIL and one.waiver is not None)
    ]
    measured = [one for one in report.actions if one.kind is not TaskKind.DECLARE]
    assert sum(action.findings for action in measured) == len(due)
    for action in report.actions:
        assert sum(task.findings for task in action.tasks) == action.findings
        assert set(action.devices) == {name for task in action.tasks for name in task.devices}
    assert {action.kind for action in report.actions} == set(TaskKind) - {
        TaskKind.BY_HAND, TaskKind.EVIDENCE, TaskKind.WAIT,
    }  # fmt: skip


def test_the_gravest_comes_first(report: ReportData) -> None:
    order = [one.severity.order for one in report.actions]
    assert order == sorted(order, reverse=True)
    for action in report.actions:
        tasks = [task.severity.order for task in action.tasks]
        assert tasks == sorted(tasks, reverse=True)


def test_a_grade_needs_everything_judged() -> None:
    good = build(sample.checked(findings=EVERYTHING_PASSES), sample.AT)
    assert good.summary.result.grade == "A"
    assert good.summary.withheld == ()
    assert build(sample.checked(), sample.AT).summary.result.grade is None


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.NOT_CHECKED])
def test_one_unknown_finding_takes_the_grade_away(verdict: Verdict) -> None:
    first, *others = EVERYTHING_PASSES["til-pc-01"]
    unknown = first.model_copy(update={"verdict": verdict})
    findings = {**EVERYTHING_PASSES, "til-pc-01": (unknown, *others)}
    summary = build(sample.checked(findings=findings), sample.AT).summary
    assert summary.result.grade is None
    assert [one.code.value for one in summary.withheld] == [verdict.value]


def test_a_device_without_findings_takes_share_and_grade_away() -> None:
    left = {name: found for name, found in EVERYTHING_PASSES.items() if name != "til-pc-04"}
    data = build(sample.checked(findings=left), sample.AT)
    assert (data.summary.result.ratio, data.summary.result.grade) == (None, None)
    assert [one.code for one in data.summary.withheld] == [WithheldCode.NO_RESULT]
    by_class = {one.key: one.result.ratio for one in data.classes}
    assert by_class["desktop"] is None
    assert by_class["laptop"] == 1.0


def test_a_rule_without_finding_takes_share_and_grade_away() -> None:
    found = EVERYTHING_PASSES["til-pc-01"]
    data = build(sample.checked(findings={**EVERYTHING_PASSES, "til-pc-01": found[1:]}), sample.AT)
    assert data.summary.result.ratio is None
    assert [one.code for one in data.summary.withheld] == [WithheldCode.RULE_WITHOUT_RESULT]
    sheet = next(one for one in data.devices if one.id == "til-pc-01")
    assert sheet.missing_rules == (found[0].rule,)


def test_a_partial_run_has_no_score_anywhere() -> None:
    data = build(sample.checked(findings=EVERYTHING_PASSES, selection=("--rule ssh_*",)), sample.AT)
    groups = (*data.themes, *data.classes, *data.severities)
    assert {one.result.ratio for one in groups} == {None}
    assert data.summary.result.ratio is None
    assert NoticeCode.PARTIAL_RUN in {one.code for one in data.notices}


def test_a_removed_device_holds_nothing_back() -> None:
    removed = next(one for one in sample.devices() if one.state is DeviceState.REMOVED)
    data = build(sample.checked(findings=EVERYTHING_PASSES), sample.AT)
    assert data.summary.result.grade == "A"
    assert removed.id in {one.id for one in data.devices}


def test_nothing_checked_gives_no_score() -> None:
    data = build(sample.checked(findings={}), sample.AT)
    assert data.summary.result.ratio is None
    assert data.summary.result.coverage == 0.0
    assert data.summary.withheld[0].code is WithheldCode.NO_RESULT


def test_findings_of_another_site_are_refused() -> None:
    stray = {**sample.findings(), "other-pc-01": sample.findings()["til-pc-01"]}
    with pytest.raises(ForeignFindings, match="til-pc-01"):
        build(sample.checked(findings=stray), sample.AT)


def test_constructed_data_and_a_test_site_are_announced(report: ReportData) -> None:
    assert [one.code for one in report.notices] == [NoticeCode.TEST_SITE, NoticeCode.CONSTRUCTED]
    real = build(
        sample.checked(findings=EVERYTHING_PASSES, snapshots={}, site=sample.site(test=False,
                       finess_et="220000012", finess_ej=None)), sample.AT,
    )  # fmt: skip
    assert real.notices == ()


@pytest.mark.parametrize("code", [ReasonCode.TOO_OLD, ReasonCode.DATED_AHEAD])
def test_readings_that_are_too_old_are_announced_and_to_be_made_again(code: ReasonCode) -> None:
    reason = Reason(code=code, subject="2025-11-21", detail="31")
    unknown = {"verdict": Verdict.NOT_CHECKED, "reasons": (reason,), "details": ()}
    found = tuple(one.model_copy(update=unknown) for one in EVERYTHING_PASSES["til-pc-01"])
    data = build(sample.checked(findings={**EVERYTHING_PASSES, "til-pc-01": found}), sample.AT)
    assert {one.code: one.count for one in data.notices}[NoticeCode.OLD_READINGS] == 1
    sheet = next(one for one in data.devices if one.id == "til-pc-01")
    assert sheet.standing is Standing.TOO_OLD
    assert data.summary.result.grade is None
    (action,) = (one for one in data.actions if "til-pc-01" in one.devices)
    assert action.kind is TaskKind.REACH


def test_a_clock_that_devices_contradict_is_announced() -> None:
    """A controller a year ahead: what had ended by its dates may not have."""
    seen = sample.snapshots()
    told = {
        name: one.model_copy(update={"device_clock": one.taken_at - timedelta(days=365)})
        for name, one in seen.items()
        if one.outcome is Outcome.DONE
    }
    data = build(sample.checked(snapshots={**seen, **told}), sample.AT)
    count = {one.code: one.count for one in data.notices}[NoticeCode.CLOCK_DOUBTED]
    assert count == len(told) > 1
    with language("fr"):
        text = next(map(notice_text, (one for one in data.notices
                                      if one.code is NoticeCode.CLOCK_DOUBTED)))  # fmt: skip
    assert f"{count} équipements" in text.replace("\u00a0", " ")


def test_another_catalogue_than_the_runs_is_announced() -> None:
    run = sample.run().model_copy(update={"catalogue_digest": "0" * 64})
    data = build(sample.checked(run=run), sample.AT)
    assert NoticeCode.OTHER_CATALOGUE in {one.code for one in data.notices}
    assert data.baseline.catalogue_digest == "0" * 64


def waiver(**changes: object) -> Waiver:
    return sample.waivers()[0].model_copy(update=changes)


@pytest.mark.parametrize(
    ("at", "state", "days"),
    [
        # Paris is one hour ahead of UTC in winter: the last day ends at 23:00 UTC.
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), WaiverState.ENDING, 0),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), WaiverState.EXPIRED, -1),
        (datetime(2026, 11, 1, 12, 0, tzinfo=UTC), WaiverState.ENDING, 60),
        (datetime(2026, 10, 31, 12, 0, tzinfo=UTC), WaiverState.ACTIVE, 61),
        # two hours ahead in summer
        (datetime(2026, 8, 31, 21, 59, tzinfo=UTC), WaiverState.NOT_STARTED, 122),
        (datetime(2026, 8, 31, 22, 0, tzinfo=UTC), WaiverState.ACTIVE, 121),
    ],
)
def test_waivers_end_at_local_midnight(at: datetime, state: WaiverState, days: int) -> None:
    data = build(sample.checked(waivers=(waiver(),)), at)
    (sheet,) = data.waivers
    assert (sheet.state, sheet.days_left) == (state, days)
    assert sheet.devices == ("til-nb-01", "til-pc-03", "til-srv-01")


def test_a_leap_day_is_a_day() -> None:
    leap = waiver(start=date(2028, 2, 1), end=date(2028, 2, 29))
    last = datetime(2028, 2, 29, 22, 59, tzinfo=UTC)
    (sheet,) = build(sample.checked(waivers=(leap,)), last).waivers
    assert (sheet.state, sheet.days_left) == (WaiverState.ENDING, 0)


def test_an_expired_waiver_shows_what_stands_open_without_it(report: ReportData) -> None:
    by_id = {one.waiver.id: one for one in report.waivers}
    assert by_id["DER-2026-01"].state is WaiverState.EXPIRED
    assert by_id["DER-2026-01"].devices == ("til-nb-01", "til-pc-03", "til-srv-01")
    assert by_id["DER-2026-03"].state is WaiverState.UNUSED
    assert by_id["DER-2026-03"].devices == ()


def test_age_and_clock_are_measured(report: ReportData) -> None:
    sheet = next(one for one in report.devices if one.id == "til-nb-02")
    assert sheet.clock_offset == 190
    assert sheet.age == int((sample.AT - sample.snapshots()["til-nb-02"].taken_at).total_seconds())


def test_a_long_value_is_cut_and_says_so() -> None:
    first, *others = sample.findings()["til-nb-01"]
    detail = first.details[0].model_copy(update={"observed": "x" * 10_000_000})
    huge = first.model_copy(update={"details": (detail,)})
    findings = {**sample.findings(), "til-nb-01": (huge, *others)}
    data = build(sample.checked(findings=findings), sample.AT)
    seen = next(
        one for one in data.findings if (one.subject.id, one.rule) == ("til-nb-01", first.rule)
    )
    assert seen.details[0].observed.endswith("x…[+9998000]")
    assert seen.verdict is first.verdict


def score_of(findings: dict[str, tuple[Finding, ...]]) -> tuple[float, float, float, int]:
    """Share, share with waivers, coverage, grade: all that may be read as praise; -1 for none."""
    result = build(sample.checked(findings=findings), sample.AT).summary.result
    return (
        -1.0 if result.ratio is None else result.ratio,
        -1.0 if result.ratio_with_waivers is None else result.ratio_with_waivers,
        result.coverage,
        -1 if result.grade is None else GRADES.index(result.grade),
    )


FINDINGS = [
    (device, number)
    for device, found in sample.findings().items()
    for number in range(len(found))
]  # fmt: skip


@given(
    lost=st.sets(st.sampled_from(FINDINGS), max_size=12),
    how=st.sampled_from([Verdict.ERROR, Verdict.NOT_CHECKED, None]),
    base=st.sampled_from([sample.findings(), EVERYTHING_PASSES]),
)
def test_no_missing_information_raises_a_score(
    lost: set[tuple[str, int]],
    how: Verdict | None,
    base: dict[str, tuple[Finding, ...]],
) -> None:
    """Judged findings become unknown, or are not there at all: nothing may look better."""
    poorer = {}
    for device, found in base.items():
        kept = []
        for number, one in enumerate(found):
            if (device, number) not in lost or one.verdict is Verdict.NOT_APPLICABLE:
                kept.append(one)
            elif how is not None:
                kept.append(one.model_copy(update={"verdict": how, "waiver": None}))
        poorer[device] = tuple(kept)
    before, after = score_of(base), score_of(poorer)
    share, waived, coverage, grade = zip(before, after, strict=True)
    assert share[1] <= share[0]
    assert waived[1] <= waived[0]
    assert grade[1] <= grade[0]
    if how is not None:  # findings that are not there at all are told by `withheld` instead
        assert coverage[1] <= coverage[0]


@given(gone=st.sets(st.sampled_from(sorted(sample.findings())), min_size=1))
def test_devices_left_out_leave_no_share(gone: set[str]) -> None:
    left = {name: found for name, found in sample.findings().items() if name not in gone}
    summary = build(sample.checked(findings=left), sample.AT).summary
    assert summary.result.ratio is None
    assert summary.standings[Standing.NO_RESULT] == len(gone)


def test_what_is_not_read_for_one_cause_is_one_task(report: ReportData) -> None:
    (read,) = [one for one in report.actions if one.kind is TaskKind.READ]
    causes = {(task.reason, task.subject): task for task in read.tasks}
    denied = causes[ReasonCode.UNREADABLE, "denied"]
    assert (denied.rules, denied.devices) == (3, ("til-nb-02",))
    assert causes[ReasonCode.REFUSED, "sudo_refused"].devices == ("til-pc-07",)
    assert causes[ReasonCode.UNREADABLE, "missing_binary"].devices == ("til-tc-01",)


def test_what_is_to_be_declared_again_stands_among_the_first_things_to_do() -> None:
    data = build(sample.checked(), sample.AT)
    assert data.declared is not None
    (action,) = (one for one in data.actions if one.kind is TaskKind.DECLARE)
    open_matters = [
        one for one in data.declared.matters if one.verdict in {Verdict.FAIL, Verdict.NOT_CHECKED}
    ]
    assert action.findings == len(open_matters)
    assert {one.rule for one in action.tasks} == {one.rule for one in open_matters}
    pressing = {one.rule for one in open_matters if one.said_before}
    assert pressing
    for severity in Severity:
        own = [one.rule in pressing for one in action.tasks if one.severity is severity]
        assert own == sorted(own, reverse=True)
    graver = [one for one in data.actions if one.severity.order > action.severity.order]
    assert data.actions.index(action) == len(graver)
