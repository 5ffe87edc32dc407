"""Every resource type, over the cases in `tests/resources/<type>/*.yaml`.

A case gives `setting` (as a rule writes it), and what is wanted of it:
- `observations: {read: {key: ...}}` with `verdict` and, if it matters, `reasons: [code, ...]`;
- `invalid: text`: such a setting does not load, and the error says so;
- `targets: [kind:id, ...]` and `meta: {...}` (only what matters of it);
- `render: {kind:id: {artefact}}` of `setting` together with the settings of `others`;
  `roundtrip: false` when the file alone does not show the values, `device: {...}` what the device
  of the round trip has besides the file.
`facts` are those of a Debian workstation unless given.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kit.catalogue.registry import reads, setting_types
from kit.catalogue.templates import build
from kit.i18n import language
from kit.model.artefact import FileArtefact
from kit.model.observation import Unread, Unreadable
from kit.model.platform import Platform
from kit.model.read import Form
from kit.model.setting import Setting
from kit.model.target import Target
from kit.model.verdict import Verdict
from tests.cases import Case, cases, facts, seen
from tests.sandbox import Fixture, run, unavailable

CASES = list(cases("resources"))
VALID = [case for case in CASES if "invalid" not in case.data]
JUDGED = [case for case in VALID if "verdict" in case.data]
RENDERED = [case for case in VALID if "render" in case.data]
ROUNDTRIPS = [case for case in RENDERED if case.data.get("roundtrip", True)]


def setting_of(case: Case) -> Setting:
    return build({"type": case.subject, **case.data["setting"]}, {})


def settings_of(case: Case) -> list[Setting]:
    others = [build({"type": case.subject, **one}, {}) for one in case.data.get("others", ())]
    return [setting_of(case), *others]


def targets_of(case: Case) -> dict[str, tuple[Target, list[Setting]]]:
    """Target key -> the target and every setting of the case that has it."""
    found: dict[str, tuple[Target, list[Setting]]] = {}
    for setting in settings_of(case):
        for target in setting.targets(facts(case.data.get("facts"))):
            found.setdefault(target.key, (target, []))[1].append(setting)
    return found


def shown(artefact: Any) -> Mapping[str, Any]:
    return artefact.model_dump(mode="json", exclude_defaults=True)


def test_every_type_has_cases() -> None:
    assert setting_types()
    for name in setting_types():
        own = [case for case in JUDGED if case.subject == name]
        verdicts = {case.data["verdict"] for case in own}
        assert verdicts >= {"pass", "fail", "error"}, name
        by_hand = all(setting_of(case).enforced() is None for case in own)
        assert by_hand or any(case.subject == name for case in RENDERED), name
    assert {case.subject for case in CASES} <= set(setting_types())


@pytest.mark.parametrize("name", sorted(setting_types()))
def test_type_says_how_it_is_written(name: str) -> None:
    doc = setting_types()[name].__doc__ or ""
    assert f"type: {name}" in doc
    for wanted in setting_types()[name].reads.values():
        assert wanted
        assert {read.id for read in wanted} <= set(reads())


@pytest.mark.parametrize("case", JUDGED, ids=str)
def test_verdict(case: Case) -> None:
    judgement = setting_of(case).judge(seen(case.data["observations"]), Platform.LINUX)
    assert judgement.verdict is Verdict(case.data["verdict"]), judgement
    if "reasons" in case.data:
        codes = {reason.code.value for one in judgement.details for reason in one.reasons}
        assert codes == set(case.data["reasons"])


@pytest.mark.parametrize("case", [c for c in JUDGED if c.data["verdict"] == "pass"], ids=str)
def test_pass_needs_every_observation(case: Case) -> None:
    """Each key taken away, or unreadable for any reason, and it is no pass any more."""
    setting, whole = setting_of(case), seen(case.data["observations"])
    asked = [
        (read, key) for read in type(setting).reads[Platform.LINUX] for key in setting.keys(read)
    ]
    assert asked
    for read, key in asked:
        less = {**whole, read.id: {k: v for k, v in whole[read.id].items() if k != key}}
        assert setting.judge(less, Platform.LINUX).verdict is not Verdict.PASS
        for reason in Unread:
            unread = {**whole, read.id: {**whole[read.id], key: Unreadable(reason)}}
            assert setting.judge(unread, Platform.LINUX).verdict is not Verdict.PASS


@pytest.mark.parametrize("case", VALID, ids=str)
def test_what_is_enforced_has_targets(case: Case) -> None:
    setting, known = setting_of(case), facts(case.data.get("facts"))
    asked = {read.id for reads_ in type(setting).reads.values() for read in reads_}
    targets = setting.targets(known)
    if setting.enforced() is not None:
        assert targets
        assert set(setting.enforced() or {}) <= asked
    assert {target.answers for target in targets} <= asked
    assert setting.slot().startswith(f"{setting.type}:")
    assert setting.slot() == build(setting.model_dump(mode="json"), {}).slot()
    if "targets" in case.data:
        assert [target.key for target in targets] == case.data["targets"]
    told = setting.meta(known).model_dump(mode="json")
    for name, value in case.data.get("meta", {}).items():
        got = sorted(told[name]) if isinstance(told[name], list) else told[name]
        assert got == value, name


@pytest.mark.parametrize("case", [c for c in CASES if "invalid" in c.data], ids=str)
def test_invalid_setting_does_not_load(case: Case) -> None:
    with language("en"), pytest.raises(ValidationError) as caught:
        setting_of(case)
    assert case.data["invalid"] in str(caught.value)


@pytest.mark.parametrize("case", RENDERED, ids=str)
def test_artefacts(case: Case) -> None:
    targets = targets_of(case)
    rendered = {}
    for key, (target, settings) in targets.items():
        orders = [list(order) for order in permutations(settings[:4])]
        made = {str(type(one).render(target, order)) for order in orders for one in order[:1]}
        if len(settings) <= 4:
            assert len(made) == 1, "the order of the settings shows in the artefact"
        rendered[key] = shown(type(settings[0]).render(target, settings))
    assert rendered == case.data["render"]


@pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "available")
@pytest.mark.parametrize("case", ROUNDTRIPS, ids=str)
def test_rendered_file_reads_back_as_a_pass(case: Case, tmp_path: Path) -> None:
    """The kit's own read, on a device that has the rendered files, shows what was wanted."""
    targets = targets_of(case)
    files = {}
    for target, settings in targets.values():
        artefact = type(settings[0]).render(target, settings)
        if isinstance(artefact, FileArtefact):
            files[artefact.path] = (artefact.content, artefact.mode)
    device = dict(case.data.get("device", {}))
    device["files"] = {**device.get("files", {}), **{p: text for p, (text, _m) in files.items()}}
    device["modes"] = {**device.get("modes", {}), **{p: mode for p, (_t, mode) in files.items()}}
    fixture = Fixture.of(device)
    tried = 0
    for target, settings in targets.values():
        if target.id not in files:
            continue
        read = reads()[target.answers]
        keys = frozenset().union(*(one.keys(type(read)) for one in settings))
        raw = run(read.command(keys, Form.POSIX).text, tmp_path / f"{tried}", fixture=fixture)
        found = {read.id: read.parse(raw, keys)}
        for one in settings:
            judged = one.judge(found, Platform.LINUX).details
            mine = [detail for detail in judged if detail.read == read.id]
            assert mine
            assert {detail.verdict for detail in mine} == {Verdict.PASS}, (mine, raw.stderr)
        tried += 1
    assert tried or not files
