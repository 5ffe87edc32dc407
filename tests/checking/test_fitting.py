"""A file is written because one of its settings differs: the others lose nothing by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.checking.judging import judge_device
from kit.model.artefact import FileArtefact, SysctlArtefact
from kit.model.verdict import Verdict
from kit.planning.planning import plan_device
from tests.catalogue.writing import rule, write_catalogue
from tests.checking.test_planning import DEVICE, SYSRQ, context, snapshot

PERF = "kernel.perf_event_paranoid"
PERF_RULE = f"[{{type: sysctl, name: {PERF}, op: at_least, value: 1, enforce: 2}}]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path, rule("sysrq_off", SYSRQ), rule("perf_limited", PERF_RULE))


def lines(content: str) -> list[str]:
    return [line for line in content.splitlines() if line and not line.startswith("#")]


def test_what_is_stricter_stays_when_the_file_is_written_for_another_setting(folder: Path) -> None:
    here = context(folder)
    live = {"kernel.sysrq": "0", PERF: "3"}
    judged = judge_device(here, DEVICE, snapshot(here, live, f"{PERF} = 3\n"))
    assert {one.rule: one.verdict for one in judged.findings} == {
        "perf_limited": Verdict.PASS,
        "sysrq_off": Verdict.FAIL,
    }
    (change,) = plan_device(judged, "x").changes
    assert isinstance(change.artefact, FileArtefact)
    assert lines(change.artefact.content) == [f"{PERF} = 3", "kernel.sysrq = 0"]
    assert change.rules == ("sysrq_off",)


def test_the_plan_shows_the_value_that_is_written(folder: Path) -> None:
    """Nothing is persisted; the kernel's own 4 is, and the live value is left alone."""
    here = context(folder)
    judged = judge_device(
        here, DEVICE, snapshot(here, {"kernel.sysrq": "0", PERF: "4"}, "kernel.sysrq = 0\n")
    )
    (change,) = plan_device(judged, "x").changes
    assert isinstance(change.artefact, FileArtefact)
    assert lines(change.artefact.content) == [f"{PERF} = 4", "kernel.sysrq = 0"]
    assert [(one.key, one.old, one.new) for one in change.values] == [(PERF, "<absent>", "4")]


def test_a_value_that_is_too_low_gets_what_the_rule_says(folder: Path) -> None:
    here = context(folder)
    judged = judge_device(
        here, DEVICE, snapshot(here, {"kernel.sysrq": "0", PERF: "0"}, f"{PERF} = 0\n")
    )
    changes = {change.kind.value: change for change in plan_device(judged, "x").changes}
    assert changes["sysctl"].artefact == SysctlArtefact(name=PERF, value="2")
    assert isinstance(changes["file"].artefact, FileArtefact)
    assert f"{PERF} = 2" in lines(changes["file"].artefact.content)
    assert [one.new for change in changes.values() for one in change.values if one.key == PERF] == [
        "2",
        "2",
    ]
