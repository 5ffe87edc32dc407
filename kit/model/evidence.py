"""The chain of evidence of a site: one sealed entry a run, each holding the digest of the last."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from kit.model.record import Record
from kit.model.run import RunId
from kit.model.verdict import Verdict

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
FIRST: Final = "0" * 64
"""What the first entry of a chain names as its previous one."""


def digest_of(data: bytes) -> str:
    """SHA-256, hexadecimal: the one digest of everything in a chain."""
    return hashlib.sha256(data).hexdigest()


class RunMark(Record):
    """The run an entry is about. ``account`` is a pseudonym: the name stands in the annex only."""

    id: RunId
    kind: Literal["check", "apply", "undo"]
    started_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    selection: tuple[str, ...]
    baseline: str
    baseline_version: str
    catalogue_digest: Digest
    account: str
    controller: str


class Counts(Record):
    """What was counted when the entry was made, so that nothing can be left out later."""

    devices: int  # judged
    read: int  # snapshots that are whole
    findings: dict[Verdict, int]
    waived: int
    changes: int  # targets the plan would touch
    masked: int  # answers in which something was masked
    masked_otherwise: int  # results that the masked answers would not give again


class Clock(Record):
    """What is known of the controller's clock, in seconds.

    ``offsets``: least, middle and greatest of device clock minus controller clock, over
    ``compared`` devices that told their time. ``went_back``: the run is dated before the last
    entry was made.
    """

    compared: int
    offsets: tuple[int, int, int] | None
    went_back: bool


class Purged(Record):
    """Files of one entry that were deleted when their time had come; their digests stay."""

    sequence: Annotated[int, Field(ge=1)]
    kinds: tuple[str, ...]  # first parts of their names: snapshots, findings, …


class Purge(Record):
    """What was deleted, and by which retention."""

    retention: dict[str, int]  # days by kind
    files: tuple[Purged, ...]


class ChainEntry(Record):
    """One link. Its bytes are ``entry_bytes``; the seal and the next link are made of those.

    ``manifest``: digest of the list of the run's files (``SHA256SUMS``). ``key``: the sealing key,
    unset when the run was not sealed.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    site: str
    finess_et: str | None = None
    siret: str | None = None
    sequence: Annotated[int, Field(ge=1)]
    previous: Digest
    made_at: datetime
    tool_version: str
    tool_digest: Digest
    key: KeyId | None = None
    manifest: Digest
    files: int
    run: RunMark | None = None
    counts: Counts | None = None
    clock: Clock | None = None
    purge: Purge | None = None


def entry_bytes(entry: ChainEntry) -> bytes:
    """The one form of an entry: sorted keys, a line each, so that ``sed`` can read it too."""
    data = entry.model_dump(mode="json", by_alias=True)
    return json.dumps(data, sort_keys=True, ensure_ascii=True, indent=1).encode() + b"\n"


class Link(Record):
    """An entry as it is kept: its very bytes, the list of files, the seal and a time stamp."""

    sequence: int
    entry: bytes
    manifest: bytes
    seal: bytes | None = None
    stamp: bytes | None = None  # an RFC 3161 token over the entry

    @property
    def digest(self) -> str:
        """The digest the next entry names, and the head of the chain up to here."""
        return digest_of(self.entry)

    def read(self) -> ChainEntry:
        """The entry; raises ``pydantic.ValidationError`` when these bytes are none."""
        return ChainEntry.model_validate_json(self.entry)


class EvidenceMark(Record):
    """Where a run stands in the evidence: what a report prints.

    ``number`` counts the entries of the chain from 1; ``head`` is the digest of the chain up to
    this run; ``key`` and ``sealed_at`` are unset when the run was not sealed.
    """

    number: int
    head: str
    key: str | None
    sealed_at: datetime | None
