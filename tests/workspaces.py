"""Fixtures: English messages, an empty workspace, and files put into its inventories."""

from pathlib import Path

import pytest

from kit.i18n import language
from kit.sites.workspace import Workspace, load_workspace


@pytest.fixture(autouse=True)
def english():
    with language("en"):
        yield


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "esms-kit.toml").write_text("schema = 1\n")
    return load_workspace(tmp_path)


@pytest.fixture
def put(workspace: Workspace):
    def write(name: str, text: str) -> Path:
        path = workspace.inventories / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write
