"""A bench for scripts, under each shell they must run in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.shells import SHELLS, Bench


@pytest.fixture(params=SHELLS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    folder = tmp_path / "bench"
    folder.mkdir(mode=0o700)
    return Bench(request.param, folder)
