"""What ``plan`` and ``apply`` say besides each change: how many posts, and the name of the run."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kit.app.carrying import Carried
from kit.app.check import CheckResult
from kit.cli import terminal
from kit.cli.apply_shown import show_apply
from kit.cli.plan_shown import show_plan
from kit.engines.base import ChangeResult, ChangeState, Ending, Outcome
from kit.i18n import language
from kit.loop.applying import Applied
from kit.loop.reading import Reading
from kit.model.artefact import FileArtefact
from kit.model.plan import Change, DevicePlan, Plan, Refusal
from kit.model.run import Operator, Run
from kit.model.target import ArtefactKind
from kit.model.verdict import Reason, ReasonCode

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
RUN = Run(
    id="20261127T120000Z-abcdef", site="lab", kind="apply", started_at=AT,
    operator=Operator(account="tech", controller="pc"), tool_version="1",
    baseline="esms", baseline_version="1", catalogue_digest="d",
)  # fmt: skip
SITE = cast("Any", SimpleNamespace(loaded=SimpleNamespace(site=SimpleNamespace(id="lab"))))


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch):
    terminal.console.cache_clear()
    with language("en"):
        yield
    terminal.console.cache_clear()


def test_posts_nothing_changes_on_are_not_counted(capsys: pytest.CaptureFixture[str]):
    change = Change(
        kind=ArtefactKind.FILE, target="/etc/motd", phase=1, values=(), rules=(),
        artefact=FileArtefact(path="/etc/motd", content="x"),
    )  # fmt: skip
    unread = Reason(code=ReasonCode.CLASS_NOT_COVERED)
    plan = Plan(
        site="lab", baseline="esms", baseline_digest="d", made_at=AT, tool_version="1",
        devices=(
            DevicePlan(device="reader", snapshot="", not_known=unread),
            DevicePlan(device="post", snapshot="", changes=(change,)),
        ),
    )  # fmt: skip
    show_plan(SITE, plan, as_json=False, verbose=0)
    assert "1 change on 1 device;" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "named"),
    [
        (ChangeState.DONE, True),
        (ChangeState.FAILED, True),
        (ChangeState.UNKNOWN, True),
        (ChangeState.UNCHANGED, False),
        (ChangeState.SKIPPED, False),
    ],
)
def test_a_run_that_touched_something_says_how_to_go_back(
    state: ChangeState, named: bool, capsys: pytest.CaptureFixture[str]
):
    outcome = Outcome(
        device="post", ending=Ending.DONE,
        results=(ChangeResult(target="file:/etc/motd", state=state),),
    )  # fmt: skip
    applied = Applied(Reading(), {}, Reading(), {"post": outcome})
    found = CheckResult(RUN, Reading())
    show_apply(SITE, Carried(found, found, applied, True, 0), as_json=False)
    assert (f"esms-kit undo {RUN.id}" in capsys.readouterr().out) is named


def test_nothing_to_change_is_not_said_where_all_was_refused(
    capsys: pytest.CaptureFixture[str],
):
    why = Reason(code=ReasonCode.PRIOR_UNKNOWN, subject="file:/etc/motd")
    refusal = Refusal(rules=(), target="file:/etc/motd", reason=why)
    plans = {"a": DevicePlan(device="a", snapshot="", refused=(refusal,))}
    found = CheckResult(RUN, Reading())
    applied = Applied(Reading(), plans, Reading())
    show_apply(SITE, Carried(found, found, applied, True, 1), as_json=False)
    told = capsys.readouterr().out
    assert "Nothing to change" not in told
    assert "Nothing was changed; each ✗ below says why." in told


@pytest.mark.parametrize(
    ("unread", "told"),
    [
        ((), "Nothing to change; no device"),
        (("a",), "Nothing to change where it could be read"),
        (("a", "b"), "Nothing could be read"),
    ],
)
def test_nothing_to_change_is_not_said_of_posts_nobody_read(
    unread: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
):
    why = Reason(code=ReasonCode.NOT_REACHED, subject="not_reached")
    plans = {
        name: DevicePlan(device=name, snapshot="", not_known=why if name in unread else None)
        for name in ("a", "b")
    }
    applied = Applied(Reading(), plans, Reading())
    found = CheckResult(RUN, Reading())
    show_apply(SITE, Carried(found, found, applied, True, 4), as_json=False)
    assert told in capsys.readouterr().out
