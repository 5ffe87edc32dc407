"""Lab hosts for collectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.lab.bench import Lab
from tests.lab.hosts import Host


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
