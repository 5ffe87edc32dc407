"""A site without a device is not compliant: nobody has looked at anything."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.app.check import FINDINGS
from kit.app.opening import open_site
from kit.documents_io.yaml import dump_yaml
from kit.errors import UsageError
from kit.sites.workspace import Workspace
from tests.warm import esms_kit
from tests.workspaces import english, put, workspace

__all__ = ["english", "put", "workspace"]

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


def test_what_was_done_to_devices_that_are_gone_does_not_look_done(
    workspace: Workspace, put: Callable[[str, str], Path]
) -> None:
    put("vide/site.yaml", "schema: 1\nid: vide\nname: EHPAD\ntest: true\nfiness_et: 0B0000016\n")
    put(
        "vide/devices.yaml",
        "schema: 1\ndevices:\n"
        "  - {id: pc-1, device_class: desktop, platform: linux, state: removed}\n"
        "  - {id: pc-2, device_class: desktop, platform: linux, state: received}\n",
    )
    opened = open_site(workspace, "vide")
    with pytest.raises(UsageError, match="left the site"):
        opened.to_work_on("pc-1")
    assert [one.id for one in opened.to_work_on("pc-*")] == ["pc-1", "pc-2"]


def test_a_class_that_no_device_has_is_told(root: Path) -> None:
    done = kit(root, "plan", "example", "--limit", "til-pc-001", "--class", "thin_client")
    assert done.returncode == 2
    assert "thin_client" in done.stderr
