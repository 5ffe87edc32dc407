"""A bench for scripts, under each shell they must run in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.shells import SHELLS, Bench
from tests.lab.bench import Lab
from tests.lab.hosts import Host


@pytest.fixture(params=SHELLS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    folder = tmp_path / "bench"
    folder.mkdir(mode=0o700)
    return Bench(request.param, folder)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as opened:
        yield opened


@pytest.fixture
def hosts(lab: Lab) -> Iterator[Callable[[int], list[Host]]]:
    """A function that gives fresh hosts."""
    before = set(lab.hosts_by_name)
    yield lab.hosts
    for name in set(lab.hosts_by_name) - before:
        lab.discard(lab.hosts_by_name[name])


@pytest.fixture
def host(hosts: Callable[[int], list[Host]]) -> Host:
    return hosts(1)[0]
