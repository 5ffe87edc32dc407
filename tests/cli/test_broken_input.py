"""Ten broken inputs: what, where and what next, all at once, exit 3, nothing written."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kit.documents_io.yaml import dump_yaml
from tests.warm import esms_kit

ROOT = Path(__file__).parents[2]
SITE: dict[str, Any] = {
    "schema": 1,
    "id": "ehpad",
    "name": "EHPAD d’essai",
    "test": True,
    "finess_et": "0B0000016",
    "category": "500",
    "management": {"account": "kit", "sources": ["192.0.2.0/28"]},
}
NOTE = (
    "Désignation;Qté;N° de série;Adresse MAC\n"
    "Lenovo ThinkCentre M70q Gen 4;1;FIC-A-001;02:00:5e:10:00:01\n"
)


def kit(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return esms_kit("-w", str(workspace), "--lang", "fr", *arguments)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "w" / "inventories" / "ehpad"
    folder.mkdir(parents=True)
    (tmp_path / "w" / "esms-kit.toml").write_text("schema = 1\n")
    (folder / "site.yaml").write_text(dump_yaml(SITE))
    return tmp_path / "w"


def state(workspace: Path) -> dict[str, bytes]:
    """Every file of the workspace but logs and runs."""
    return {
        str(path.relative_to(workspace)): path.read_bytes()
        for path in sorted(workspace.rglob("*"))
        if path.is_file() and ".esms-kit" not in path.parts
    }


def refused(workspace: Path, *arguments: str) -> list[dict[str, str]]:
    """Run a command that must refuse its input; the problems it names."""
    before = state(workspace)
    done = kit(workspace, *arguments, "--json")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert state(workspace) == before, "something was written"
    problems: list[dict[str, str]] = json.loads(done.stderr)["problems"]
    assert problems
    assert all(one["where"] and one["message"] for one in problems)
    return problems


def edit_site(workspace: Path, **more: Any) -> None:
    path = workspace / "inventories" / "ehpad" / "site.yaml"
    path.write_text(dump_yaml({**SITE, **more}))


def note(workspace: Path, text: str | bytes) -> str:
    path = workspace / "bl.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def intake(workspace: Path, text: str | bytes) -> list[dict[str, str]]:
    return refused(workspace, "intake", "ehpad", note(workspace, text), "--delivery", "bl-1")


def test_delivery_note_without_a_needed_heading(workspace: Path) -> None:
    intake(workspace, NOTE.replace("Désignation", "Commentaire"))


def test_bad_serial_duplicate_serial_and_bad_mac_all_at_once(workspace: Path) -> None:
    rows = (
        "Lenovo ThinkCentre M70q Gen 4;1;FIC-A-001;02:00:5e:10:00:02\n"
        "Lenovo ThinkCentre M70q Gen 4;1;=cmd();02:00:5e:10:00:03\n"
        "Lenovo ThinkCentre M70q Gen 4;1;FIC-A-004;02:00:5e:zz\n"
    )
    problems = intake(workspace, NOTE + rows)
    lines = {one["where"].split(":")[1] for one in problems}
    assert {"3", "4", "5"} <= lines or {"2", "4", "5"} <= lines, problems


def test_file_of_no_known_encoding(workspace: Path) -> None:
    intake(workspace, b"\xff\xfe\x00D\x81\x8d\x8f\x90\x9d\x00;\x00")


def test_unknown_key_and_wrong_type_in_the_site_file(workspace: Path) -> None:
    edit_site(workspace, colour="blue", timezone=3)
    problems = refused(workspace, "check", "ehpad")
    text = " ".join(one["message"] for one in problems)
    assert "colour" in text
    assert "timezone" in text


def test_bad_finess_number(workspace: Path) -> None:
    edit_site(workspace, finess_et="590799731", test=False)
    assert any("site.yaml" in one["where"] for one in refused(workspace, "check", "ehpad"))


def test_bad_date_and_unknown_rule_in_a_waiver(workspace: Path) -> None:
    base = {"reason": "en attente du fournisseur", "approver": "RSSI", "start": "2026-11-01"}
    waivers = [{"id": "D1", "rule": "magic_sysrq_disabled", "end": "2026-13-45", **base}]
    path = workspace / "inventories" / "ehpad" / "waivers.yaml"
    path.write_text(dump_yaml({"schema": 1, "waivers": waivers}))
    (problem,) = refused(workspace, "check", "ehpad")
    assert "waivers.yaml:" in problem["where"]
    waivers = [{"id": "D1", "rule": "magic_sysrk_disabled", "end": "2026-12-31", **base}]
    path.write_text(dump_yaml({"schema": 1, "waivers": waivers}))
    (problem,) = refused(workspace, "check", "ehpad")
    assert "magic_sysrk_disabled" in problem["message"]
    assert "waivers.yaml:" in problem["where"]


def test_unknown_parameter_and_value_out_of_bounds(workspace: Path) -> None:
    edit_site(workspace, parameters={"no_such_parameter": 1})
    assert "no_such_parameter" in refused(workspace, "check", "ehpad")[0]["message"]


def test_circular_requirements_of_a_catalogue(workspace: Path) -> None:
    folder = workspace / "baseline"
    shutil.copytree(ROOT / "kit" / "baseline", folder)
    rules = (folder / "rules" / "kernel.yaml").read_text()
    ids = [line.split(": ")[1] for line in rules.splitlines() if line.startswith("  - id: ")]
    first, second = ids[:2]
    circular = rules
    for here, there in ((first, second), (second, first)):
        start = circular.index(f"  - id: {here}\n")
        at = circular.index("      linux:\n", start) + len("      linux:\n")
        circular = circular[:at] + f"        meta: {{requires: [{there}]}}\n" + circular[at:]
    (folder / "rules" / "kernel.yaml").write_text(circular)
    done = kit(workspace, "catalogue", "lint", str(folder))
    assert done.returncode == 3
    shown = [line for line in done.stderr.splitlines() if "rules/kernel.yaml:" in line]
    assert any(first in line and second in line for line in shown), done.stderr


def test_yaml_that_does_not_parse_and_key_given_twice(workspace: Path) -> None:
    path = workspace / "inventories" / "ehpad" / "site.yaml"
    path.write_text(dump_yaml(SITE) + "name: twice\n")
    (problem,) = refused(workspace, "check", "ehpad")
    assert problem["where"].endswith(":1") or ":" in problem["where"]
    path.write_text("schema: 1\n id: x\n")
    refused(workspace, "check", "ehpad")


def test_snapshot_that_is_none(workspace: Path) -> None:
    path = workspace / "x.snapshot.json"
    path.write_text('{"schema": 1, "device": "pc-1", "surprise": true}')
    refused(workspace, "check", "ehpad", "--from", str(path))


def test_usage_errors_exit_2_and_say_what_next(workspace: Path) -> None:
    for words in (["check", "nowhere"], ["check", "ehpad", "--limit", "zz*"], ["nonsense"], []):
        done = kit(workspace, *words)
        assert done.returncode == 2, (words, done.stderr)
        assert done.stderr or done.stdout
        assert "Traceback" not in done.stderr
