"""The chain in the store: one row without gaps, whoever writes at once, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from kit.errors import UsageError
from kit.evidence.chain import linked, next_entry
from kit.evidence.documents import manifest
from kit.model.evidence import FIRST, Link, digest_of
from kit.model.site import Site
from kit.store.chain import Chain, pack
from kit.store.store import Store, open_store
from tests.store import postgresql
from tests.store.test_store import AT

SITE = Site(id="s", name="S", test=True, finess_et="0B0000016")
WRITERS, EACH = 3, 6


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if not postgresql.VERSIONS.exists():
        pytest.skip("PostgreSQL is not installed")
    with postgresql.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.sqlite"
    return str(request.getfixturevalue("server"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


def entry(content: bytes):
    listed = manifest([("context.json", digest_of(content))])

    def make(last: Link | None):
        made = next_entry(SITE, last, made_at=AT, manifest=listed, files=1)
        return linked(made, listed, None), [("context.json", pack(content))]

    return make


def chain(store: Store, request: pytest.FixtureRequest) -> Chain:
    """One database serves all tests of the module: each has a site of its own in it."""
    return Chain(store, request.node.name[:60].replace("[", "-").rstrip("]"))


def test_each_entry_names_the_one_before(store: Store, request) -> None:
    here = chain(store, request)
    first, second = here.append(entry(b"one")), here.append(entry(b"two"))
    assert [link.sequence for link in here.links()] == [1, 2]
    assert first.read().previous == FIRST
    assert second.read().previous == first.digest
    assert here.links() == (first, second)
    assert dict(here.files(2)) == {"context.json": b"two"}
    assert here.names() == {1: ("context.json",), 2: ("context.json",)}
    assert not here.imported()
    here.stamp(1, b"token")
    assert here.links()[0].stamp == b"token"


def test_a_purge_deletes_files_and_says_so_or_does_neither(store: Store, request) -> None:
    here = chain(store, request)
    here.append(entry(b"one"))

    def fails(_last: Link | None):
        raise UsageError("no", remedy="")

    with pytest.raises(UsageError):
        here.purge(fails, [(1, "context.json")])
    assert dict(here.files(1)) == {"context.json": b"one"}
    link = here.purge(entry(b"gone"), [(1, "context.json")])
    assert dict(here.files(1)) == {}
    assert link.sequence == 2


def test_two_that_write_at_once_make_one_row(url: str, store: Store, request) -> None:
    here = chain(store, request)
    failures: list[BaseException] = []

    def write(number: int) -> None:
        mine = open_store(url)
        try:
            for count in range(EACH):
                Chain(mine, here.site).append(entry(f"{number} {count}".encode()))
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)
        finally:
            mine.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert failures == []
    links = here.links()
    assert [link.sequence for link in links] == list(range(1, WRITERS * EACH + 1))
    for before, after in pairwise(links):
        assert after.read().previous == before.digest


def test_a_site_with_a_gap_of_years_still_sorts_by_number(store: Store, request) -> None:
    here = chain(store, request)
    listed = manifest([])

    def dated(days: int):
        def make(last: Link | None):
            at = AT + timedelta(days=days)
            made = next_entry(SITE, last, made_at=at, manifest=listed, files=0)
            return linked(made, listed, None), []

        return make

    for days in (0, 4000, 1):
        here.append(dated(days))
    assert here.links()[1].read().made_at > here.links()[2].read().made_at
    assert [link.sequence for link in here.links()] == [1, 2, 3]
