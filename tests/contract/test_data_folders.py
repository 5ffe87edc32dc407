"""A data folder is found in a checkout, in an installed package, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit import data_folders
from kit.data_folders import MissingDataFolder, data_folder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty installation: the `kit` package somewhere else."""
    package = tmp_path / "site-packages/kit"
    package.mkdir(parents=True)
    monkeypatch.setattr(data_folders, "_INSTALLED", package / "_data")
    monkeypatch.setattr(data_folders, "_CHECKOUT", package.parent)
    return package


def test_a_checkout_has_its_folders_beside_the_package(package: Path) -> None:
    (package.parent / "pyproject.toml").touch()
    (package.parent / "roles").mkdir()
    assert data_folder("roles") == package.parent / "roles"


def test_an_installed_package_has_them_inside(package: Path) -> None:
    (package / "_data/inventories/example").mkdir(parents=True)
    assert data_folder("inventories/example") == package / "_data/inventories/example"


def test_somebody_elses_folder_beside_the_package_is_not_taken(package: Path) -> None:
    (package.parent / "roles").mkdir()
    with pytest.raises(MissingDataFolder) as caught:
        data_folder("roles")
    assert caught.value.where == str(package / "_data/roles")
    assert caught.value.remedy


def test_an_installed_package_does_not_look_beside_itself(package: Path) -> None:
    (package / "_data").mkdir()
    (package.parent / "pyproject.toml").touch()
    (package.parent / "templates").mkdir()
    with pytest.raises(MissingDataFolder):
        data_folder("templates")
