"""What became of declarations between two days of the example site."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kit.app.declared_matters import judged_declarations
from kit.app.opening import OpenSite, open_site
from kit.checking.declared_drift import DeclaredChange, declared_changes
from kit.model.declaration import Answer, DeclarationState
from kit.model.verdict import Verdict
from kit.sites.workspace import load_workspace
from tests.loop.lab_site import ROOT


@pytest.fixture(scope="module")
def site() -> OpenSite:
    return open_site(load_workspace(ROOT), "example")


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, 9, tzinfo=UTC)


def changes(site: OpenSite, *days: datetime) -> dict[str, DeclaredChange]:
    was, is_ = (judged_declarations(site, (), one) for one in days)
    return {one.rule: one for one in declared_changes(was, is_)}


def test_the_same_day_changes_nothing(site: OpenSite) -> None:
    assert changes(site, day(11, 20), day(11, 20)) == {}


def test_what_runs_out_is_worse(site: OpenSite) -> None:
    declared = site.loaded.declarations
    assert declared is not None
    ending = next(one for one in declared.declarations if one.until < day(11, 20).date())
    assert ending.answer is Answer.YES
    change = changes(site, day(11, 1), day(11, 20))[ending.rule]
    assert change.after is not None
    assert (change.after.state, change.worse) == (DeclarationState.EXPIRED, True)


def test_what_is_declared_anew_is_not_worse_and_the_way_back_is(site: OpenSite) -> None:
    declared = site.loaded.declarations
    assert declared is not None
    none = replace(site, loaded=replace(site.loaded, declarations=None))
    nothing = judged_declarations(none, (), day(11, 20))
    all_of_it = judged_declarations(site, (), day(11, 20))
    made = declared_changes(nothing, all_of_it)
    assert made
    assert not any(one.worse for one in made if one.after.verdict is not Verdict.FAIL)
    assert all(one.worse for one in made if one.after.verdict is Verdict.FAIL)
    lost = declared_changes(all_of_it, nothing)
    settled = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert {one.worse for one in lost if one.before.verdict in settled} == {True}


def test_what_is_no_longer_asked_is_no_failure(site: OpenSite) -> None:
    every = judged_declarations(site, (), day(11, 20))
    gone = declared_changes(every, ())
    assert len(gone) == len(every)
    assert not any(one.worse for one in gone)
