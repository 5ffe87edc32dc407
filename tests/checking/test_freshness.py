"""A reading that is too old, or of a day to come, makes nothing green: it counts as not checked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from kit.checking.judging import judge_device
from kit.model.site import OLDEST_READING_DAYS
from kit.model.verdict import ReasonCode, Verdict
from kit.planning.planning import plan_device
from tests.checking.test_planning import (
    AT,
    DEVICE,
    GOOD,
    GOOD_FILE,
    PTRACE,
    SYSRQ,
    context,
    rule,
    snapshot,
    write_catalogue,
)

DAY = timedelta(days=1)
MOST = OLDEST_READING_DAYS * DAY


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path, rule("sysrq_off", SYSRQ), rule("ptrace_limited", PTRACE))


def judged(two: Path, age: timedelta, **changes: object):
    here = context(two)
    seen = snapshot(here, GOOD, GOOD_FILE)
    dated = seen.model_copy(update={"taken_at": AT - age, **changes})
    return judge_device(here, DEVICE, dated)


@pytest.mark.parametrize("age", [timedelta(0), MOST, -DAY])
def test_a_reading_of_the_month_is_judged(two: Path, age: timedelta) -> None:
    assert {one.verdict for one in judged(two, age).findings} == {Verdict.PASS}


@pytest.mark.parametrize(
    ("age", "code"),
    [
        (MOST + timedelta(seconds=1), ReasonCode.TOO_OLD),
        (365 * DAY, ReasonCode.TOO_OLD),
        (-DAY - timedelta(seconds=1), ReasonCode.DATED_AHEAD),
    ],
)
def test_an_older_or_later_one_is_not(two: Path, age: timedelta, code: ReasonCode) -> None:
    found = judged(two, age)
    assert len(found.findings) == 2
    for one in found.findings:
        assert (one.verdict, one.reasons[0].code) == (Verdict.NOT_CHECKED, code)
        assert one.observed_at is None
    plan = plan_device(found, "x")
    assert plan.changes == ()
    assert plan.not_known is not None
    assert plan.not_known.code is code


def test_the_site_says_how_old(two: Path) -> None:
    here = context(two)
    old = snapshot(here, GOOD, GOOD_FILE).model_copy(update={"taken_at": AT - 60 * DAY})
    longer = here.site.model_copy(update={"oldest_reading_days": 60})
    changed = type(here)(here.catalogue, here.baseline, longer, here.waivers, here.at)
    assert {one.verdict for one in judge_device(changed, DEVICE, old).findings} == {Verdict.PASS}


def test_constructed_readings_have_no_age(two: Path) -> None:
    """Their date is made up as well; what is made from them says that it proves nothing."""
    found = judged(two, 365 * DAY, origin="constructed")
    assert {one.verdict for one in found.findings} == {Verdict.PASS}
