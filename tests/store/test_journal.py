"""The journal in the store: written ahead, rewritten, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.errors import UsageError
from kit.model.artefact import FileArtefact
from kit.model.journal import JournalEntry, ReadBack
from kit.model.plan import Change, ChangedValue
from kit.model.record import Record
from kit.model.run import Operator, Run
from kit.model.target import ArtefactKind
from kit.store.store import Store, open_store
from tests.store import postgresql
from tests.store.test_store import AT, finding, run


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


def begun(store: Store) -> Run:
    token = f"{len(store.runs('s')):06x}"  # one database serves all tests of the module
    made = run(token).model_copy(update={"kind": "apply"})
    store.begin(made)
    return made


def entry(made: Run, number: int = 0, path: str = "/etc/a.conf", **more: object) -> JournalEntry:
    value = ChangedValue(
        rule="a_rule", setting="s", read="r", key="k", old="<absent>", new="é\u202e"
    )
    return JournalEntry(
        run=made.id, device="pc-1", number=number, target=f"file:{path}",
        change=Change(
            kind=ArtefactKind.FILE, target=path, phase=30, rules=("a_rule",), values=(value,),
            artefact=FileArtefact(path=path, content="x\n"),
        ),
        prior=("absent",), operator=Operator(account="root", controller="c"), planned_at=AT,
        **more,
    )  # type: ignore[arg-type]  # fmt: skip


def test_entries_come_back_equal_and_in_order(store: Store) -> None:
    made = begun(store)
    entries = [entry(made, 1, "/etc/b"), entry(made, 0, "/etc/z"), entry(made, 2, "/etc/a")]
    store.write_ahead(entries)
    assert [one.number for one in store.journal(made.id)] == [0, 1, 2]
    assert sorted(store.journal(made.id), key=lambda one: one.target) == sorted(
        entries, key=lambda one: one.target
    )
    assert store.journal(made.id, "pc-2") == ()


def test_an_entry_is_rewritten_and_one_that_goes_on_is_replaced(store: Store) -> None:
    made = begun(store)
    store.write_ahead([entry(made), entry(made, 1, "/etc/b")])
    done = entry(made, state="done", told_at=AT, written=("file 0:0 0644 2 0",),
                 read_back=ReadBack.AS_WANTED, read_at=AT)  # fmt: skip
    store.rewrite([done])
    assert store.journal(made.id)[0] == done
    store.write_ahead([entry(made)])
    assert [one.state for one in store.journal(made.id)] == ["planned", "planned"]


def test_entries_are_kept_all_or_none(store: Store) -> None:
    made = begun(store)
    foreign = entry(made).model_copy(update={"run": "20260101T000000Z-000000"})
    with pytest.raises(UsageError):
        store.write_ahead([entry(made), foreign])
    assert store.journal(made.id) == ()


class _Told(Record):
    how: str


def test_outcomes_told_again_take_the_place_of_the_old(store: Store) -> None:
    made = begun(store)
    store.keep_outcomes(made.id, {"pc-1": _Told(how="interrupted"), "pc-2": _Told(how="done")})
    store.keep_outcomes(made.id, {"pc-1": _Told(how="done")})
    assert store.outcomes(made.id, _Told) == {"pc-1": _Told(how="done"), "pc-2": _Told(how="done")}


def test_everything_else_is_kept_there_too(store: Store) -> None:
    made = begun(store)
    store.keep_findings(made.id, {"pc-1": (finding(),)})
    assert store.findings(made.id) == {"pc-1": (finding(),)}
    store.end(made.model_copy(update={"exit_code": 1}))
    found = store.run(made.id)
    assert found is not None
    assert found.exit_code == 1
    assert store.run("20000101T000000Z-000000") is None


def test_the_tables_of_the_server_are_those_of_the_models(server: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from kit.store.tables import METADATA

    open_store(server).close()
    with create_engine(server).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
