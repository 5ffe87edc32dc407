"""Settings the site's documents give, and the choice of purposes that ``--only`` makes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kit.app.opening import OpenSite
from kit.app.plan import selection
from kit.catalogue.loading import load_catalogue
from kit.checking.judging import Context, judge_device
from kit.desired.resolution import requests
from kit.errors import InvalidDocuments
from kit.model.contribution import Contributions, Source
from kit.model.finding import Finding
from kit.model.rule import Purpose
from kit.model.verdict import ReasonCode, Verdict
from kit.planning.planning import plan_device
from tests.catalogue.writing import rule, write_catalogue
from tests.checking.test_planning import AT, DEVICE, PTRACE, SYSRQ, site, snapshot

WRONG = {"kernel.sysrq": "1", "kernel.yama.ptrace_scope": "0"}
WRONG_FILE = "kernel.sysrq = 1\nkernel.yama.ptrace_scope = 0\n"
FROM_PEOPLE = (
    rule("sysrq_off", SYSRQ)
    .replace("linux:", "linux:\n        source: enrolment")
    .replace("tier: core", "tier: core\n    purpose: enrol")
)


def here(folder: Path, contributions: Contributions) -> Context:
    catalogue = load_catalogue(folder)
    baseline = catalogue.baselines["tiny"]
    return Context(catalogue, baseline, site(), (), AT, contributions)


def judged(context: Context) -> dict[str, Finding]:
    seen = snapshot(context, WRONG, WRONG_FILE)
    return {one.rule: one for one in judge_device(context, DEVICE, seen).findings}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path, FROM_PEOPLE, rule("ptrace_limited", PTRACE))


def given(*values: int) -> Contributions:
    settings = tuple({"type": "sysctl", "name": "kernel.sysrq", "value": one} for one in values)
    return Contributions({Source.ENROLMENT: {DEVICE.id: {"sysrq_off": settings}}})


def test_what_was_never_written_is_not_checked_and_what_is_empty_does_not_apply(
    folder: Path,
) -> None:
    never = judged(here(folder, Contributions()))["sysrq_off"]
    assert never.verdict is Verdict.NOT_CHECKED
    assert [one.code for one in never.reasons] == [ReasonCode.SITE_VALUE_MISSING]
    empty = judged(here(folder, Contributions({Source.ENROLMENT: {}})))["sysrq_off"]
    assert empty.verdict is Verdict.NOT_APPLICABLE
    assert [one.code for one in empty.reasons] == [ReasonCode.NOTHING_ASKED]


def test_the_value_given_is_asked_for_judged_and_not_the_example(folder: Path) -> None:
    context = here(folder, given(1))
    wanted = {
        read.id: keys
        for read, keys in requests(
            context.catalogue, context.baseline, context.site, DEVICE, context.contributions
        ).items()
    }
    assert "kernel.sysrq" in wanted["sysctl_live"]
    assert judged(context)["sysrq_off"].verdict is Verdict.PASS
    assert judged(here(folder, given(0)))["sysrq_off"].verdict is Verdict.FAIL


def test_devices_that_are_given_different_settings_are_not_taken_for_one_another() -> None:
    one, other = given(1), given(0)
    assert one.sign(DEVICE.id) != other.sign(DEVICE.id)
    assert one.sign("pc-2") == "" == Contributions({Source.CLIENTS: {}}).sign(DEVICE.id)


def test_variants_do_not_go_with_a_source(tmp_path: Path) -> None:
    wrong = FROM_PEOPLE.replace(
        f"settings: {SYSRQ}", f"variants: [{{when: {{os: [debian12]}}, settings: {SYSRQ}}}]"
    )
    with pytest.raises(InvalidDocuments, match="source"):
        load_catalogue(write_catalogue(tmp_path, wrong))


@pytest.mark.parametrize(
    ("only", "rules"),
    [
        ((), {"sysrq_off", "ptrace_limited"}),
        ((Purpose.ENROL,), {"sysrq_off"}),
        ((Purpose.HARDEN,), {"ptrace_limited"}),
        ((Purpose.HARDEN, Purpose.ENROL), {"sysrq_off", "ptrace_limited"}),
        ((Purpose.CLIENT,), set()),
    ],
)
def test_only_chooses_by_purpose(folder: Path, only: tuple[Purpose, ...], rules: set[str]) -> None:
    context = here(folder, given(0))
    opened = cast(OpenSite, SimpleNamespace(catalogue=context.catalogue))
    selects: Any = selection(opened, (), only)
    found = judge_device(context, DEVICE, snapshot(context, WRONG, WRONG_FILE))
    plan = plan_device(found, "x", selects)
    assert {name for change in plan.changes for name in change.rules} == rules
