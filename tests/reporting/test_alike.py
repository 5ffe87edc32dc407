"""Findings of many devices that say the same: told once, and never one for another."""

from __future__ import annotations

from datetime import timedelta

from kit.model.finding import Subject, SubjectKind
from kit.model.verdict import Verdict
from kit.reporting.alike import Alike
from tests.reporting import sample

FIRST = next(one for one in sample.findings()["til-pc-01"] if one.verdict is Verdict.PASS)


def test_device_and_moment_make_no_difference() -> None:
    other = Subject(kind=SubjectKind.DEVICE, id="another")
    later = FIRST.observed_at + timedelta(seconds=1)
    seen = []
    told = Alike(lambda one: seen.append(one) or one.verdict)
    told(FIRST)
    told(FIRST.model_copy(update={"subject": other, "observed_at": later}))
    assert seen == [FIRST]


def test_everything_else_does() -> None:
    told = Alike(lambda one: one)
    told(FIRST)
    for name in type(FIRST).model_fields.keys() - {"subject", "observed_at"}:
        changed = FIRST.model_copy(update={name: object()})
        assert told(changed) is changed, name
