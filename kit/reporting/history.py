"""What a report says of the runs before it: the trend, since when failures stand, the seal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from kit.checking.drift import ChangeKind, Drift, Looked
from kit.checking.scores import score
from kit.model.identifiers import DeviceId, RuleId
from kit.model.record import Record
from kit.model.run import Run
from kit.model.verdict import Verdict
from kit.reporting.results import counts_of

MOST_POINTS = 12
"""Earlier runs a trend shows: a year of monthly checks. Our own choice."""


class TrendPoint(Record):
    """One earlier whole run of the site.

    ``comparable``: judged by the same baseline version and the same content of the catalogue; of
    others there are no shares, since figures of different versions are not set side by side.
    """

    run: str
    at: datetime
    ratio: float | None
    ratio_with_waivers: float | None
    coverage: float | None
    counts: dict[Verdict, int]
    comparable: bool


class StandingSince(Record):
    """Since when a rule fails on a device: the oldest run of the unbroken row that saw it fail.

    ``held_at``: the last run that saw it hold; unset: the failure may be older. ``unseen``: runs of
    the row that could not tell.
    """

    device: DeviceId
    rule: RuleId
    run: str
    since: datetime
    held_at: datetime | None
    unseen: int


class ChangeSheet(Record):
    """What became of the run before, by kind of change. ``trend`` unset: not to be ranked.

    The trend counts what was judged in both runs alone: not looking never makes it better.
    """

    run: str
    at: datetime
    kinds: dict[ChangeKind, int]
    devices_new: int
    devices_vanished: int
    trend: Literal["better", "same", "worse"] | None


class EvidenceSheet(Record):
    """Where the run stands in the evidence of the site.

    ``number`` counts the runs of the chain from 1; ``head`` is the digest of the chain up to this
    run; ``key`` names the public key that verifies the seal. ``key`` and ``sealed_at`` are unset
    while there is no seal.
    """

    number: int
    head: str
    key: str | None
    sealed_at: datetime | None = None


class History(Record):
    """The earlier runs as a report needs them; ``changes`` unset: there is none."""

    trend: tuple[TrendPoint, ...] = ()
    changes: ChangeSheet | None = None
    since: tuple[StandingSince, ...] = ()


def trend_point(looked: Looked, reported: Run) -> TrendPoint:
    """One earlier run as a point of the trend of the run reported."""
    run = looked.run
    comparable = (run.baseline, run.baseline_version, run.catalogue_digest) == (
        reported.baseline, reported.baseline_version, reported.catalogue_digest,
    )  # fmt: skip
    found = [one for own in looked.findings.values() for one in own]
    reached = score(found)
    return TrendPoint(
        run=run.id,
        at=run.started_at,
        ratio=reached.ratio if comparable else None,
        ratio_with_waivers=reached.ratio_with_waivers if comparable else None,
        coverage=reached.coverage if comparable else None,
        counts=counts_of(found),
        comparable=comparable,
    )


def history_of(drift: Drift, points: Iterable[TrendPoint]) -> History:
    """The history of a run from its difference to the run before and the points of all."""
    kinds = Counter(one.kind for one in drift.changes)
    devices = Counter(one.kind for one in drift.devices)
    changes = ChangeSheet(
        run=drift.before.run,
        at=drift.before.started_at,
        kinds={kind: kinds[kind] for kind in ChangeKind},
        devices_new=devices["new"],
        devices_vanished=devices["vanished"],
        trend=drift.ranking.trend if drift.ranking is not None else None,
    )
    since = tuple(
        StandingSince(
            device=one.device,
            rule=one.rule,
            run=one.since.run,
            since=one.since.at,
            held_at=one.since.held_at,
            unseen=one.since.unseen,
        )
        for one in sorted(drift.standing, key=lambda one: (one.device, one.rule))
    )
    ordered = sorted(points, key=lambda one: one.at)[-MOST_POINTS:]
    return History(trend=tuple(ordered), changes=changes, since=since)
