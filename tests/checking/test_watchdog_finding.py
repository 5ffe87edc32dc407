"""That a watchdog is armed, or has put things back, is said by every check that follows."""

from __future__ import annotations

import pytest

from kit.catalogue.loading import shipped_catalogue
from kit.checking.reasons import explain, what_to_do
from kit.checking.standing import watchdog_finding
from kit.desired.resolution import file_key
from kit.model.finding import Finding, Provenance
from kit.model.observation import Absent, Observation, Observed, Unread, Unreadable
from kit.reads.watchdog_files import ARMED, REPORT
from tests.checking.test_planning import AT, DEVICE

TOLD = "esms-kit-watchdog expired 1790000000 abc\nfile /etc/ssh/x.conf\nunit ssh.service\nend\n"


def found(armed: Observation, report: Observation) -> list[Finding]:
    files = {file_key(ARMED): armed, file_key(REPORT): report}
    return list(watchdog_finding(shipped_catalogue(), DEVICE, files, Provenance.MEASURED, AT))


@pytest.mark.parametrize("silent", [Absent(), Unreadable(Unread.NOT_COLLECTED)])
def test_without_a_watchdog_nothing_is_said(silent: Observation) -> None:
    assert found(silent, silent) == []


def test_an_armed_watchdog_fails() -> None:
    (one,) = found(Observed("abc\n"), Absent())
    assert (one.verdict.value, one.reasons[0].code.value) == ("fail", "watchdog_armed")


def test_what_was_put_back_is_told() -> None:
    (one,) = found(Absent(), Observed(TOLD))
    assert one.verdict.value == "fail"
    assert "file /etc/ssh/x.conf, unit ssh.service" in explain(one.reasons[0])
    assert what_to_do(one.reasons[0])


@pytest.mark.parametrize(
    "report",
    [Observed(TOLD.removesuffix("end\n")), Observed(""), Unreadable(Unread.DENIED, "no")],
)
def test_a_report_that_is_cut_or_denied_is_an_error(report: Observation) -> None:
    (one,) = found(Absent(), report)
    assert one.verdict.value == "error"
