"""What is slow is built once, whole, and kept while somebody uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import cache, rootfs
from tests.lab.bench import Lab
from tests.lab.cache import LabError, provide


@pytest.fixture(autouse=True)
def own_cache(request: pytest.FixtureRequest) -> None:
    if "tmp_path" in request.fixturenames:
        folder = request.getfixturevalue("tmp_path") / "cache"
        request.getfixturevalue("monkeypatch").setenv("ESMS_LAB", str(folder))


def write_done(folder: Path) -> None:
    (folder / "done").write_text("whole")


def test_a_failed_build_is_no_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise LabError("no archive")

    with pytest.raises(LabError, match="no archive"):
        provide("thing", "1", fail)
    made = provide("thing", "1", write_done)
    assert sorted(path.name for path in made.folder.iterdir()) == ["done"]
    assert provide("thing", "1", fail).folder == made.folder


def test_unused_ones_are_swept_and_used_ones_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, unused = provide("thing", "1", write_done), provide("thing", "2", write_done)
    other = provide("else", "1", write_done)
    other.release()
    unused.release()
    provide("thing", "3", write_done)
    assert used.folder.is_dir()
    assert other.folder.is_dir()
    assert not unused.folder.exists()


def test_a_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "real")
    with pytest.raises(LabError, match="not a folder owned"):
        cache.cache_folder()


def test_a_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabError, match="no-such-tool is not installed"):
        cache.run_tool(["no-such-tool"])
    with pytest.raises(LabError, match="exit 3"):
        cache.run_tool(["sh", "-c", "exit 3"])


def test_the_second_build_of_the_base_does_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(rootfs, "_build", fail)
    built = rootfs.provide_base()
    assert built.folder / "base" == lab.base
    built.release()
