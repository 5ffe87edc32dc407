"""What our files still hold although no rule asks for it any more."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from kit.catalogue.registry import owned_files, setting_types
from kit.checking.judging import Context, JudgedDevice, judge_device
from kit.checking.reasons import explain, what_to_do
from kit.desired.resolution import FILES_READ, file_key, requests
from kit.i18n import language
from kit.model.finding import Finding
from kit.model.meta import Fix
from kit.model.platform import Platform
from kit.model.read import Form
from kit.model.rule import Severity
from kit.model.snapshot import Answer, Outcome, Snapshot
from kit.model.tier import Tier
from kit.model.verdict import ReasonCode, Verdict
from kit.planning.planning import plan_device
from tests.catalogue.writing import rule, write_catalogue
from tests.checking.test_planning import (
    AT,
    DEVICE,
    DROP_IN,
    PTRACE,
    SYSRQ,
    context,
    live_document,
    persisted_document,
)

NETWORK = "/etc/sysctl.d/zz-esms-kit-network.conf"
RULE = "nothing_left_over"
STANDING = f"""\
schema: 1
rules:
  - id: {RULE}
    title: {{fr: "Titre", en: "Title"}}
    why: {{fr: "Raison", en: "Reason"}}
    remedy: {{fr: "Remède", en: "Remedy"}}
    severity: low
"""
MAYBE = """\
  - id: ptrace_limited
    title: {fr: "Titre", en: "Title"}
    why: {fr: "Raison", en: "Reason"}
    severity: high
    tier: core
    platforms:
      linux:
        variants:
          - when: {os: [debian12]}
            settings: [{type: sysctl, name: kernel.yama.ptrace_scope, value: 1}]
