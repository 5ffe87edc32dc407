"""Lab hosts, as the engines' own tests have them; the engine is Ansible unless a test says else."""

from __future__ import annotations

import pytest

from kit.engines.ansible.engine import AnsibleEngine
from tests.engines import works
from tests.engines.conftest import host, hosts, lab

__all__ = ["host", "hosts", "lab"]


@pytest.fixture(autouse=True)
def _on_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works, "ENGINE", AnsibleEngine)
