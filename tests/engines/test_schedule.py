"""Reloads happen once per action, after all its files, and not after a failed one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kit.engines.accounts import blocker
from kit.engines.base import ChangeState
from kit.model.artefact import (
    Artefact,
    AttributesArtefact,
    FileArtefact,
    PackageArtefact,
    ReloadArtefact,
    UnitArtefact,
)
from kit.model.meta import Path
from kit.model.plan import Change
from kit.model.target import ArtefactKind
from kit.planning.schedule import Part, Step, steps


def change(
    artefact: Artefact,
    name: str,
    phase: int = 30,
    after: tuple[str, ...] = (),
    cuts: tuple[Path, ...] = (),
) -> Change:
    return Change(
        may_cut=cuts,
        kind=ArtefactKind(artefact.kind),
        target=name,
        phase=phase,
        artefact=artefact,
        values=(),
        rules=(),
        after=after,
    )


def file(name, reload=None, phase=30, after=()):
    return change(FileArtefact(path=f"/etc/{name}", reload=reload), name, phase, after)


def unit(name, phase=50, after=()):
    artefact = UnitArtefact(name=f"{name}.service", enabled="enabled", active=True)
    return change(artefact, name, phase, after)


def reload(action, phase=60, after=()):
    return change(ReloadArtefact(action=action), action, phase, after)


def targets(changes):
    return [step.target for step in steps(changes)]


def test_two_files_of_one_daemon_cause_one_reload_after_both():
    changes = [file("a", "journald", 60), file("b", phase=60), file("c", "journald", 60)]
    assert targets(changes) == ["file:a", "file:b", "file:c", "reload:journald"]
    assert steps(changes)[-1] == Step(
        "reload:journald", ReloadArtefact(action="journald"), ("file:a", "file:c"), always=False
    )


def test_rights_that_a_daemon_looks_at_are_followed_by_its_reload():
    rights = AttributesArtefact(path="/etc/ssh/a", mode_within="0600", reload="ssh")
    assert targets([change(rights, "a", 30), file("b", "ssh", 60)]) == [
        "attributes:a",
        "file:b",
        "reload:ssh",
    ]
    plain = change(rights.model_copy(update={"reload": None}), "a", 30)
    assert targets([plain]) == ["attributes:a"]


def test_a_reload_waits_for_the_end_of_the_phase_of_its_last_file():
    changes = [file("a", "journald", 60), unit("u", 60), file("b", phase=70)]
    assert targets(changes) == ["file:a", "unit:u", "reload:journald", "file:b"]


def test_files_in_two_phases_still_cause_one_reload():
    changes = [file("a", "journald", 30), file("b", phase=40), file("c", "journald", 50)]
    assert targets(changes) == ["file:a", "file:b", "file:c", "reload:journald"]


def test_several_reloads_come_in_a_fixed_order_unit_files_first():
    changes = [
        change(FileArtefact(path=f"/etc/{a}", reload=a), a, cuts=(Path.NETWORK,))
        for a in ("firewall", "ssh", "journald", "systemd")
    ]
    assert targets(changes)[4:] == [
        "reload:systemd",
        "reload:journald",
        "reload:ssh",
        "reload:firewall",
    ]


def test_unit_files_are_taken_in_before_a_unit_is_touched():
    changes = [
        file("rules", "firewall", 70),
        file("fw.service", "systemd", 70),
        unit("fw", 70, ("file:fw.service",)),
    ]
    changes = [one.model_copy(update={"may_cut": (Path.NETWORK,)}) for one in changes]
    assert targets(changes) == [
        "file:rules",
        "file:fw.service",
        "reload:systemd",
        "unit:fw",
        "reload:firewall",
    ]
    assert steps(changes)[3].needs == ("file:fw.service", "reload:systemd")


def test_a_change_that_needs_a_file_in_use_comes_after_its_reload():
    changes = [file("a", "ssh", 60), file("b", phase=60, after=("file:a",)), file("c", "ssh", 60)]
    assert targets(changes) == ["file:a", "reload:ssh", "file:b", "file:c", "reload:ssh"]
    assert steps(changes)[2].needs == ("file:a", "reload:ssh")


def test_a_planned_reload_and_one_for_files_are_one_and_always_done():
    changes = [file("a", "ssh", 60), reload("ssh"), file("b", "ssh", 60)]
    assert targets(changes) == ["file:a", "file:b", "reload:ssh"]
    assert steps(changes)[-1].always is True


def test_a_planned_reload_alone_is_done():
    assert targets([reload("ssh")]) == ["reload:ssh"]
    assert steps([reload("ssh", after=("file:x",))])[0].needs == ("file:x",)


def test_a_failed_file_keeps_its_reload_from_being_tried():
    step = steps([file("a", "ssh"), file("b", "ssh")])[-1]
    good, bad = ChangeState.DONE, ChangeState.FAILED
    assert blocker(step, {"file:a": good, "file:b": ChangeState.UNCHANGED}) == ""
    assert blocker(step, {"file:a": good, "file:b": bad}) == "file:b"
    assert blocker(step, {"file:a": ChangeState.SKIPPED, "file:b": good}) == "file:a"


def test_what_is_not_part_of_the_work_blocks_nothing():
    assert blocker(steps([unit("u", after=("package:gone",))])[0], {}) == ""


def test_what_may_cut_comes_together_after_all_else_and_one_way_values_last():
    cut = change(FileArtefact(path="/etc/a"), "a", 30, cuts=(Path.SUDO,))
    changes = [
        cut,
        file("needs-a", phase=30, after=("file:a",)),
        file("rules", "firewall", 30),
        file("plain", "journald", 70),
        file("one-way", phase=90),
        file("last", phase=70, after=("file:one-way",)),
    ]
    assert [(step.target, step.part) for step in steps(changes)] == [
        ("file:plain", Part.PLAIN),
        ("reload:journald", Part.PLAIN),
        ("file:a", Part.GUARDED),
        ("file:needs-a", Part.GUARDED),
        ("file:rules", Part.GUARDED),
        ("reload:firewall", Part.GUARDED),
        ("file:one-way", Part.FINAL),
        ("file:last", Part.FINAL),
    ]


ACTIONS = st.sampled_from([None, "ssh", "systemd", "journald", "firewall", "sysctl"])


@st.composite
def plans(draw):
    """Changes in an order that keeps to their ``after``, phases as they fall."""
    made: list[Change] = []
    for index in range(draw(st.integers(0, 9))):
        earlier = [f"{one.kind}:{one.target}" for one in made]
        after = tuple(draw(st.lists(st.sampled_from(earlier), max_size=2))) if earlier else ()
        phase = draw(st.sampled_from([10, 30, 50, 60, 70]))
        kind = draw(st.sampled_from(["file", "unit", "package", "reload"]))
        planned = {one.target for one in made if one.kind is ArtefactKind.RELOAD}
        free = [a for a in ("ssh", "journald") if a not in planned]
        if kind == "reload" and free:
            made.append(reload(draw(st.sampled_from(free)), phase, after))
        elif kind == "unit":
            made.append(unit(f"u{index}", phase, after))
        elif kind == "package":
            package = PackageArtefact(name=f"p{index}", state="present")
            made.append(change(package, f"p{index}", phase, after))
        else:
            made.append(file(f"f{index}", draw(ACTIONS), phase, after))
    return made


@given(plans())
def test_every_plan_keeps_its_order_and_every_file_is_followed_by_its_reload(changes):
    done = steps(changes)
    order = [step.target for step in done]
    for one in changes:
        key = f"{one.kind}:{one.target}"
        assert key in order
        place = len(order) - 1 - order[::-1].index(key)
        for need in one.after:
            assert order.index(need) < place
        action = getattr(one.artefact, "reload", None)
        if action:
            later = [s for s in done[place + 1 :] if s.target == f"reload:{action}"]
            assert later
            assert key in later[0].needs
    # Without anything in between that needs it earlier, a reload happens once. Unit files may be
    # taken in before each reload of something else.
    if not any(one.after or one.kind is ArtefactKind.UNIT for one in changes):
        once = [target for target in order if target != "reload:systemd"]
        assert len(once) == len(set(once))
    for place, step in enumerate(done):
        assert all(need in order[:place] for need in step.needs)