"""
GOOD = {"kernel.sysrq": "0", "kernel.yama.ptrace_scope": "1"}
BOTH = "# a comment\n\nkernel.sysrq = 0\nkernel.yama.ptrace_scope = 1\n"


def folder(tmp_path: Path, *rules: str) -> Path:
    found = write_catalogue(tmp_path, *rules)
    (found / "standing.yaml").write_text(STANDING)
    return found


@pytest.fixture
def two(tmp_path: Path) -> Path:
    rules = (rule("sysrq_off", SYSRQ), rule("ptrace_limited", PTRACE, tier="recommended"))
    return folder(tmp_path, *rules)


def files_document(files: Mapping[str, str], keys: frozenset[str]) -> str:
    lines = []
    for key in sorted(keys):
        name = hashlib.sha256(key.encode()).hexdigest()[:20]
        path = key.removeprefix("text ")
        text = base64.b64encode(files.get(path, "").encode()).decode()
        lines.append(f"value\t{name}\t={text}\n" if path in files else f"absent\t{name}\n")
    return "".join(lines) + f"end\t{len(lines)}\n"


def snapshot(here: Context, files: Mapping[str, str], **broken: object) -> Snapshot:
    """All values are as wanted; ``files`` is what our files hold, ``broken`` their answer."""
    answers = []
    for read, keys in requests(here.catalogue, here.baseline, here.site, DEVICE).items():
        documents = {
            "sysctl_live": live_document(GOOD),
            "sysctl_persisted": persisted_document(files.get(DROP_IN, "")),
            FILES_READ: files_document(files, keys),
        }
        fields: dict[str, object] = {
            "stdout": documents.get(read.id, "").encode(),
            "exit_status": 0 if read.id in documents else 1,
            "ended": True,
            "keys": tuple(sorted(keys)),
            **(broken if read.id == FILES_READ else {}),
        }
        answers.append(Answer(read=read.id, form=Form.POSIX, **fields))  # type: ignore[arg-type]
    return Snapshot(
        device=DEVICE.id,
        taken_at=AT,
        collector="replay",
        tool_version="0",
        outcome=Outcome.DONE,
        answers=tuple(answers),
    )


def judged(here: Context, files: Mapping[str, str], **broken: object) -> JudgedDevice:
    return judge_device(here, DEVICE, snapshot(here, files, **broken))


def leftover(found: JudgedDevice) -> Finding | None:
    return next((one for one in found.findings if one.rule == RULE), None)


def test_files_with_what_rules_ask_for_are_no_finding(two: Path) -> None:
    here = context(two, enforce=(Tier.RECOMMENDED,))
    assert leftover(judged(here, {DROP_IN: BOTH})) is None
    assert leftover(judged(here, {})) is None
    # A value that is wrong, or said tolerantly, is the rule's own matter.
    assert leftover(judged(here, {DROP_IN: "-kernel.sysrq=438\n"})) is None


def test_a_disabled_rule_leaves_its_line(two: Path) -> None:
    """Tier lowered: still checked, no longer enforced; the line stays, and it is said."""
    found = judged(context(two), {DROP_IN: BOTH})
    one = leftover(found)
    assert one is not None
    assert (one.verdict, one.severity, one.fix) == (Verdict.FAIL, Severity.LOW, Fix.BY_HAND)
    (reason,) = one.reasons
    assert (reason.code, reason.subject) == (ReasonCode.LEFT_OVER, DROP_IN)
    assert reason.detail == "kernel.yama.ptrace_scope"
    assert [(d.setting, d.observed) for d in one.details] == [
        (f"file:{DROP_IN}", "kernel.yama.ptrace_scope")
    ]
    assert [by_hand.rule for by_hand in plan_device(found, "x").by_hand] == [RULE]
    assert plan_device(found, "x").changes == ()
    for lang in ("fr", "en"):
        with language(lang):
            assert DROP_IN in explain(reason)
            assert what_to_do(reason)


def test_the_last_rule_of_a_file_leaves_the_file(tmp_path: Path) -> None:
    here = context(folder(tmp_path, rule("ptrace_limited", PTRACE, tier="recommended")))
    files = {DROP_IN: "kernel.sysrq = 0\n", NETWORK: "net.ipv4.conf.*.rp_filter = 1\n"}
    one = leftover(judged(here, files))
    assert one is not None
    assert [(r.subject, r.detail) for r in one.reasons] == [
        (NETWORK, "net.ipv4.conf.*.rp_filter"),
        (DROP_IN, "kernel.sysrq"),
    ]
    assert leftover(judged(here, {DROP_IN: "# nothing\n; more\n\n"})) is None


def test_no_rule_at_all_still_asks_for_the_files(tmp_path: Path) -> None:
    here = context(folder(tmp_path))
    one = leftover(judged(here, {DROP_IN: BOTH}))
    assert one is not None
    assert one.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("broken", "wanted"),
    [
        ({"exit_status": 126}, Verdict.ERROR),
        ({"ended": False}, Verdict.ERROR),
        ({"stdout": b""}, Verdict.ERROR),
        ({"keys": ()}, None),  # a snapshot of before: nobody has asked
    ],
)
def test_files_that_cannot_be_read_are_never_fine(
    two: Path, broken: dict[str, object], wanted: Verdict | None
) -> None:
    one = leftover(judged(context(two), {DROP_IN: BOTH}, **broken))
    assert (one.verdict if one else None) is wanted


def test_nothing_is_said_while_a_rule_is_undecided(tmp_path: Path) -> None:
    """The facts could not be read: whether the line is wanted is not known."""
    here = context(folder(tmp_path, rule("sysrq_off", SYSRQ), MAYBE))
    found = judged(here, {DROP_IN: BOTH})
    assert {one.rule: one.verdict for one in found.findings}["ptrace_limited"] is Verdict.ERROR
    assert leftover(found) is None


def test_what_a_type_owns_is_what_it_writes() -> None:
    for kind in setting_types().values():
        for path in kind.owns.get(Platform.LINUX, ()):
            assert owned_files(Platform.LINUX)[path][1] is kind
            assert file_key(path) == f"text {path}"
    assert owned_files(Platform.LINUX)
