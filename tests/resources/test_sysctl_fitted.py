"""What a file of ours holds on a device that already has something stricter, or lines of others."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.catalogue.templates import build
from kit.model.artefact import FileArtefact, SysctlArtefact
from kit.model.observation import (
    Absent,
    Instances,
    Observation,
    Observed,
    Unread,
    Unreadable,
)
from kit.model.platform import Platform
from kit.model.read import Form
from kit.model.setting import Setting
from kit.model.target import ArtefactKind, Target
from kit.model.verdict import Verdict
from kit.reads.sysctl_persisted import SysctlPersisted
from kit.resources.sysctl import DROP_IN, Sysctl
from tests.sandbox import Fixture, run, unavailable

FILE = Target(ArtefactKind.FILE, DROP_IN, "sysctl_persisted")
PTRACE = "kernel.yama.ptrace_scope"
EVERY = "net.ipv4.conf.*.accept_redirects"
AT_LEAST = {"name": PTRACE, "op": "at_least", "value": 1, "enforce": 1}


def setting(**data: Any) -> Sysctl:
    found = build({"type": "sysctl", **data}, {})
    assert isinstance(found, Sysctl)
    return found


def lines(settings: list[Sysctl], persisted: Any, live: Any = None) -> list[str]:
    """The lines of the file, whatever the order of the settings."""
    seen = {"sysctl_persisted": persisted, "sysctl_live": live or {}}
    made = set()
    for order in permutations(settings):
        artefact = Sysctl.render(FILE, Sysctl.fitted(FILE, list(order), seen))
        assert isinstance(artefact, FileArtefact)
        made.add(artefact.content)
    assert len(made) == 1
    return [line for line in made.pop().splitlines() if line and not line.startswith("#")]


def of_run(now: Observation, later: Observation) -> Instances:
    return Instances(complete=True, items={"with /run": now, "without /run": later})


@pytest.mark.parametrize(
    ("persisted", "live", "written"),
    [
        (Observed(2), Observed(2), 2),  # a file that comes before ours by name
        (Observed(1), Observed(3), 1),  # somebody tries something out: the next boot ends it
        (Observed(0), Observed(3), 1),
        (Absent(), Observed(2), 2),  # the kernel's own default
        (Absent(), Observed(0), 1),
        (Absent(), Absent(), 1),
        (Observed("3"), Observed(0), 1),  # text is no number
        (Observed("x"), Observed(2), 1),  # what the next boot sets is known, and is not accepted
        (Unreadable(Unread.FAILED), Observed(2), 2),
        (of_run(Observed(3), Observed(2)), Observed(3), 2),
        (of_run(Observed(3), Absent()), Observed(3), 3),
        (of_run(Absent(), Observed(2)), Observed(0), 2),
    ],
)
def test_a_stricter_value_is_never_lowered(
    persisted: Observation, live: Observation, written: int
) -> None:
    kernel = setting(name="kernel.sysrq", value=0)
    found = lines([setting(**AT_LEAST), kernel], {PTRACE: persisted}, {PTRACE: live})
    assert found == ["kernel.sysrq = 0", f"{PTRACE} = {written}"]


def test_at_most_keeps_what_is_lower() -> None:
    one = setting(name="kernel.panic", op="at_most", value=60, enforce=30)
    assert lines([one], {"kernel.panic": Observed(10)}) == ["kernel.panic = 10"]
    assert lines([one], {"kernel.panic": Observed(50)}) == ["kernel.panic = 30"]
    assert lines([one], {"kernel.panic": Observed(90)}) == ["kernel.panic = 30"]


def test_what_has_no_order_is_not_kept() -> None:
    one = setting(name="kernel.unprivileged_bpf_disabled", op="one_of", value=[1, 2], enforce=1)
    found = Sysctl.fitted(FILE, [one], {"sysctl_persisted": {one.name: Observed(2)}})
    assert [each.enforced_value() for each in found] == [1]


def test_a_value_is_kept_only_where_every_rule_accepts_it() -> None:
    seen = {PTRACE: Observed(2)}
    exact = setting(name=PTRACE, value=1)
    assert lines([setting(**AT_LEAST), exact], seen) == [f"{PTRACE} = 1"]
    stricter = setting(**{**AT_LEAST, "value": 0})
    assert lines([setting(**AT_LEAST), stricter], seen) == [f"{PTRACE} = 2"]
    most = setting(name=PTRACE, op="at_most", value=2, enforce=1)
    assert lines([setting(**AT_LEAST), most], seen) == [f"{PTRACE} = 1"]


def test_the_live_value_is_what_the_rule_says() -> None:
    """It is only touched where it is not accepted; 3 could not be taken back."""
    live = Target(ArtefactKind.SYSCTL, PTRACE, "sysctl_live")
    seen = {"sysctl_persisted": {PTRACE: Observed(3)}, "sysctl_live": {PTRACE: Observed(0)}}
    settings: list[Setting] = [setting(**AT_LEAST)]
    fitted = Sysctl.fitted(live, settings, seen)  # type: ignore[arg-type]
    assert Sysctl.render(live, fitted) == SysctlArtefact(name=PTRACE, value="1")


@given(
    value=st.integers(0, 3),
    more=st.integers(0, 3),
    persisted=st.one_of(st.just(Absent()), st.integers(-1, 6).map(Observed)),
    live=st.one_of(st.just(Absent()), st.integers(-1, 6).map(Observed)),
)
def test_the_next_boot_is_never_weaker_and_always_accepted(
    value: int, more: int, persisted: Observation, live: Observation
) -> None:
    one = setting(name=PTRACE, op="at_least", value=value, enforce=value + more)
    [line] = lines([one], {PTRACE: persisted}, {PTRACE: live})
    written = int(line.rpartition(" ")[2])
    assert written >= value + more
    before = persisted if isinstance(persisted, Observed) else live
    if isinstance(before, Observed):
        assert isinstance(before.value, int)
        assert written >= before.value
    seen = {"sysctl_persisted": {PTRACE: Observed(written)}, "sysctl_live": {PTRACE: Observed(6)}}
    assert one.judge(seen, Platform.LINUX).verdict is Verdict.PASS
    assert lines([one], {PTRACE: Observed(written)}, {PTRACE: live}) == [line]  # and it stays


# -- lines of others for single interfaces -------------------------------------------------------


def interfaces(**items: Observation) -> dict[str, Observation]:
    found = {name.replace("_", "."): one for name, one in items.items()}
    return {EVERY: Instances(complete=True, items={"*": Absent(), **found})}


def test_lines_for_single_interfaces_are_taken_over() -> None:
    seen = interfaces(eth0=Observed(1), eth0_100=Observed(0), tun0=Absent(), wg0=Observed(""))
    assert lines([setting(name=EVERY, value=0)], seen) == [
        "net.ipv4.conf.*.accept_redirects = 0",
        "-net.ipv4.conf.eth0.accept_redirects = 0",
        "-net.ipv4.conf.eth0/100.accept_redirects = 0",
        "-net.ipv4.conf.tun0.accept_redirects = 0",
        "-net.ipv4.conf.wg0.accept_redirects = 0",
    ]


def test_a_line_that_is_accepted_keeps_its_value() -> None:
    one = setting(name="net.ipv4.conf.*.rp_filter", op="between", value=[0, 1], enforce=1)
    items = {"*": Observed(2), "eth0": Observed(0), "wl*": Observed(2)}
    assert lines([one], {one.name: Instances(complete=True, items=items)}) == [
        "net.ipv4.conf.*.rp_filter = 1",
        "-net.ipv4.conf.eth0.rp_filter = 0",
        "-net.ipv4.conf.wl*.rp_filter = 1",
    ]


def test_a_setting_of_its_own_for_an_interface_stands_once() -> None:
    own = setting(name="net.ipv4.conf.eth0.accept_redirects", value=0)
    assert lines([setting(name=EVERY, value=0), own], interfaces(eth0=Observed(1))) == [
        "net.ipv4.conf.*.accept_redirects = 0",
        "net.ipv4.conf.eth0.accept_redirects = 0",
    ]


@pytest.mark.parametrize(
    "name", ["a b", "a=1", "a\nkernel.sysrq = 1", "$(id)", "[ab]", "..", ".a", "é", "a\\x1b", "**"]
)
def test_hostile_names_are_not_repeated(name: str) -> None:
    """They stay findings: nothing of ours is written for them."""
    items = {"*": Observed(0), name: Observed(1), f"{name} with /run": Observed(1)}
    seen: Mapping[str, Observation] = {EVERY: Instances(complete=True, items=items)}
    assert lines([setting(name=EVERY, value=0)], seen) == ["net.ipv4.conf.*.accept_redirects = 0"]


@pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "available")
def test_one_apply_closes_what_other_files_open(tmp_path: Path) -> None:
    """Read, written, read again: accepted, and a second writing changes nothing."""
    one, read = setting(name=EVERY, value=0), SysctlPersisted()
    others = {
        "/etc/sysctl.d/10-a.conf": "net.ipv4.conf.*.accept_redirects=0\n",
        "/etc/sysctl.d/20-b.conf": (
            "net.ipv4.conf.eth*.accept_redirects=1\nnet.ipv4.conf.eth0/1.accept_redirects=1\n"
            "-net.ipv4.conf.tun0.accept_redirects\n"
        ),
        "/run/sysctl.d/30-c.conf": "net.ipv4.conf.wg0.accept_redirects=1\n",
    }
    written = ""
    for attempt in range(3):
        files = {**others, **({DROP_IN: written} if written else {})}
        folders = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/lib/sysctl.d")
        raw = run(
            read.command(frozenset({EVERY}), Form.POSIX).text,
            tmp_path / f"{attempt}",
            fixture=Fixture(files=files, replaced=folders),
        )
        seen = {"sysctl_persisted": read.parse(raw, frozenset({EVERY}))}
        [detail] = [d for d in one.judge(seen, Platform.LINUX).details if d.read == read.id]
        # What only /run says is gone after a reboot, but counts until then.
        wanted = Verdict.FAIL if attempt == 0 else Verdict.PASS
        assert detail.verdict is wanted, seen
        artefact = Sysctl.render(FILE, Sysctl.fitted(FILE, [one], seen))
        assert isinstance(artefact, FileArtefact)
        assert attempt < 2 or artefact.content == written
        written = artefact.content
