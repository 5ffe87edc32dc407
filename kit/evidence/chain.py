"""A new entry of a chain. Pure: clock, key and files are given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from statistics import median_low
from typing import Final, Protocol

import kit
from kit.model.evidence import (
    FIRST,
    ChainEntry,
    Clock,
    Counts,
    Link,
    Purge,
    RunMark,
    digest_of,
    entry_bytes,
)
from kit.model.finding import Finding
from kit.model.plan import DevicePlan
from kit.model.run import Run
from kit.model.site import Site
from kit.model.snapshot import Outcome, Snapshot
from kit.model.verdict import Verdict

_CODE: Final = (".py", ".yaml", ".json", ".sh", ".typ", ".j2")


class Sealing(Protocol):
    """Seals entries with the operator's key in use."""

    @property
    def key_id(self) -> str:
        """The id of the key, as the entry names it before it is sealed."""

    def __call__(self, data: bytes) -> bytes:
        """The seal (Ed25519); raises ``KitError`` when the private key cannot be had."""


Made = Callable[[str | None], ChainEntry]
"""The entry for a key id, or for none."""


@cache
def tool_digest() -> str:
    """The digest of the kit's own files: which program made an entry."""
    root = Path(kit.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in _CODE and path.is_file():
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def run_mark(run: Run, account: str) -> RunMark:
    """The run as an entry names it; ``account`` is the pseudonym of who ran it."""
    return RunMark(
        id=run.id, kind=run.kind, started_at=run.started_at, ended_at=run.ended_at,
        exit_code=run.exit_code, selection=run.selection, baseline=run.baseline,
        baseline_version=run.baseline_version, catalogue_digest=run.catalogue_digest,
        account=account, controller=run.operator.controller,
    )  # fmt: skip


def counted(
    snapshots: Mapping[str, Snapshot],
    findings: Mapping[str, Sequence[Finding]],
    plans: Mapping[str, DevicePlan],
    *,
    masked: int,
    masked_otherwise: int,
) -> Counts:
    """The counts of a run."""
    all_ = [one for found in findings.values() for one in found]
    return Counts(
        devices=len(findings),
        read=sum(1 for one in snapshots.values() if one.outcome is Outcome.DONE),
        findings={one: sum(1 for found in all_ if found.verdict is one) for one in Verdict},
        waived=sum(1 for one in all_ if one.waiver is not None),
        changes=sum(len(one.changes) for one in plans.values()),
        masked=masked,
        masked_otherwise=masked_otherwise,
    )


def clock(made_at: datetime, last: Link | None, snapshots: Iterable[Snapshot]) -> Clock:
    """What devices and the last entry say of the controller's clock when an entry is made.

    A check that ended while an apply was under way is no clock that went back: the apply began
    before the entry it follows, and is made after it.
    """
    offsets = sorted(
        one.clock_offset
        for one in snapshots
        if one.clock_offset is not None and one.outcome is Outcome.DONE
    )
    middle = (offsets[0], median_low(offsets), offsets[-1]) if offsets else None
    back = last is not None and made_at < last.read().made_at
    return Clock(compared=len(offsets), offsets=middle, went_back=back)


def next_entry(
    site: Site,
    last: Link | None,
    *,
    made_at: datetime,
    manifest: bytes,
    files: int,
    run: RunMark | None = None,
    counts: Counts | None = None,
    clock: Clock | None = None,
    purge: Purge | None = None,
) -> Made:
    """The entry that follows ``last`` (``None``: the first of the site), for whichever key."""

    def made(key: str | None) -> ChainEntry:
        return ChainEntry(
            site=site.id, finess_et=site.finess_et, siret=site.siret,
            sequence=1 if last is None else last.sequence + 1,
            previous=FIRST if last is None else last.digest,
            made_at=made_at, tool_version=kit.__version__, tool_digest=tool_digest(), key=key,
            manifest=digest_of(manifest), files=files, run=run, counts=counts, clock=clock,
            purge=purge,
        )  # fmt: skip

    return made


def linked(made: Made, manifest: bytes, sealing: Sealing | None) -> Link:
    """The entry sealed, or without a seal and saying so."""
    entry = made(None if sealing is None else sealing.key_id)
    data = entry_bytes(entry)
    seal = None if sealing is None else sealing(data)
    return Link(sequence=entry.sequence, entry=data, manifest=manifest, seal=seal)
