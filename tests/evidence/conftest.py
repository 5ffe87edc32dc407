"""One chain of three sealed runs for all tests that only read it."""

from pathlib import Path

import pytest

from kit.i18n import language
from tests.evidence.made import Files, Made, load, make_site


@pytest.fixture(autouse=True)
def english():
    with language("en"):
        yield


@pytest.fixture(scope="session")
def chained(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = make_site(tmp_path_factory.mktemp("chained"))
    made.make_keys()
    for _run in range(3):
        made.check()
    return made


@pytest.fixture(scope="session")
def exported(chained: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chained.export(tmp_path_factory.mktemp("exported") / "evidence")


@pytest.fixture(scope="session")
def whole(exported: Path) -> Files:
    return load(exported)


@pytest.fixture
def files(whole: Files) -> Files:
    return Files(whole)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A site of one's own, without keys and without a run."""
    return make_site(tmp_path)
