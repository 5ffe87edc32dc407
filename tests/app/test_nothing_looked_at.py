"""A site without a device is not compliant: nobody has looked at anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kit.app.check import FINDINGS
from kit.documents_io.yaml import dump_yaml
from kit.model.artefact import FileArtefact
from kit.model.journal import JournalEntry
from kit.model.plan import Change, DevicePlan
from kit.model.target import ArtefactKind
from kit.sites.workspace import load_workspace
from kit.store.store import open_store
from tests.app.test_carrying import RUN
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


def gone(root: Path) -> None:
    """The empty site had a device once."""
    device = {"id": "pc-9", "device_class": "desktop", "platform": "linux", "state": "removed"}
    (root / "inventories" / "vide" / "devices.yaml").write_text(
        dump_yaml({"schema": 1, "devices": [device]})
    )


@pytest.mark.parametrize("words", [("plan", "vide"), ("apply", "vide", "--yes")])
def test_nothing_is_planned_or_done_for_what_has_left(root: Path, words: tuple[str, ...]) -> None:
    gone(root)
    done = kit(root, *words, "--limit", "pc-*")
    assert done.returncode == 2
    assert "ont tous quitté le site : pc-9" in done.stderr.replace("\u00a0", " ")
    assert not list(root.rglob("evidence*"))


def test_what_was_begun_on_what_has_left_is_neither_ended_nor_undone(root: Path) -> None:
    gone(root)
    begun = RUN.model_copy(update={"site": "vide"})
    change = Change(
        kind=ArtefactKind.FILE, target="/etc/motd", phase=1, values=(), rules=(),
        artefact=FileArtefact(path="/etc/motd", content="x"),
    )  # fmt: skip
    entry = JournalEntry(
        run=begun.id, device="pc-9", number=1, target="file:/etc/motd", change=change,
        operator=begun.operator, planned_at=begun.started_at,
    )  # fmt: skip
    store = open_store(load_workspace(root).store_url())
    store.begin(begun)
    store.keep_plans(begun.id, [DevicePlan(device="pc-9", snapshot="", changes=(change,))])
    store.write_ahead([entry])
    for words in (("apply", "vide", "--resume", begun.id), ("undo", begun.id)):
        done = kit(root, *words, "--yes")
        assert done.returncode == 2, done.stdout
        assert "pc-9" in done.stderr
    assert store.runs("vide") == (begun,)
    store.close()
