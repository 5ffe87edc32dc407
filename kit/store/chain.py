"""The chain of evidence in the store: entries only ever added, in one row for each site."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from kit.errors import UsageError
from kit.model.evidence import ChainEntry, Link
from kit.store.store import Store
from kit.store.tables import CHAIN, CHAIN_FILES

_ATTEMPTS: Final = 20
_LEVEL: Final = 3  # half the time of 6, a tenth more room
Files = Iterable[tuple[str, bytes]]
"""Names and contents, each packed by ``pack``."""


def pack(content: bytes) -> bytes:
    """A file as it is kept; the same content gives the same bytes."""
    return gzip.compress(content, _LEVEL, mtime=0)


class Chain:
    """The entries of one site. Every method is one transaction."""

    def __init__(self, store: Store, site: str) -> None:
        """The chain of ``site`` in ``store``."""
        self._store = store
        self.site = site

    def append(self, make: Callable[[Link | None], tuple[Link, Files]]) -> Link:
        """Add what ``make`` gives for the last entry there is, with its files.

        Nobody else's entry comes between: where another process was quicker, the entry is made
        again after that one's.
        """
        attempts = 0
        while True:
            try:
                with self._store.transaction() as connection:
                    link, files = make(self._last(connection))
                    self._insert(connection, link, files, imported=False)
            except UsageError as error:
                attempts += 1
                if attempts == _ATTEMPTS or not isinstance(error.__cause__, IntegrityError):
                    raise
            else:
                return link

    def import_all(self, links: Iterable[tuple[Link, Files]]) -> None:
        """Keep a chain that was made elsewhere, all or none; nothing is added to it here."""
        with self._store.transaction() as connection:
            for link, files in links:
                self._insert(connection, link, files, imported=True)

    def _insert(self, connection: Connection, link: Link, files: Files, *, imported: bool) -> None:
        row = {
            "site": self.site, "sequence": link.sequence, "run": _run(link), "imported": imported,
            "entry": link.entry, "manifest": pack(link.manifest),
            "seal": link.seal, "stamp": link.stamp,
        }  # fmt: skip
        connection.execute(insert(CHAIN), [row])
        for name, body in files:
            file = {
                "site": self.site, "sequence": link.sequence, "name": name, "body": body,
            }  # fmt: skip
            connection.execute(insert(CHAIN_FILES), [file])

    def _last(self, connection: Connection) -> Link | None:
        row = connection.execute(
            select(CHAIN)
            .where(CHAIN.c.site == self.site)
            .order_by(CHAIN.c.sequence.desc())
            .limit(1)
        ).first()
        return None if row is None else _link(row)

    def links(self) -> tuple[Link, ...]:
        """Every entry, oldest first."""
        with self._store.transaction() as connection:
            rows = connection.execute(
                select(CHAIN).where(CHAIN.c.site == self.site).order_by(CHAIN.c.sequence)
            ).all()
        return tuple(_link(row) for row in rows)

    def imported(self) -> bool:
        """Whether this chain was made elsewhere: nothing may be added to it."""
        with self._store.transaction() as connection:
            asked = select(CHAIN.c.imported).where(CHAIN.c.site == self.site).limit(1)
            return bool(connection.execute(asked).scalar())

    def of_run(self, run: str) -> Link | None:
        """The last entry about a run."""
        asked = select(CHAIN).where((CHAIN.c.site == self.site) & (CHAIN.c.run == run))
        with self._store.transaction() as connection:
            row = connection.execute(asked.order_by(CHAIN.c.sequence.desc()).limit(1)).first()
        return None if row is None else _link(row)

    def files(self, sequence: int) -> Iterator[tuple[str, bytes]]:
        """``(name, content)`` of the files that are still kept of an entry, one after the other."""
        here = (CHAIN_FILES.c.site == self.site) & (CHAIN_FILES.c.sequence == sequence)
        with self._store.transaction() as connection:
            asked = select(CHAIN_FILES.c.name).where(here).order_by(CHAIN_FILES.c.name)
            names = [name for (name,) in connection.execute(asked)]
        for name in names:
            with self._store.transaction() as connection:
                body = connection.execute(
                    select(CHAIN_FILES.c.body).where(here & (CHAIN_FILES.c.name == name))
                ).scalar()
            if body is not None:
                yield name, gzip.decompress(body)

    def names(self) -> dict[int, tuple[str, ...]]:
        """Sequence -> names of the files that are still kept."""
        asked = select(CHAIN_FILES.c.sequence, CHAIN_FILES.c.name)
        with self._store.transaction() as connection:
            rows = connection.execute(
                asked.where(CHAIN_FILES.c.site == self.site).order_by(CHAIN_FILES.c.name)
            ).all()
        found: dict[int, list[str]] = {}
        for sequence, name in rows:
            found.setdefault(sequence, []).append(name)
        return {sequence: tuple(names) for sequence, names in found.items()}

    def stamp(self, sequence: int, token: bytes) -> None:
        """Keep a time-stamp token beside an entry."""
        here = (CHAIN.c.site == self.site) & (CHAIN.c.sequence == sequence)
        with self._store.transaction() as connection:
            connection.execute(update(CHAIN).where(here).values(stamp=token))

    def purge(
        self,
        make: Callable[[Link | None], tuple[Link, Files]],
        gone: Iterable[tuple[int, str]],
    ) -> Link:
        """Delete files and add the entry that says so, both or neither."""
        with self._store.transaction() as connection:
            for sequence, name in gone:
                connection.execute(
                    delete(CHAIN_FILES).where(
                        (CHAIN_FILES.c.site == self.site)
                        & (CHAIN_FILES.c.sequence == sequence)
                        & (CHAIN_FILES.c.name == name)
                    )
                )
            link, files = make(self._last(connection))
            self._insert(connection, link, files, imported=False)
        return link


def _link(row: Row[Any]) -> Link:
    return Link(
        sequence=row.sequence, entry=row.entry, manifest=gzip.decompress(row.manifest),
        seal=row.seal, stamp=row.stamp,
    )  # fmt: skip


def _run(link: Link) -> str | None:
    try:
        entry: ChainEntry = link.read()
    except ValidationError:
        return None
    return entry.run.id if entry.run is not None else None
