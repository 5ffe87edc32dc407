"""The commands as people type them: exit codes, French, nothing that a file says acts."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kit.app.evidence_folder import verify
from kit.errors import InvalidInput, UsageError
from kit.model.evidence import digest_of
from tests.evidence.made import Files, Made, load, save

ROOT = Path(__file__).parents[2]


def kit(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kit.cli", "--lang", "fr", *arguments],
        capture_output=True, text=True, timeout=120, check=False, cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip


def test_verify_needs_no_workspace_and_its_exit_code_tells(
    chained: Made, exported: Path, tmp_path: Path
) -> None:
    key = chained.public(tmp_path / "scellement.pem")
    head = digest_of((exported / "chain" / "000003.json").read_bytes())
    whole = kit("verify", str(exported), "--key", str(key), "--head", head, cwd=tmp_path)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "Intègre" in whole.stdout
    bare = kit("verify", str(exported), cwd=tmp_path)
    assert bare.returncode == 1
    assert "--head" in bare.stdout
    files = Files(load(exported))
    name = "runs/000002/findings/til-pc-001.json"
    files[name] = files[name].replace(b"fail", b"pass", 1)
    broken = save(files, tmp_path / "broken")
    found = kit("verify", str(broken), "--key", str(key), "--json", cwd=tmp_path)
    assert found.returncode == 3
    faults = json.loads(found.stdout)["faults"]
    assert {(one["kind"], one["place"]) for one in faults} == {("changed", name)}
    shown = kit("verify", str(broken), "--key", str(key), cwd=tmp_path).stdout
    assert f"✗ {name}\u00a0: " in shown
    assert "ALTÉRÉ" in shown
    assert sorted(load(broken)) == sorted(files), "nothing is written into the folder"


HOSTILE = ["\x1b[31mx", "\u202egnp.json", "a\nb", "<script>", "=cmd()"]


def test_names_of_files_cannot_act_on_the_screen(files: Files, tmp_path: Path) -> None:
    files.update({f"runs/000001/{name}": b"x" for name in HOSTILE})
    folder = save(files, tmp_path / "hostile")
    shown = kit("verify", str(folder), cwd=tmp_path)
    assert shown.returncode == 3
    assert shown.stdout.count("ajouté") >= len(HOSTILE)
    assert not {"\x1b", "\u202e"} & set(shown.stdout + shown.stderr)


def test_what_is_no_folder_of_evidence_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert kit("verify", str(tmp_path / "empty"), cwd=tmp_path).returncode == 3
    nothing = kit("verify", str(tmp_path / "nowhere"), cwd=tmp_path)
    assert nothing.returncode == 2
    assert "Traceback" not in nothing.stderr


def test_a_check_says_whether_it_is_sealed(made: Made) -> None:
    arguments = ("-w", str(made.root), "check", "example", "--from", str(made.root / "snapshots"))
    assert "NON SCELLÉE" in kit(*arguments).stdout
    found = json.loads(kit(*arguments, "--json").stdout)["evidence"]
    assert (found["number"], found["key"]) == (2, None)
    waiver = kit("-w", str(made.root), "waiver", "lint", "example")
    assert waiver.returncode == 0, waiver.stderr


def test_a_check_tells_of_a_clock_in_doubt_and_of_what_it_did_not_look_at(
    made: Made, tmp_path: Path
) -> None:
    for path in (made.root / "snapshots").glob("*.json"):
        snapshot = json.loads(path.read_text())
        taken = datetime.fromisoformat(snapshot["taken_at"])
        snapshot["device_clock"] = (taken - timedelta(days=365)).isoformat()
        (tmp_path / path.name).write_text(json.dumps(snapshot))
    words = ("-w", str(made.root), "--lang", "fr", "check", "example", "--from")
    right = kit(*words, str(made.root / "snapshots")).stdout
    assert "horloge" not in right
    assert "Le site ne donne pas" not in right
    wrong = kit(*words[:-3], "-v", *words[-3:], str(tmp_path)).stdout
    assert "L’horloge de cet ordinateur est douteuse" in wrong
    assert "Le site ne donne pas" in " ".join(wrong.split())


def test_a_key_that_is_not_there_and_half_a_head_are_told_as_such(
    chained: Made, exported: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="cannot be opened"):
        verify(exported, [tmp_path / "scellement.pem"])
    key = chained.public(tmp_path / "scellement.pem")
    head = digest_of((exported / "chain" / "000003.json").read_bytes())
    with pytest.raises(UsageError, match="64"):  # not: newest runs were removed
        verify(exported, [key], head[:16])
    spaced = " ".join(head[at : at + 4] for at in range(0, 64, 4)).upper()
    assert not verify(exported, [key], spaced).faults
