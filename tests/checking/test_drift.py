"""What changed between two runs: nothing is called mended or broken that was not seen twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.checking.drift import ChangeKind, Drift, Incomparable, Looked, compare, history
from kit.model.finding import Finding, FindingDetail, Provenance, Subject, SubjectKind
from kit.model.meta import Fix
from kit.model.rule import Severity
from kit.model.run import Operator, Run, new_run_id
from kit.model.tier import Tier
from kit.model.verdict import Reason, ReasonCode, Verdict

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
P, F, E, N, A = (
    Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.NOT_CHECKED, Verdict.NOT_APPLICABLE,
)  # fmt: skip


def run(day: int, **more: Any) -> Run:
    at = START + timedelta(days=day)
    fields: dict[str, Any] = {
        "baseline": "esms", "baseline_version": "2026.11", "catalogue_digest": "d",
        "ended_at": at, "exit_code": 0, **more,
    }  # fmt: skip
    return Run(
        id=new_run_id(at, "abcdef"), site="s", kind="check", started_at=at, tool_version="0",
        operator=Operator(account="root", controller="c"), **fields,
    )  # fmt: skip


def finding(
    device: str, rule: str, verdict: Verdict, observed: str = "1", expected: str = "2",
    waiver: str | None = None, severity: Severity = Severity.HIGH,
) -> Finding:  # fmt: skip
    known = verdict in {P, F}
    detail = FindingDetail(
        setting="s", read="r", key="k", verdict=verdict, operator="equals",
        expected=expected, observed=observed,
    )  # fmt: skip
    code = ReasonCode.NOT_REACHED if verdict is N else ReasonCode.UNREADABLE
    return Finding(
        subject=Subject(kind=SubjectKind.DEVICE, id=device), rule=rule, theme="t",
        severity=severity, tier=Tier.CORE, verdict=verdict, enforced=True, fix=Fix.REMOTE,
        waiver=waiver, details=(detail,) if known else (),
        reasons=() if known else (Reason(code=code),), provenance=Provenance.MEASURED,
    )  # fmt: skip


def looked(day: int, *rows: tuple[Any, ...], **more: Any) -> Looked:
    found: dict[str, list[Finding]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(finding(*row))
    return Looked(run(day, **more), found)


def kinds(drift: Drift) -> dict[tuple[str, str], ChangeKind]:
    return {(one.device, one.rule): one.kind for one in drift.changes}


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ((P, "2"), (F, "1"), ChangeKind.NEW),
        ((A, ""), (F, "1"), ChangeKind.NEW),
        ((F, "1"), (P, "2"), ChangeKind.FIXED),
        ((F, "1"), (F, "3"), ChangeKind.VALUE),
        ((P, "2"), (P, "5"), ChangeKind.VALUE),
        ((F, "1"), (F, "1"), None),
        ((P, "2"), (N, ""), ChangeKind.LOST),
        ((F, "1"), (E, ""), ChangeKind.LOST),
        ((N, ""), (P, "2"), ChangeKind.FOUND_HOLDING),
        ((E, ""), (F, "1"), ChangeKind.FOUND_FAILING),
        ((N, ""), (E, ""), ChangeKind.STILL_UNKNOWN),
        ((N, ""), (N, ""), None),
    ],
)
def test_every_pair_of_verdicts_has_its_word(before, after, kind) -> None:
    drift = compare(looked(1, ("pc", "rule_a", *before)), looked(2, ("pc", "rule_a", *after)))
    assert kinds(drift) == ({("pc", "rule_a"): kind} if kind else {})


def test_a_verdict_that_changed_without_the_device_is_told_apart() -> None:
    """The site asks for more: nobody touched the device, nobody broke it."""
    drift = compare(
        looked(1, ("pc", "rule_a", P, "8", "8")), looked(2, ("pc", "rule_a", F, "8", "12"))
    )
    assert kinds(drift)["pc", "rule_a"] is ChangeKind.EXPECTATION


def test_a_waiver_that_ends_is_a_change_of_the_waiver_alone() -> None:
    drift = compare(
        looked(1, ("pc", "rule_a", F, "1", "2", "W1")), looked(2, ("pc", "rule_a", F, "1", "2"))
    )
    assert kinds(drift)["pc", "rule_a"] is ChangeKind.WAIVER
    assert drift.ranking is not None
    assert drift.ranking.trend == "same"


def test_since_when_is_never_more_than_was_seen() -> None:
    rows = [
        looked(1, ("pc", "rule_a", P), ("old", "rule_a", F)),
        looked(2, ("pc", "rule_a", F), ("old", "rule_a", N)),
        looked(3, ("pc", "rule_a", N), ("old", "rule_a", F)),
        looked(4, ("pc", "rule_a", F), ("old", "rule_a", F)),
    ]
    drift = compare(rows[2], rows[3], reversed(rows[:3]))
    since = {one.device: one.since for one in drift.standing}
    assert since["pc"].run == rows[1].run.id
    assert since["pc"].held_at == rows[0].run.started_at
    assert since["pc"].unseen == 1
    assert since["old"].run == rows[0].run.id
    assert since["old"].held_at is None
    assert since["old"].unseen == 1


def test_a_run_that_could_not_tell_does_not_make_a_failure_older() -> None:
    rows = [looked(1, ("pc", "rule_a", N)), looked(2, ("pc", "rule_a", F))]
    drift = compare(rows[0], rows[1], reversed(rows[:1]))
    assert drift.standing[0].since.run == rows[1].run.id
    assert drift.standing[0].since.unseen == 0


def test_older_runs_are_read_only_as_far_as_needed() -> None:
    def older():
        yield looked(2, ("pc", "rule_a", P))
        raise AssertionError("one run too many")

    now = looked(3, ("pc", "rule_a", F))
    assert compare(looked(2, ("pc", "rule_a", P)), now, older()).standing[0].since.run == now.run.id


def test_devices_that_came_went_or_were_not_asked() -> None:
    before = looked(1, ("a", "rule_a", P), ("b", "rule_a", P))
    after = looked(2, ("b", "rule_a", P), ("c", "rule_a", F))
    found = {one.device: one.kind for one in compare(before, after).devices}
    assert found == {"a": "vanished", "c": "new"}
    partial = looked(2, ("b", "rule_a", P), selection=("--limit b",))
    found = {one.device: one.kind for one in compare(before, partial).devices}
    assert found == {"a": "not_asked_after"}
    assert compare(before, partial).ranking is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"baseline": "other"}, Incomparable.OTHER_BASELINE),
        ({"baseline_version": "2027.1"}, Incomparable.OTHER_VERSION),
        ({"catalogue_digest": "e"}, Incomparable.OTHER_CATALOGUE),
        ({"selection": ("--limit x",)}, Incomparable.PARTIAL),
    ],
)
def test_other_baselines_are_never_ranked_but_shown(change, why) -> None:
    before = looked(1, ("pc", "rule_a", F), ("pc", "rule_old", F))
    after = looked(2, ("pc", "rule_a", P), ("pc", "rule_new", F), **change)
    drift = compare(before, after)
    assert drift.why_not == (why,)
    assert drift.ranking is None
    assert kinds(drift) == {("pc", "rule_a"): ChangeKind.FIXED}
    assert drift.rules_added == ("rule_new",)
    assert drift.rules_gone == ("rule_old",)
    assert history([before, after])[1].ranking is None


def test_the_clock_that_went_back_is_told() -> None:
    drift = compare(looked(5, ("pc", "rule_a", P)), looked(2, ("pc", "rule_a", P)))
    assert drift.clock_went_back
    row = history([looked(5, ("pc", "rule_a", P)), looked(2, ("pc", "rule_a", P))])
    assert [one.clock_went_back for one in row] == [False, True]


def test_partial_and_unended_runs_are_not_ranked_against() -> None:
    rows = [
        looked(1, ("pc", "rule_a", F)),
        looked(2, ("pc", "rule_a", P), selection=("--limit pc",)),
        looked(3, ("pc", "rule_a", P), ended_at=None, exit_code=None),
        looked(4, ("pc", "rule_a", P)),
    ]
    row = history(rows)
    assert row[3].against == rows[0].run.id
    assert row[3].ranking is not None
    assert row[3].ranking.trend == "better"


VERDICTS = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["rule_a", "rule_b"])),
    st.sampled_from([P, F, E, N, A]),
    min_size=1,
)


@given(VERDICTS, VERDICTS)
def test_what_was_not_seen_on_both_sides_never_counts_as_progress(was, is_) -> None:
    before = looked(1, *((d, r, v) for (d, r), v in was.items()))
    after = looked(2, *((d, r, v) for (d, r), v in is_.items()))
    drift = compare(before, after)
    judged = {P, F, A}
    for one in drift.changes:
        if one.kind in {ChangeKind.NEW, ChangeKind.FIXED}:
            assert one.before.verdict in judged
            assert one.after.verdict in judged
    fixed = sum(one.kind is ChangeKind.FIXED for one in drift.changes)
    new = sum(one.kind is ChangeKind.NEW for one in drift.changes)
    if drift.ranking is not None and not drift.rules_added and not drift.rules_gone:
        assert (drift.ranking.gained, drift.ranking.lost) == (4 * fixed, 4 * new)
    failing = {(d, r) for (d, r), v in is_.items() if v is F}
    assert {(one.device, one.rule) for one in drift.standing} == failing


@given(VERDICTS)
def test_a_run_does_not_differ_from_itself(was) -> None:
    rows = [(d, r, v) for (d, r), v in was.items()]
    drift = compare(looked(1, *rows), looked(2, *rows))
    assert drift.changes == drift.devices == drift.rules_added == drift.rules_gone == ()
