"""From snapshots to findings and plans, on a small catalogue with real resource types."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.catalogue.loading import load_catalogue
from kit.checking.judging import Context, judge_device
from kit.desired.resolution import ContradictoryRules, requests
from kit.errors import InvalidDocuments
from kit.model.artefact import FileArtefact
from kit.model.device import Device, DeviceClass
from kit.model.platform import Platform
from kit.model.read import Form
from kit.model.site import Site
from kit.model.snapshot import NOBODY_LOOKED, Answer, Outcome, Snapshot
from kit.model.tier import Tier
from kit.model.verdict import ReasonCode, Verdict
from kit.model.waiver import Waiver
from kit.planning.planning import plan_device
from tests.catalogue.writing import rule, write_catalogue

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
DEVICE = Device(id="pc-1", device_class=DeviceClass.DESKTOP, platform=Platform.LINUX)
DROP_IN = "/etc/sysctl.d/zz-esms-kit.conf"
SYSRQ = "[{type: sysctl, name: kernel.sysrq, value: 0}]"
PTRACE = "[{type: sysctl, name: kernel.yama.ptrace_scope, value: 1}]"
LEAK = "[{type: sysctl, name: kernel.kptr_restrict, value: 2}]"
LEAK_LINE = "kernel.kptr_restrict = 2\n"
BY_HAND = "        meta: {fix: by_hand}\n"
LEVEL = "[{type: sysctl, name: kernel.perf_event_paranoid, value: {parameter: level}}]"
PLACE = "[{type: sysctl, name: kernel.printk_ratelimit, value: {parameter: place}}]"


def site(**more: object) -> Site:
    return Site(id="s", name="Site", siret="26750045200011", baseline="tiny", **more)  # type: ignore[arg-type]


def context(folder: Path, *waivers: Waiver, **more: object) -> Context:
    catalogue = load_catalogue(folder)
    return Context(catalogue, catalogue.baselines["tiny"], site(**more), waivers, AT)


def live_document(values: dict[str, str]) -> str:
    lines = [f"value\t{name}\t{value}\n" for name, value in sorted(values.items())]
    return "".join(lines) + f"end\t{len(lines)}\n"


def persisted_document(content: str) -> str:
    body = "".join(f"|{line}\n" for line in content.splitlines())
    return f"active\nfile\t{DROP_IN}\n{body}\nend\t1\n"


def snapshot(
    here: Context,
    live: dict[str, str],
    persisted: str,
    outcome: Outcome = Outcome.DONE,
    **broken: object,
) -> Snapshot:
    """A snapshot made of what the two sysctl reads print; facts could not be read."""
    wanted = requests(here.catalogue, here.baseline, here.site, DEVICE, here.contributions)
    documents = {
        "sysctl_live": live_document(live),
        "sysctl_persisted": persisted_document(persisted),
    }
    answers = []
    for read, keys in wanted.items():
        fields: dict[str, object] = {
            "stdout": documents.get(read.id, "").encode(),
            "exit_status": 0 if read.id in documents else 1,
            "ended": True,
        }
        if read.id in documents:
            fields |= broken
        answers.append(
            Answer(read=read.id, form=Form.POSIX, keys=tuple(sorted(keys)), **fields)  # type: ignore[arg-type]
        )
    return Snapshot(
        device=DEVICE.id,
        taken_at=AT,
        collector="replay",
        tool_version="0",
        outcome=outcome,
        answers=tuple(answers) if outcome is Outcome.DONE else (),
    )


GOOD = {"kernel.sysrq": "0", "kernel.yama.ptrace_scope": "1"}
GOOD_FILE = "kernel.sysrq = 0\nkernel.yama.ptrace_scope = 1\n"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path, rule("sysrq_off", SYSRQ), rule("ptrace_limited", PTRACE))


def verdicts(here: Context, seen: Snapshot | None) -> dict[str, Verdict]:
    return {one.rule: one.verdict for one in judge_device(here, DEVICE, seen).findings}


def test_compliant_device_passes_and_its_plan_is_empty(two: Path) -> None:
    here = context(two)
    judged = judge_device(here, DEVICE, snapshot(here, GOOD, GOOD_FILE))
    assert {one.verdict for one in judged.findings} == {Verdict.PASS}
    assert plan_device(judged, "x").changes == ()


def test_live_but_not_persisted_fails_and_touches_the_whole_file_only(two: Path) -> None:
    here = context(two)
    judged = judge_device(here, DEVICE, snapshot(here, GOOD, "kernel.yama.ptrace_scope = 1\n"))
    assert {one.rule: one.verdict for one in judged.findings} == {
        "sysrq_off": Verdict.FAIL,
        "ptrace_limited": Verdict.PASS,
    }
    (change,) = plan_device(judged, "x").changes
    assert isinstance(change.artefact, FileArtefact)
    assert change.artefact.path == DROP_IN
    assert "kernel.yama.ptrace_scope = 1" in change.artefact.content
    assert [(one.key, one.old, one.new) for one in change.values] == [
        ("kernel.sysrq", "<absent>", "0")
    ]
    assert change.along == ("sysctl:kernel.yama.ptrace_scope equals 1",)


def test_persisted_but_not_live_touches_the_live_value_only(two: Path) -> None:
    here = context(two)
    judged = judge_device(here, DEVICE, snapshot(here, {**GOOD, "kernel.sysrq": "438"}, GOOD_FILE))
    (change,) = plan_device(judged, "x").changes
    assert (change.kind.value, change.target) == ("sysctl", "kernel.sysrq")
    assert [(one.old, one.new) for one in change.values] == [("438", "0")]


def test_selected_rule_still_writes_its_target_whole(two: Path) -> None:
    here = context(two)
    judged = judge_device(here, DEVICE, snapshot(here, {}, ""))
    chosen = plan_device(judged, "x", lambda one: one.rule.id == "sysrq_off")
    files = [one for one in chosen.changes if isinstance(one.artefact, FileArtefact)]
    assert len(files) == 1
    assert {one.rule for change in chosen.changes for one in change.values} == {"sysrq_off"}
    assert "ptrace_scope" in files[0].artefact.content  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "broken",
    [
        {"ended": False},
        {"truncated": True},
        {"exit_status": None},
        {"exit_status": 1},
        {"exit_status": 124},
        {"exit_status": 126},
        {"exit_status": 127},
        {"stdout": b""},
        {"stdout": b"\xff\x00garbage"},
        {"keys": ()},
    ],
)
def test_answer_that_is_not_whole_is_error_and_plans_nothing(
    two: Path, broken: dict[str, object]
) -> None:
    here = context(two)
    seen = snapshot(here, GOOD, GOOD_FILE)
    answers = tuple(
        one if one.read == "facts" else one.model_copy(update=broken) for one in seen.answers
    )
    judged = judge_device(here, DEVICE, seen.model_copy(update={"answers": answers}))
    assert {one.verdict for one in judged.findings} == {Verdict.ERROR}
    assert plan_device(judged, "x").changes == ()


def test_answers_left_out_are_errors(two: Path) -> None:
    here = context(two)
    seen = snapshot(here, GOOD, GOOD_FILE).model_copy(update={"answers": ()})
    assert set(verdicts(here, seen).values()) == {Verdict.ERROR}


@given(cut=st.integers(0, 200))
def test_document_cut_anywhere_never_passes_what_it_lost(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    here = context(write_catalogue(folder, rule("sysrq_off", SYSRQ), rule("ptrace_on", PTRACE)))
    whole = snapshot(here, GOOD, GOOD_FILE)
    answers = tuple(
        one.model_copy(update={"stdout": one.stdout[:cut]})
        if one.read == "sysctl_persisted"
        else one
        for one in whole.answers
    )
    full = next(one for one in whole.answers if one.read == "sysctl_persisted").stdout
    found = set(verdicts(here, whole.model_copy(update={"answers": answers})).values())
    if cut < len(full) - 1:  # without its last line end the document is still whole
        assert found == {Verdict.ERROR}
    else:
        assert found == {Verdict.PASS}


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.DONE])
def test_device_that_was_not_read_is_never_green(two: Path, outcome: Outcome) -> None:
    here = context(two)
    seen = snapshot(here, {}, "", outcome)
    wanted = Verdict.NOT_CHECKED if outcome in NOBODY_LOOKED else Verdict.ERROR
    assert verdicts(here, seen) == {"sysrq_off": wanted, "ptrace_limited": wanted}
    plan = plan_device(judge_device(here, DEVICE, seen), "x")
    assert plan.not_known is not None
    assert plan.changes == ()


def test_device_never_seen_and_device_of_a_third_party(two: Path) -> None:
    here = context(two)
    assert set(verdicts(here, None).values()) == {Verdict.NOT_CHECKED}
    other = DEVICE.model_copy(update={"managed_by": "Éditeur X"})
    judged = judge_device(here, other, snapshot(here, GOOD, GOOD_FILE))
    assert {one.verdict for one in judged.findings} == {Verdict.NOT_CHECKED}
    assert {one.reasons[0].code for one in judged.findings} == {ReasonCode.MANAGED_BY_OTHER}


def test_site_value_missing_is_not_checked_and_says_which(tmp_path: Path) -> None:
    here = context(write_catalogue(tmp_path, rule("place_set", PLACE)))
    (finding,) = judge_device(here, DEVICE, snapshot(here, {}, "")).findings
    assert finding.verdict is Verdict.NOT_CHECKED
    assert finding.reasons[0].subject == "place"


def test_site_parameter_changes_what_is_enforced_checked_and_shown(tmp_path: Path) -> None:
    folder = write_catalogue(tmp_path, rule("perf_limited", LEVEL))
    here = context(folder, parameters={"level": 3})
    name = "kernel.perf_event_paranoid"
    judged = judge_device(here, DEVICE, snapshot(here, {name: "2"}, f"{name} = 2\n"))
    assert judged.findings[0].details[0].expected == "3"
    plan = plan_device(judged, "x")
    assert {value.new for change in plan.changes for value in change.values} == {"3"}
    with pytest.raises(InvalidDocuments):
        judge_device(context(folder, parameters={"level": 9}), DEVICE, snapshot(here, {}, ""))
    with pytest.raises(InvalidDocuments):
        judge_device(context(folder, parameters={"levle": 2}), DEVICE, snapshot(here, {}, ""))


def test_rules_that_contradict_each_other_are_both_named(tmp_path: Path) -> None:
    here = context(
        write_catalogue(
            tmp_path, rule("sysrq_off", SYSRQ), rule("sysrq_on", SYSRQ.replace("0}", "1}"))
        )
    )
    with pytest.raises(ContradictoryRules) as caught:
        judge_device(here, DEVICE, snapshot(here, {}, ""))
    assert "sysrq_off" in caught.value.message
    assert "sysrq_on" in caught.value.message


def test_rule_of_a_tier_not_enforced_is_checked_and_left_alone(tmp_path: Path) -> None:
    folder = write_catalogue(tmp_path, rule("sysrq_off", SYSRQ, tier="recommended"))
    here = context(folder)
    judged = judge_device(here, DEVICE, snapshot(here, {"kernel.sysrq": "1"}, ""))
    assert judged.findings[0].verdict is Verdict.FAIL
    plan = plan_device(judged, "x")
    assert plan.changes == ()
    assert plan.on_request == ("sysrq_off",)
    asked = context(folder, enforce=(Tier.CORE, Tier.RECOMMENDED))
    judged = judge_device(asked, DEVICE, snapshot(asked, {"kernel.sysrq": "1"}, ""))
    assert plan_device(judged, "x").changes


def test_waiver_annotates_a_failure_on_its_days_and_changes_no_verdict(two: Path) -> None:
    waiver = Waiver(
        id="W1", rule="sysrq_off", reason="dépannage", approver="RSSI",
        start=date(2026, 11, 1), end=date(2026, 11, 21),
    )  # fmt: skip
    here = context(two, waiver)
    judged = judge_device(here, DEVICE, snapshot(here, {}, ""))
    found = {one.rule: (one.verdict, one.waiver) for one in judged.findings}
    assert found == {
        "sysrq_off": (Verdict.FAIL, "W1"),
        "ptrace_limited": (Verdict.FAIL, None),
    }
    # 23:30 UTC on the last day is already the next day in Paris
    late = Context(
        here.catalogue, here.baseline, here.site, here.waivers,
        datetime(2026, 11, 21, 23, 30, tzinfo=UTC),
    )  # fmt: skip
    judged = judge_device(late, DEVICE, snapshot(here, {}, ""))
    assert {one.waiver for one in judged.findings} == {None}


FORWARDING = """[
  {type: sysctl, name: net.ipv4.ip_forward, value: 0},
  {type: sysctl, name: net.ipv4.conf.all.accept_redirects, value: 0},
  {type: sysctl, name: net.ipv4.conf.all.rp_filter, op: between, value: [1, 2], enforce: 1},
  {type: sysctl, name: kernel.sysrq, value: 0},
]"""
ALL_ZERO = dict.fromkeys(
    ("net.ipv4.ip_forward", "net.ipv4.conf.all.accept_redirects", "kernel.sysrq"), "0"
)


def test_what_a_change_would_upset_is_set_again_after_it(tmp_path: Path):
    """The kernel takes redirects again when forwarding is switched off."""
    here = context(write_catalogue(tmp_path, rule("first", FORWARDING)))
    live = {**ALL_ZERO, "net.ipv4.conf.all.rp_filter": "1"}
    kept = "".join(f"{name} = {value}\n" for name, value in live.items())
    before = snapshot(here, {**live, "net.ipv4.ip_forward": "1"}, kept)
    plan = plan_device(judge_device(here, DEVICE, before), "")
    assert [one.target for one in plan.changes] == [
        "net.ipv4.ip_forward",
        "net.ipv4.conf.all.accept_redirects",
    ]
    along = plan.changes[1]
    assert (along.values, along.rules) == ((), ("first",))
    assert along.along
    again = snapshot(here, live, kept)
    assert not plan_device(judge_device(here, DEVICE, again), "").changes


def needing(rule_id: str, settings: str, *names: str) -> str:
    wanted = ", ".join(f'"{name}"' for name in names)
    return rule(rule_id, settings, more=f"        meta: {{requires: [{wanted}]}}\n")


def test_what_needs_a_rule_that_was_not_chosen_is_refused_and_names_it(tmp_path: Path) -> None:
    folder = write_catalogue(
        tmp_path,
        rule("sysrq_off", SYSRQ),
        needing("ptrace_limited", PTRACE, "sysctl:kernel.sysrq"),
        needing("leak_limited", LEAK, "ptrace_limited"),
    )
    here = context(folder)
    off = {"kernel.sysrq": "438", "kernel.yama.ptrace_scope": "0", "kernel.kptr_restrict": "0"}
    judged = judge_device(here, DEVICE, snapshot(here, off, GOOD_FILE + LEAK_LINE))
    alone = plan_device(judged, "x", lambda one: one.rule.id == "ptrace_limited")
    assert alone.changes == ()
    (refused,) = alone.refused
    assert (refused.rules, refused.target) == (
        ("ptrace_limited",),
        "sysctl:kernel.yama.ptrace_scope",
    )
    assert (refused.reason.code, refused.reason.subject) == (ReasonCode.RULE_FIRST, "sysrq_off")

    # What needs it in turn is refused as well, and names it in turn.
    later = plan_device(judged, "x", lambda one: one.rule.id != "sysrq_off")
    assert later.changes == ()
    assert {one.rules[0]: one.reason.subject for one in later.refused} == {
        "ptrace_limited": "sysrq_off",
        "leak_limited": "ptrace_limited",
    }
    together = plan_device(judged, "x")
    assert together.refused == ()
    assert [one.target for one in together.changes] == [
        "kernel.sysrq",
        "kernel.yama.ptrace_scope",
        "kernel.kptr_restrict",
    ]


def test_what_needs_a_rule_that_holds_or_cannot_be_applied_is_planned(tmp_path: Path) -> None:
    by_hand = rule("by_hand", "[{type: sysctl, name: kernel.sysrq, value: 0}]", more=BY_HAND)
    folder = write_catalogue(tmp_path, by_hand, needing("ptrace_limited", PTRACE, "by_hand"))
    here = context(folder)
    for sysrq in ("0", "438"):
        live = {"kernel.sysrq": sysrq, "kernel.yama.ptrace_scope": "0"}
        judged = judge_device(here, DEVICE, snapshot(here, live, GOOD_FILE))
        chosen = plan_device(judged, "x", lambda one: one.rule.id == "ptrace_limited")
        assert chosen.refused == ()
        assert [one.target for one in chosen.changes] == ["kernel.yama.ptrace_scope"]
