"""A fresh plan held against one somebody has seen; the way back; hostile plan files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kit.model.artefact import FileArtefact, HeldArtefact, PackageArtefact
from kit.model.journal import JournalEntry
from kit.model.plan import Change, ChangedValue, DevicePlan
from kit.model.run import Operator
from kit.model.target import ArtefactKind
from kit.planning.agreed import only_agreed, still_agreed
from kit.planning.undoing import plan_back

AT = datetime(2026, 11, 27, tzinfo=UTC)


def value(key: str = "k", old: str = "1", new: str = "0") -> ChangedValue:
    return ChangedValue(rule="a_rule", setting=f"s:{key}", read="r", key=key, old=old, new=new)


def change(path: str = "/etc/a", content: str = "x", *values: ChangedValue, **more: Any) -> Change:
    return Change(
        kind=ArtefactKind.FILE, target=path, phase=30, rules=("a_rule",),
        artefact=FileArtefact(path=path, content=content), values=values or (value(),), **more,
    )  # fmt: skip


def plan(*changes: Change) -> DevicePlan:
    return DevicePlan(device="pc-1", snapshot="d", changes=changes)


def codes(found: DevicePlan) -> list[str]:
    return [one.reason.code.value for one in found.refused]


def test_only_what_was_seen_is_done() -> None:
    fresh = plan(change("/etc/a"), change("/etc/b"))
    assert only_agreed(fresh, plan(change("/etc/a"))).changes == (change("/etc/a"),)


def test_what_is_as_wanted_by_now_is_left_out() -> None:
    assert only_agreed(plan(), plan(change())).changes == ()
    assert only_agreed(plan(), plan(change())).refused == ()


@pytest.mark.parametrize(
    "now",
    [
        change("/etc/a", "x", value(old="7")),
        change("/etc/a", "y"),
        change("/etc/a", "x", value("z")),
    ],
)
def test_an_old_value_that_moved_refuses_the_whole_device(now: Change) -> None:
    found = only_agreed(plan(now, change("/etc/b")), plan(change("/etc/a"), change("/etc/b")))
    assert found.changes == ()
    assert codes(found) == ["plan_outdated", "plan_outdated"]


def test_hostile_content_in_a_plan_is_never_written() -> None:
    hostile = change("/etc/a", "root::0:0::/:/bin/sh")
    assert only_agreed(plan(change("/etc/a")), plan(hostile)).changes == ()
    elsewhere = change("/etc/passwd", "root::0:0::/:/bin/sh")
    assert only_agreed(plan(change("/etc/a")), plan(elsewhere)).changes == ()
    assert still_agreed(plan(change("/etc/a")), plan(elsewhere)).changes == ()


def test_an_interrupted_device_may_have_half_of_its_values() -> None:
    half = change("/etc/a", "x", value(old="0.5"))
    assert still_agreed(plan(half, change("/etc/c")), plan(change())).changes == (half,)
    assert codes(still_agreed(plan(change("/etc/a", "y")), plan(change()))) == ["plan_outdated"]


def entry(made: Change, number: int = 0, **more: Any) -> JournalEntry:
    given = {"prior": ("absent",), "written": ("file 0:0 0644 1 aa",), "state": "done", **more}
    return JournalEntry(
        run="20261127T090000Z-abcdef", device="pc-1", number=number,
        target=f"{made.kind}:{made.target}", change=made,
        operator=Operator(account="root", controller="c"), planned_at=AT, **given,
    )  # fmt: skip


def back(*entries: JournalEntry, now: dict[str, tuple[str, ...]], shown: str = "0") -> DevicePlan:
    return plan_back("pc-1", "d", entries, now, lambda _value: shown, lambda _change: True)


WRITTEN = {"file:/etc/a": ("file 0:0 0644 1 aa",), "file:/etc/b": ("file 0:0 0644 1 aa",)}


def test_the_way_back_goes_the_other_way_round() -> None:
    first, second = change("/etc/a"), change("/etc/b", after=("file:/etc/a",))
    found = back(entry(first), entry(second, 1), now=WRITTEN)
    assert [one.target for one in found.changes] == ["/etc/b", "/etc/a"]
    assert found.changes[1].after == ("file:/etc/b",)
    artefact = found.changes[0].artefact
    assert isinstance(artefact, HeldArtefact)
    assert artefact.expected == "file 0:0 0644 1 aa"
    (shown,) = found.changes[0].values
    assert (shown.old, shown.new) == ("0", "1")


def test_what_builds_on_a_target_that_stays_keeps_it() -> None:
    first, second = change("/etc/a"), change("/etc/b", after=("file:/etc/a",))
    now = {**WRITTEN, "file:/etc/b": ("file 0:0 0644 9 bb",)}
    found = back(entry(first), entry(second, 1), now=now, shown="5")
    assert found.changes == ()
    assert codes(found) == ["blocked_by", "moved"]
    (moved,) = found.refused[1].values
    assert (moved.before, moved.written, moved.now) == ("1", "0", "5")


def test_what_is_as_before_needs_nothing_and_what_was_never_touched_is_left() -> None:
    assert back(entry(change()), now={"file:/etc/a": ("absent",)}) == plan()
    assert back(entry(change(), state="skipped"), now=WRITTEN) == plan()
    assert back(entry(change(), state="reverted"), now=WRITTEN) == plan()
    assert back(entry(change(), state="unchanged", prior=WRITTEN["file:/etc/a"]), now={}) == plan()


@pytest.mark.parametrize(
    ("more", "now", "code"),
    [
        ({"change": change(reversible=False)}, WRITTEN, "irreversible"),
        ({"prior": ()}, WRITTEN, "prior_unknown"),
        ({"prior": ("unknown",)}, WRITTEN, "prior_unknown"),
        ({}, {}, "prior_unknown"),
        ({}, {"file:/etc/a": ("file 0:0 0600 1 aa",)}, "moved"),
    ],
)
def test_what_cannot_go_back_says_why(more: dict[str, Any], now: Any, code: str) -> None:
    made = entry(change()).model_copy(update=more)
    assert codes(back(made, now=now)) == [code]


def test_a_run_that_was_cut_off_goes_back_if_what_is_seen_is_its_own() -> None:
    cut = entry(change(), written=None, state="planned")
    now = {"file:/etc/a": ("file 0:0 0644 5 cc",)}
    assert len(back(cut, now=now, shown="0").changes) == 1
    assert codes(back(cut, now=now, shown="5")) == ["moved"]


@pytest.mark.parametrize(
    ("prior", "state"), [("absent", "purged"), ("removed", "absent"), ("installed", "present")]
)
def test_packages_go_back_to_each_state(prior: str, state: str) -> None:
    made = Change(
        kind=ArtefactKind.PACKAGE, target="telnet", phase=10, rules=("a_rule",), values=(),
        artefact=PackageArtefact(name="telnet", state="absent"),
    )  # fmt: skip
    now = ("installed",) if prior != "installed" else ("absent",)
    told = entry(made, prior=(prior,), written=now, message="telnet-client $(reboot)")
    found = back(told, now={"package:telnet": now})
    states = {one.target: one.artefact.state for one in found.changes}  # type: ignore[union-attr]
    along = {"telnet-client": "present"} if state == "present" else {}
    assert states == {"telnet": state, **along}
