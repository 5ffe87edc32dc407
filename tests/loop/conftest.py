"""Fixtures of the tests of the whole loop: a lab, and a site made of its hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.bench import Lab
from tests.loop.lab_site import LabSite

MakeSite = Callable[..., LabSite]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as opened:
        yield opened


@pytest.fixture
def make_site(lab: Lab, tmp_path: Path) -> Iterator[MakeSite]:
    """``make_site(3)``: a site of three fresh hosts; keywords go into ``site.yaml``."""
    made: list[LabSite] = []

    def make(count: int = 1, **site: Any) -> LabSite:
        found = LabSite(lab, tmp_path / "workspace", lab.hosts(count), site)
        found.write()
        made.append(found)
        return found

    yield make
    for site in made:
        for host in site.hosts:
            lab.discard(host)
