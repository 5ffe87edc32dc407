"""What is held back of a plan, and what waits for it."""

from __future__ import annotations

from kit.model.artefact import ReloadArtefact, SysctlArtefact
from kit.model.meta import Path
from kit.model.plan import Change, ChangedValue, DevicePlan
from kit.model.target import ArtefactKind
from kit.planning.guarding import guard


def change(name: str, setting: str, *, cuts: tuple[Path, ...] = (), after: str = "") -> Change:
    return Change(
        kind=ArtefactKind.SYSCTL,
        target=name,
        phase=10,
        artefact=SysctlArtefact(name=name, value="1"),
        values=(ChangedValue(rule="some_rule", setting=setting, key="k", old="0", new="1"),),
        rules=("some_rule",),
        may_cut=cuts,
        after=(after,) if after else (),
    )


PLAN = DevicePlan(
    device="pc-1",
    snapshot="d",
    changes=(
        change("kernel.a", "sysctl:kernel.a"),
        change("kernel.b", "firewall:default_deny", cuts=(Path.NETWORK,)),
        change("kernel.c", "sysctl:kernel.c", after="sysctl:kernel.b"),
        Change(
            kind=ArtefactKind.RELOAD, target="ssh", phase=60, rules=("some_rule",), values=(),
            artefact=ReloadArtefact(action="ssh"), may_cut=(Path.SSH,),
        ),
    ),
)  # fmt: skip


def outcome(plan: DevicePlan) -> tuple[list[str], dict[str, str]]:
    refused = {one.target: one.reason.code.value for one in plan.refused}
    return [one.target for one in plan.changes], refused


def test_what_may_cut_is_held_back_with_what_comes_after_it() -> None:
    kept, refused = outcome(guard(PLAN, without_watchdog=False))
    assert kept == ["kernel.a"]
    assert refused == {
        "sysctl:kernel.b": "watchdog_needed",
        "sysctl:kernel.c": "blocked_by",
        "reload:ssh": "watchdog_needed",
    }


def test_everything_is_made_when_it_was_said_so() -> None:
    kept, refused = outcome(guard(PLAN, without_watchdog=True))
    assert kept == ["kernel.a", "kernel.b", "kernel.c", "ssh"]
    assert refused == {}


def test_firewall_that_shuts_the_controller_out_is_refused_whatever_was_said() -> None:
    guarded = guard(PLAN, without_watchdog=True, shut_out="192.0.2.9")
    kept, refused = outcome(guarded)
    assert kept == ["kernel.a", "ssh"]
    assert refused == {"sysctl:kernel.b": "controller_shut_out", "sysctl:kernel.c": "blocked_by"}
    assert guarded.refused[0].reason.subject == "192.0.2.9"
