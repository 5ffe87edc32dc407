"""A site without a device is not compliant: nobody has looked at anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kit.app.check import FINDINGS
from kit.documents_io.yaml import dump_yaml
from tests.warm import esms_kit

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a site that has no device, and the example."""
    folder = tmp_path / "inventories" / "vide"
    folder.mkdir(parents=True)
    site = {"schema": 1, "id": "vide", "name": "EHPAD", "test": True, "finess_et": "0B0000016"}
    (folder / "site.yaml").write_text(dump_yaml(site))
    shutil.copytree(ROOT / "inventories" / "example", tmp_path / "inventories" / "example",
                    ignore=shutil.ignore_patterns("snapshots"))  # fmt: skip
    (tmp_path / "esms-kit.toml").write_text("schema = 1\n")
    return tmp_path


def kit(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return esms_kit("-w", str(root), "--lang", "fr", *words)


def test_a_check_of_no_device_is_no_success(root: Path) -> None:
    done = kit(root, "check", "vide")
    assert done.returncode == FINDINGS
    assert "esms-kit intake" in done.stdout


@pytest.mark.parametrize("words", [("plan", "vide"), ("apply", "vide", "--yes")])
def test_nothing_is_planned_or_done_for_no_device(root: Path, words: tuple[str, ...]) -> None:
    before = sorted(root.rglob("*"))
    done = kit(root, *words)
    assert done.returncode == 2
    assert "esms-kit intake vide" in done.stderr
    told = {one.name for one in set(root.rglob("*")) - set(before)}
    assert not [name for name in told if name.startswith("evidence")]


def test_a_class_that_no_device_has_is_told(root: Path) -> None:
    done = kit(root, "plan", "example", "--limit", "til-pc-001", "--class", "thin_client")
    assert done.returncode == 2
    assert "thin_client" in done.stderr


@pytest.mark.parametrize("words", [("plan", "vide"), ("apply", "vide", "--yes")])
def test_nothing_is_planned_or_done_for_what_has_left(root: Path, words: tuple[str, ...]) -> None:
    gone = {"id": "pc-9", "device_class": "desktop", "platform": "linux", "state": "removed"}
    (root / "inventories" / "vide" / "devices.yaml").write_text(
        dump_yaml({"schema": 1, "devices": [gone]})
    )
    done = kit(root, *words, "--limit", "pc-*")
    assert done.returncode == 2
    assert "ont tous quitté le site : pc-9" in done.stderr.replace("\u00a0", " ")
    assert not list(root.rglob("evidence*"))
