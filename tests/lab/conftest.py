"""Fixtures of the lab. One lab a worker; a host is fresh for each test (0.5 s)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.bench import Lab
from tests.lab.hosts import Done, Host
from tests.lab.qemu import QemuHost
from tests.lab.repository import Repository


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as opened:
        yield opened


@pytest.fixture
def hosts(lab: Lab) -> Iterator[Callable[[int], list[Host]]]:
    """``hosts(3)``: fresh hosts, booted side by side, for this test."""
    made: list[Host] = []

    def make(count: int) -> list[Host]:
        fresh = lab.hosts(count)
        made.extend(fresh)
        return fresh

    yield make
    for host in made:
        lab.discard(host)


@pytest.fixture
def host(hosts: Callable[[int], list[Host]]) -> Host:
    """A fresh Debian 12 in namespaces."""
    return hosts(1)[0]


@pytest.fixture
def qemu_host(lab: Lab) -> Iterator[QemuHost]:
    """A fresh Debian 12 with a kernel of its own, resumed right after its first boot."""
    made = QemuHost(lab)
    made.boot()
    made.wait()
    yield made
    lab.discard(made)


@pytest.fixture
def repository(lab: Lab) -> Iterator[Repository]:
    """The lab's apt repository, in order again afterwards."""
    yield lab.repository
    lab.repository.publish()


@pytest.fixture
def esms_kit(lab: Lab) -> Callable[..., Done]:
    """``esms_kit("check", "SITE", cwd=...)``: the command, run on the controller."""
    program = str(Path(sys.executable).with_name("esms-kit"))

    def run(*arguments: str, cwd: Path | None = None, timeout: float = 300) -> Done:
        return lab.in_controller([program, *arguments], cwd=cwd, timeout=timeout)

    return run
