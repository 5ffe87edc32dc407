import pytest

from kit.sites.hardware import load_profiles
from tests.workspaces import english, put, workspace

__all__ = ["english", "put", "workspace"]


@pytest.fixture(scope="session")
def shipped_profiles():
    return load_profiles(None)


@pytest.fixture(autouse=True)
def profiles_read_once(monkeypatch: pytest.MonkeyPatch, shipped_profiles) -> None:
    """These sites have none of their own, and reading all of them takes longer than all else."""
    monkeypatch.setattr("kit.app.opening.load_profiles", lambda _workspace: shipped_profiles)
