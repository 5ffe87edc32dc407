"""What both engines go by is the same, wherever it is written."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kit.engines.failures import FailureCode
from kit.engines.pyinfra.executors import PENDING, attributes, lines
from kit.engines.pyinfra.executors.package import NEVER, NOT_ALONG
from kit.model.artefact import Artefact, AttributesArtefact, LinesArtefact, ReloadAction, Validator
from kit.model.target import ArtefactKind
from kit.planning.reloads import RELOADS
from tests.conformance.plugins import ROLES, load, load_module
from tests.engines.shells import Bench

ROLE = ROLES / "kit_artefacts"
VARIABLES = yaml.safe_load((ROLE / "vars/main.yml").read_text())
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())
STEP = SPEC["argument_specs"]["main"]["options"]["kit_artefacts_steps"]["options"]
KINDS = {one.model_fields["kind"].default: one for one in get_args(get_args(Artefact)[0])}


def test_the_packages_that_are_spared():
    assert VARIABLES["kit_artefacts_never"] == list(NEVER)
    assert VARIABLES["kit_artefacts_not_along"] == list(NOT_ALONG)


def test_the_reloads_and_where_they_are_noted():
    empty: dict[str, Any] = {"validator": None}
    ours = {name: reload.model_dump() for name, reload in RELOADS.items()}
    theirs = VARIABLES["kit_artefacts_reloads"]
    assert {name: {**empty, **reload} for name, reload in theirs.items()} == ours
    assert VARIABLES["kit_artefacts_pending"] == PENDING
    load_module("kit_file")
    assert load("", "ansible.module_utils.kit_placing").PENDING == PENDING


def test_there_is_a_tasks_file_for_every_kind():
    assert set(KINDS) == {kind.value for kind in ArtefactKind}
    assert all((ROLE / "tasks" / f"{kind}.yml").is_file() for kind in KINDS)


def test_the_arguments_are_those_of_the_artefacts():
    options = STEP["artefact"]["options"]
    fields = {name for kind in KINDS.values() for name in kind.model_fields}
    assert set(options) == fields
    assert options["kind"]["choices"] == list(KINDS)
    assert options["reload"]["choices"] == options["action"]["choices"]
    assert set(options["reload"]["choices"]) == set(get_args(ReloadAction))
    assert set(options["validator"]["choices"]) == set(get_args(Validator))
    held = get_args(KINDS["held"].model_fields["of"].annotation)
    assert options["of"]["choices"] == list(held)


@pytest.mark.parametrize(
    ("kind", "module"),
    [("file", "kit_file"), ("lines", "kit_lines"), ("attributes", "kit_attributes")],
)
def test_the_modules_take_every_field_of_their_artefact(kind: str, module: str):
    documented = yaml.safe_load(load_module(module).DOCUMENTATION)
    taken = set(documented["options"]["files"]["suboptions"])
    assert taken == set(KINDS[kind].model_fields) - {"kind"}


def test_every_code_the_role_tells_is_one_of_ours():
    import re

    told = set()
    for path in [*ROLE.rglob("*.py")]:
        text = path.read_text()
        told |= set(re.findall(r'Refusal\(\s*"([a-z_]+)"', text))
        told |= set(re.findall(r'_failure\("([a-z_]+)"', text))
        told |= set(re.findall(r'_skipped\(step, "([a-z_]+)"', text))
    assert len(told) > 15
    assert told <= {code.value for code in FailureCode}


LINE = st.text(alphabet="ab= \t#", max_size=6)
TEXT = st.lists(LINE, max_size=6).map("\n".join)


@given(
    text=st.tuples(TEXT, st.sampled_from(["", "\n"])).map("".join),
    present=st.lists(LINE, max_size=3, unique=True),
    words=st.lists(st.text(alphabet="ab= ", max_size=3), min_size=3, max_size=3),
    absent=st.lists(LINE, max_size=2, unique=True),
)
def test_lines_are_edited_alike(tmp_path_factory, text, present, words, absent):
    bench = Bench("dash", tmp_path_factory.mktemp("lines"))
    absent = [line for line in absent if line not in present]
    path = bench.root / "file"
    path.write_bytes(text.encode())
    artefact = LinesArtefact(
        path=str(path), present=tuple(present), replaces=tuple(words[: len(present)]),
        absent=tuple(absent),
    )  # fmt: skip
    reply = bench.run(lines.order(artefact))
    edited = load_module("kit_lines").edited(
        text.encode(),
        [line.encode() for line in present],
        [word.encode() for word in artefact.replaces] or [b""] * len(present),
        [line.encode() for line in absent],
    )
    if reply.state == "done":
        assert path.read_bytes() == edited
    else:
        whole = text.encode() + (b"" if text.endswith("\n") or not text else b"\n")
        assert edited == whole


def test_a_step_is_plain_data(tmp_path):
    data = KINDS["unit"](name="a.service", enabled="masked", active=False).model_dump(mode="json")
    assert json.loads(json.dumps(data)) == data


@pytest.mark.parametrize("mode", ["0644", "0755", "4755", "0600"])
@pytest.mark.parametrize("within", ["0600", "0755", "0640"])
def test_rights_are_taken_away_alike(tmp_path, mode: str, within: str):
    bench = Bench("dash", tmp_path)
    found = []
    module = load_module("kit_attributes")
    for name in ("shell", "python"):
        path = bench.root / name
        path.write_text("x")
        path.chmod(int(mode, 8))
        artefact = AttributesArtefact(path=str(path), mode_within=within)
        if name == "shell":
            bench.run(attributes.order(artefact))
        else:
            module._work({**artefact.model_dump()}, False)
        found.append(path.stat().st_mode)
    assert found[0] == found[1]
