"""Fixtures: English messages, a workspace with one site, its redactor."""

from pathlib import Path

import pytest

from kit.i18n import language
from kit.redaction import Redactor
from kit.sites.workspace import Workspace, load_workspace

SITE = """\
schema: 1
id: tilleuls
name: Les Tilleuls
test: true
finess_et: "0B0000016"
"""


@pytest.fixture(autouse=True)
def english():
    with language("en"):
        yield


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Its vault key is in a file beside it that does not exist yet."""
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "esms-kit.toml").write_text('schema = 1\n[vault]\nkey = {file = "../vault-key"}\n')
    for name in ("tilleuls", "chenes"):
        folder = root / "inventories" / name
        folder.mkdir(parents=True)
        (folder / "site.yaml").write_text(SITE.replace("tilleuls", name))
    return load_workspace(root)
