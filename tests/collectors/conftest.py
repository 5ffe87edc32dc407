"""Lab hosts, shells and an sshd of this machine for collectors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.collectors.controller import Controller
from tests.collectors import made_up
from tests.collectors.batches import APPLETS, System
from tests.collectors.sshd import Sshd, make_key, running
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


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A userland of busybox alone, as routers and recovery systems have it."""
    found = shutil.which("busybox")
    if found is None:
        pytest.skip("busybox is not installed")
    folder = tmp_path_factory.mktemp("busybox")
    for name in APPLETS:
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture(params=["dash", "bash", "busybox"])
def system(request: pytest.FixtureRequest, busybox: Path) -> System:
    if request.param == "busybox":
        return System(str(busybox / "sh"), str(busybox))
    found = shutil.which(request.param)
    if found is None:
        pytest.skip(f"{request.param} is not installed")
    return System(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ssh")


@pytest.fixture(scope="module")
def identity(folder: Path) -> Path:
    return make_key(folder / "id")


@pytest.fixture(scope="module")
def server(folder: Path, identity: Path) -> Iterator[Sshd]:
    with running(folder / "sshd", identity, kinds=("ed25519", "rsa")) as daemon:
        yield daemon


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return made_up.controller(tmp_path)
