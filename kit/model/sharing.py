"""Equal parts of many records kept once: a large site has few distinct values."""

from __future__ import annotations

import gc
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from kit.model.finding import Finding, FindingDetail
from kit.model.record import Record
from kit.model.verdict import Reason

T = TypeVar("T", bound=Hashable)
R = TypeVar("R", bound=Record)


@contextmanager
def without_cycles() -> Iterator[None]:
    """Make very many records without the collector of cycles: they hold none.

    It would look through all of them again and again, a third of the time it takes to make them.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Sharing:
    """Makes findings share what is equal in them. Nothing that can be told from outside changes.

    Records are immutable, so one may stand for all its equals. Findings of 1000 devices by 300
    rules take a fifth of the memory.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: dict[Hashable, Hashable] = {}
        self._records: dict[Hashable, Record] = {}
        self._tuples: dict[tuple[int, ...], tuple[Record, ...]] = {}  # each keeps what it names
        self._fields: dict[frozenset[str], set[str]] = {}

    def findings(self, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """The same findings, their parts shared with all that were given before."""
        for one in found:
            fields = one.__dict__
            for name in ("rule", "theme", "waiver", "observed_at"):
                fields[name] = self._one(fields[name])
            fields["subject"] = self._record(one.subject)
            fields["reasons"] = self._reasons(one.reasons)
            fields["details"] = self._details(one.details)
            self._share_fields(one)
        return found

    def _one(self, value: T) -> T:
        return self._known.setdefault(value, value)  # type: ignore[return-value]

    def _record(self, record: R) -> R:
        """The record kept for its equals: same class, same fields. Their own ``==`` is slow."""
        key = (type(record), *record.__dict__.values())
        known = self._records.get(key)
        if known is None:
            self._share_fields(record)
            known = self._records[key] = record
        return known  # type: ignore[return-value]

    def _details(self, details: tuple[FindingDetail, ...]) -> tuple[FindingDetail, ...]:
        for one in details:
            one.__dict__["reasons"] = self._reasons(one.reasons)
        return self._same(tuple(self._record(one) for one in details))

    def _reasons(self, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        return self._same(tuple(self._record(one) for one in reasons)) if reasons else ()

    def _same(self, parts: tuple[R, ...]) -> tuple[R, ...]:
        """One tuple for all that hold the same shared records."""
        return self._tuples.setdefault(tuple(map(id, parts)), parts)  # type: ignore[return-value]

    def _share_fields(self, record: Record) -> None:
        """Names of the fields that were given: a set of its own in every record otherwise."""
        given = record.model_fields_set
        shared = self._fields.setdefault(frozenset(given), given)
        object.__setattr__(record, "__pydantic_fields_set__", shared)
