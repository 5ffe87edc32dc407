"""``esms-kit declare``: what people and programs are told."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from kit.cli.commands import build
from kit.documents_io.yaml import dump_yaml
from kit.errors import InvalidDocuments
from kit.sites.workspace import Workspace
from tests.declarations.test_declarations import DEVICES, SITE


def run(workspace: Workspace, *arguments: str) -> tuple[int | None, str, BaseException | None]:
    words = ["-w", str(workspace.root), "declare", *arguments]
    result = CliRunner().invoke(build("declare"), words, standalone_mode=False)
    return result.return_value, result.stdout, result.exception


def test_declared_listed_and_withdrawn(put, workspace: Workspace) -> None:
    put("ehpad/site.yaml", dump_yaml(SITE))
    put("ehpad/devices.yaml", dump_yaml({"schema": 1, "devices": DEVICES}))
    code, shown, _error = run(workspace, "matters", "--json")
    matters = [one["id"] for one in json.loads(shown)["matters"]]
    assert code == 0
    assert "restore_tried" in matters
    code, shown, _error = run(workspace, "matters")
    assert all(one in shown for one in matters)  # whole, so that it can be copied
    who = ("--by", "Camille Exemple", "--function", "Référent")
    code, shown, _error = run(workspace, "add", "ehpad", "restore_tried", *who)
    assert code == 0
    assert "changes nothing that was measured" in shown
    _code, _shown, error = run(workspace, "add", "ehpad", "restore_tried", "--answer", "no", *who)
    assert isinstance(error, InvalidDocuments)
    assert error.exit_code == 3
    code, shown, _error = run(workspace, "list", "ehpad", "--json")
    told = json.loads(shown)
    assert (code, told["schema"], told["run"]) == (0, 1, None)
    (ours,) = [one for one in told["matters"] if one["said"]]
    assert ours["finding"]["verdict"] == "pass"
    assert ours["finding"]["provenance"] == "declared"
    name = ours["said"]["id"]
    code, shown, _error = run(workspace, "list", "ehpad")
    assert name in shown
    assert "Nobody has declared" in shown
    gone = ("withdraw", "ehpad", name, "--by", "C", "--reason", "Non !")
    code, _shown, _error = run(workspace, *gone)
    assert code == 0
    code, shown, _error = run(workspace, "list", "ehpad", "--json")
    assert not [one for one in json.loads(shown)["matters"] if one["said"]]
