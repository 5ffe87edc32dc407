"""What was seen on a device: a value, a proven absence, or the reason why it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Scalar = bool | int | str
ObservedValue = Scalar | tuple[Scalar, ...]


class Unread(StrEnum):
    """Why a key could not be read. None of these can ever become a pass."""

    TRUNCATED = "truncated"  # the end mark or the exit status is missing, or the answer was cut
    TIMEOUT = "timeout"  # the read ran longer than it may
    MISSING_BINARY = "missing_binary"  # the program that knows is not installed
    DENIED = "denied"  # not enough rights
    FAILED = "failed"  # the program ended with an error
    UNPARSABLE = "unparsable"  # an answer that is not of the documented form
    NOT_ANSWERED = "not_answered"  # the document is whole but says nothing of this key
    NOT_COLLECTED = "not_collected"  # the snapshot holds no answer of this read
    TOO_LARGE = "too_large"  # more than the collector accepts


@dataclass(frozen=True)
class Observed:
    """The value as it stands on the device; sets are sorted tuples."""

    value: ObservedValue


@dataclass(frozen=True)
class Absent:
    """Proven not to be there: the document was complete and did not hold it."""


@dataclass(frozen=True)
class Unreadable:
    """Not known, and why; ``detail`` is what the device or the parser said, untranslated."""

    reason: Unread
    detail: str = ""


@dataclass(frozen=True)
class Instances:
    """One observation per instance (host keys, users, contexts); ``complete`` when all are here."""

    complete: bool
    items: Mapping[str, Observation] = field(default_factory=dict)


Observation = Observed | Absent | Unreadable | Instances
Observations = Mapping[str, Observation]
