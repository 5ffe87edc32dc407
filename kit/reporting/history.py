"""What a report says of the runs before it: the trend, since when failures stand, the seal."""

from __future__ import annotations

from datetime import datetime

from kit.model.identifiers import DeviceId, RuleId
from kit.model.record import Record
from kit.model.verdict import Verdict


class TrendPoint(Record):
    """One whole run of the site, the reported one included.

    ``comparable``: judged by the same baseline version and the same content of the catalogue;
    figures of others are never set side by side.
    """

    run: str
    at: datetime
    ratio: float | None
    ratio_with_waivers: float | None
    coverage: float
    counts: dict[Verdict, int]
    comparable: bool


class StandingSince(Record):
    """Since when a rule has failed on a device without a pass in between: the first run seen."""

    device: DeviceId
    rule: RuleId
    since: datetime


class EvidenceSheet(Record):
    """Where the run stands in the evidence of the site.

    ``number`` counts the runs of the chain from 1; ``head`` is the digest of the chain up to this
    run; ``key`` names the public key that verifies the seal, unset while there is no seal.
    """

    number: int
    head: str
    key: str | None
