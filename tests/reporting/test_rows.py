"""The rows of a device: alike readings once, failing instances by value, one cause told once."""

from __future__ import annotations

from functools import partial

import pytest

from kit.checking.reasons import explain, show_observed
from kit.i18n import language
from kit.model.finding import Finding, FindingDetail
from kit.model.verdict import Reason, ReasonCode, Verdict
from kit.reporting.rows import MOST_KEYS, DeviceRows, Row, device_rows, finding_row
from tests.reporting import sample


@pytest.fixture(autouse=True)
def english():
    with language("en"):
        yield


def detail(key: str, **changes: object) -> FindingDetail:
    values = {
        "setting": f"sysctl:{key}", "read": "sysctl_live", "key": key, "verdict": Verdict.FAIL,
        "operator": "equals", "expected": "0", "observed": "1",
        "reasons": (Reason(code=ReasonCode.DIFFERS, subject=key, detail="1"),),
    }  # fmt: skip
    return FindingDetail(**{**values, **changes})  # type: ignore[arg-type]


def finding(verdict: Verdict, *details: FindingDetail) -> Finding:
    first = sample.findings()["til-nb-01"][0]
    reasons = tuple(reason for one in details for reason in one.reasons)
    return first.model_copy(update={"verdict": verdict, "details": details, "reasons": reasons})


def rows_of(found: list[Finding]) -> DeviceRows:
    numbers = {one.rule: number for number, one in enumerate(found, 1)}
    return device_rows(found, numbers, partial(finding_row, numbers, {}))


def row(verdict: Verdict, *details: FindingDetail) -> Row:
    one = finding(verdict, *details)
    rows = rows_of([one])
    return (*rows.open, *rows.settled)[0]


def test_keys_that_show_the_same_share_a_line() -> None:
    made = row(
        Verdict.FAIL,
        detail("a"),
        detail("b"),
        detail("a", read="sysctl_persisted"),
        detail("c", observed="2"),
    )
    assert [(line.keys, line.reads, line.observed) for line in made.lines] == [
        (("a", "b"), "sysctl_live, sysctl_persisted", "1"),
        (("c",), "sysctl_live", "2"),
    ]


def test_many_keys_are_counted() -> None:
    (line,) = row(Verdict.FAIL, *(detail(f"k{n}") for n in range(MOST_KEYS + 3))).lines
    assert (len(line.keys), line.more_keys) == (MOST_KEYS, 3)


def test_of_instances_those_that_fail_are_shown_by_value() -> None:
    reasons = (
        Reason(code=ReasonCode.DIFFERS, subject="port [root@inside]", detail="yes"),
        Reason(code=ReasonCode.DIFFERS, subject="port [op@inside]", detail="yes"),
        Reason(code=ReasonCode.ABSENT, subject="port [op@outside]"),
    )
    seen = "root@inside: yes; root@outside: no; op@inside: yes; op@outside: <absent>"
    (line,) = row(Verdict.FAIL, detail("port", observed=seen, reasons=reasons)).lines
    assert line.observed == "yes (root@inside, op@inside); [absent] (op@outside)"


def test_names_that_a_read_makes_up_are_in_the_language() -> None:
    reasons = (Reason(code=ReasonCode.DIFFERS, subject="port [everybody]", detail="yes"),)
    found = detail("port", observed="everybody: yes", reasons=reasons)
    with language("fr"):
        (line,) = row(Verdict.FAIL, found).lines
        assert line.observed == "yes (tout le monde)"
        assert show_observed("everybody: <absent>; claire: no") == (
            "tout le monde: [absent]; claire: no"
        )
        assert "port [tout le monde]" in explain(reasons[0])


def test_a_reason_about_something_else_leaves_the_observation_whole() -> None:
    reasons = (
        Reason(code=ReasonCode.DIFFERS, subject="port [root]", detail="yes"),
        Reason(code=ReasonCode.INSTANCES_INCOMPLETE, subject="port"),
    )
    (line,) = row(Verdict.FAIL, detail("port", observed="root: yes", reasons=reasons)).lines
    assert line.observed == "root: yes"


def test_nothing_is_expected_of_what_was_not_read() -> None:
    unread = (Reason(code=ReasonCode.UNREADABLE, subject="a", detail="denied: no way in"),)
    made = row(
        Verdict.ERROR,
        detail("a", verdict=Verdict.ERROR, observed="<denied>", reasons=unread),
        detail("b", verdict=Verdict.ERROR, expected="9", observed="<denied>", reasons=unread),
        detail("c", verdict=Verdict.PASS, observed="0", reasons=()),
    )
    (line,) = made.lines
    assert (line.keys, line.expected) == (("a", "b"), "")
    assert line.observed == "[not read: the rights were not sufficient]"
    assert made.as_expected == 1
    assert made.notes == (
        "The device said: “no way in”.",
        "Give the management account its administrator rights back.",
    )


def test_a_device_that_nobody_read_is_told_in_one_piece() -> None:
    found = sample.findings()["til-pc-04"]
    rows = rows_of(found)
    assert rows.same is not None
    assert rows.same.rules == tuple(range(1, len(found) + 1))
    assert rows.same.verdict is Verdict.NOT_CHECKED
    assert (rows.open, rows.settled) == ((), ())


def test_one_other_finding_is_not_swallowed() -> None:
    first, *others = sample.findings()["til-pc-04"]
    found = [first.model_copy(update={"verdict": Verdict.ERROR}), *others]
    rows = rows_of(found)
    assert rows.same is None
    assert len(rows.open) == len(found)


def test_settled_findings_are_apart_from_open_ones() -> None:
    found = sample.findings()["til-pc-03"]
    rows = rows_of(found)
    assert {one.verdict for one in rows.settled} <= {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert len(rows.open) + len(rows.settled) == len(found)
    orders = [one.severity.order for one in rows.open]
    assert orders == sorted(orders, reverse=True)
