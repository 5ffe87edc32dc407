"""What a verification of evidence can find: faults, reserves, and what to know."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kit.model.record import Record


class FaultKind(StrEnum):
    """What is wrong. Each one is told with its place and what it means."""

    NO_EVIDENCE = "no_evidence"  # no index, no chain: this is no such folder
    CHANGED = "changed"  # a file is not the one its list names
    MISSING = "missing"
    ADDED = "added"
    NO_LIST = "no_list"  # a list cannot be read as one
    NO_ENTRY = "no_entry"  # an entry cannot be read as one
    REMOVED = "removed"  # a number is missing in the row of entries
    REORDERED = "reordered"  # an entry follows another one than it says
    UNLINKED = "unlinked"  # an entry follows one that is not here
    OTHER_SITE = "other_site"
    SEAL_MISSING = "seal_missing"
    SEAL_WRONG = "seal_wrong"
    KEY_UNKNOWN = "key_unknown"
    KEY_NOT_IN_USE = "key_not_in_use"  # at the time the entry says it was made
    MISCOUNTED = "miscounted"
    NO_HEAD = "no_head"  # the digest given is not in this chain
    BAD_STAMP = "bad_stamp"


class ReserveKind(StrEnum):
    """What cannot be vouched for although nothing was found altered."""

    UNSEALED = "unsealed"  # made without a key, and no sealed entry follows
    INDEX_UNSEALED = "index_unsealed"
    NO_ANCHOR = "no_anchor"  # no public key was given from outside of the folder


class NoticeKind(StrEnum):
    """What a reader should know."""

    NO_HEAD_GIVEN = "no_head_given"
    HEAD_LATER = "head_later"  # the digest given is in the chain; entries follow it
    SEALED_LATER = "sealed_later"  # made without a key; a later sealed entry vouches for it
    PURGED = "purged"
    CLOCK_WENT_BACK = "clock_went_back"
    STAMPED = "stamped"
    MASKED_OTHERWISE = "masked_otherwise"


class Fault(Record):
    """Something wrong at a place (a file's name); ``detail`` is a key, a number or a name."""

    kind: FaultKind
    place: str
    detail: str = ""


class Reserve(Record):
    """Something nobody vouches for."""

    kind: ReserveKind
    place: str = ""


class Notice(Record):
    """Something to know."""

    kind: NoticeKind
    place: str = ""
    detail: str = ""


class Verification(Record):
    """The result. Altered when there is any fault; whole when there is no reserve either."""

    site: str
    entries: int
    head: str
    first_at: datetime | None
    last_at: datetime | None
    faults: tuple[Fault, ...]
    reserves: tuple[Reserve, ...]
    notices: tuple[Notice, ...]
