"""Open a store and keep runs in it."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from kit.errors import UsageError
from kit.i18n import _
from kit.model.finding import Finding
from kit.model.journal import JournalEntry
from kit.model.plan import DevicePlan
from kit.model.record import Record
from kit.model.run import Run
from kit.model.sharing import Sharing, without_cycles
from kit.model.snapshot import Snapshot
from kit.store.tables import CHAIN, FINDINGS, JOURNAL, OUTCOMES, PLANS, RUNS, SNAPSHOTS

R = TypeVar("R", bound=Record)
BUSY_TIMEOUT_MS: Final = 15_000
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class _Findings(Record):
    findings: tuple[Finding, ...]


def _pack(record: Record) -> bytes:
    # mtime=0: the same record gives the same bytes
    return gzip.compress(record.model_dump_json(by_alias=True).encode(), 6, mtime=0)


def _unpack(kind: type[R], body: bytes) -> R:
    return kind.model_validate_json(gzip.decompress(body), strict=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - DB-API object
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.close()


class Store:
    """Runs and all that belongs to them. Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        """Use ``open_store``, which brings the tables up to date first."""
        self._engine = engine

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _unusable(self._engine.url.render_as_string(hide_password=True), error) from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction, for the other modules of this package."""
        with self._transaction() as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def begin(self, run: Run) -> None:
        """Keep a run that has just started."""
        with self._transaction() as connection:
            row = {"id": run.id, "site": run.site, "kind": run.kind, "body": run.model_dump_json()}
            connection.execute(insert(RUNS), [row])

    def end(self, run: Run) -> None:
        """Replace a run by its ended form."""
        with self._transaction() as connection:
            connection.execute(
                update(RUNS).where(RUNS.c.id == run.id).values(body=run.model_dump_json())
            )

    def _keep(self, table: Table, run: str, records: Mapping[str, Record]) -> None:
        rows = [
            {"run": run, "device": device, "body": _pack(record)}
            for device, record in sorted(records.items())
        ]
        if rows:
            with self._transaction() as connection:
                connection.execute(insert(table), rows)

    def _kept(self, table: Table, run: str, kind: type[R]) -> dict[str, R]:
        with self._transaction() as connection:
            rows = connection.execute(
                select(table.c.device, table.c.body).where(table.c.run == run)
            ).all()
        return {device: _unpack(kind, body) for device, body in sorted(rows)}

    def keep_snapshots(self, run: str, snapshots: Iterable[Snapshot]) -> None:
        """Keep one snapshot per device."""
        self._keep(SNAPSHOTS, run, {one.device: one for one in snapshots})

    def keep_findings(self, run: str, findings: Mapping[str, tuple[Finding, ...]]) -> None:
        """Keep the findings of every device."""
        kept = {device: _Findings(findings=found) for device, found in findings.items()}
        self._keep(FINDINGS, run, kept)

    def keep_plans(self, run: str, plans: Iterable[DevicePlan]) -> None:
        """Keep the plan of every device."""
        self._keep(PLANS, run, {one.device: one for one in plans})

    def keep_outcomes(self, run: str, outcomes: Mapping[str, Record]) -> None:
        """Keep what an engine reported of every device; a run that goes on tells it anew."""
        with self._transaction() as connection:
            gone = (OUTCOMES.c.run == run) & OUTCOMES.c.device.in_(sorted(outcomes))
            connection.execute(delete(OUTCOMES).where(gone))
        self._keep(OUTCOMES, run, outcomes)

    def outcomes(self, run: str, kind: type[R]) -> dict[str, R]:
        """Device -> what an engine reported, as records of ``kind``."""
        return self._kept(OUTCOMES, run, kind)

    def write_ahead(self, entries: Iterable[JournalEntry]) -> None:
        """Keep entries of the journal, all or none; one that is there already is replaced."""
        given = list(entries)
        with self._transaction() as connection:
            for one in given:
                connection.execute(delete(JOURNAL).where(_entry(one)))
            rows = [
                {"run": one.run, "device": one.device, "target": one.target, "body": _pack(one)}
                for one in given
            ]
            if rows:
                connection.execute(insert(JOURNAL), rows)

    def rewrite(self, entries: Iterable[JournalEntry]) -> None:
        """Replace entries by what is known of them now, all or none."""
        with self._transaction() as connection:
            for one in entries:
                connection.execute(update(JOURNAL).where(_entry(one)).values(body=_pack(one)))

    def journal(self, run: str, device: str | None = None) -> tuple[JournalEntry, ...]:
        """The entries of a run (of one device), by device and in the order of its changes."""
        asked = JOURNAL.c.run == run
        if device is not None:
            asked &= JOURNAL.c.device == device
        with self._transaction() as connection:
            rows = connection.execute(select(JOURNAL.c.body).where(asked)).all()
        found = [_unpack(JournalEntry, body) for (body,) in rows]
        return tuple(sorted(found, key=lambda one: (one.device, one.number, one.target)))

    def run(self, run: str) -> Run | None:
        """A run by its id."""
        with self._transaction() as connection:
            row = connection.execute(select(RUNS.c.body).where(RUNS.c.id == run)).first()
        return None if row is None else Run.model_validate_json(row[0], strict=True)

    def snapshots(self, run: str) -> dict[str, Snapshot]:
        """Device -> snapshot of a run."""
        return self._kept(SNAPSHOTS, run, Snapshot)

    def findings(self, run: str) -> dict[str, tuple[Finding, ...]]:
        """Device -> findings of a run."""
        with self._transaction() as connection:
            rows = connection.execute(
                select(FINDINGS.c.device, FINDINGS.c.body).where(FINDINGS.c.run == run)
            ).all()
        sharing = Sharing()
        with without_cycles():
            return {
                device: sharing.findings(_unpack(_Findings, body).findings)
                for device, body in sorted(rows)
            }

    def plans(self, run: str) -> dict[str, DevicePlan]:
        """Device -> plan of a run."""
        return self._kept(PLANS, run, DevicePlan)

    def forget(self, run: str, kinds: Collection[str]) -> None:
        """Delete parts of a run: ``snapshots``, ``findings``, ``plans``, ``outcomes``."""
        tables = {one.name: one for one in (SNAPSHOTS, FINDINGS, PLANS, OUTCOMES)}
        with self._transaction() as connection:
            for kind in sorted(kinds):
                connection.execute(delete(tables[kind]).where(tables[kind].c.run == run))

    def runs(self, site: str) -> tuple[Run, ...]:
        """Every run of a site, oldest first.

        The chain of evidence says in which order runs ended: a clock that was set back cannot put
        a run before one it came after. A run that is in no chain stands where its id says.
        """
        with self._transaction() as connection:
            rows = connection.execute(
                select(RUNS.c.id, RUNS.c.body).where(RUNS.c.site == site).order_by(RUNS.c.id)
            ).all()
            chained = connection.execute(
                select(CHAIN.c.run, func.min(CHAIN.c.sequence))
                .where((CHAIN.c.site == site) & CHAIN.c.run.is_not(None))
                .group_by(CHAIN.c.run)
            ).all()
        order: dict[str, tuple[int, int]] = {run: (number, 0) for run, number in chained}
        latest = 0
        for run, _body in rows:
            latest = max(latest, order.setdefault(run, (latest, 1))[0])
        rows = sorted(rows, key=lambda row: (order[row[0]], row[0]))
        return tuple(Run.model_validate_json(body, strict=True) for _run, body in rows)


def _entry(one: JournalEntry) -> ColumnElement[bool]:
    return (
        (JOURNAL.c.run == one.run)
        & (JOURNAL.c.device == one.device)
        & (JOURNAL.c.target == one.target)
    )


def _unusable(url: str, error: Exception) -> UsageError:
    detail = str(getattr(error, "orig", None) or error).splitlines()[0]
    return UsageError(
        _("the store cannot be used ({detail}).").format(detail=detail),
        where=url,
        remedy=_("Check “store” in esms-kit.toml, the free space and your rights there."),
    )


def open_store(url: str) -> Store:
    """Open the store at an SQLAlchemy URL and bring its tables up to date.

    A missing SQLite file is made, with its folder, readable by its owner only. Raises
    ``UsageError`` when the store cannot be used or is newer than this version.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database not in {None, "", ":memory:"}:
            _private_file(Path(str(parsed.database)))
        engine = create_engine(parsed)
        if parsed.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        with engine.begin() as connection:
            _migrate(connection)
    except (SQLAlchemyError, ArgumentError, OSError) as error:
        raise _unusable(url if "@" not in url else url.rsplit("@", 1)[1], error) from error
    return Store(engine)


def _migrate(connection: Connection) -> None:
    """Bring the tables to the newest revision; Alembic is only loaded when there is work for it."""
    newest = max(path.name.split("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
    if inspect(connection).has_table("alembic_version"):
        here = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if here == newest:
            return
        if here is not None and here > newest:
            raise UsageError(
                _("the store was made by a newer version of the kit."),
                remedy=_("Update esms-kit on this controller."),
            )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _private_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=True)
