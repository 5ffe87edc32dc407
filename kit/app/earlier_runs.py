"""The runs before the one reported: what changed, since when failures stand, the trend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kit.checking.drift import Looked, compare
from kit.model.finding import Finding
from kit.model.run import Run
from kit.reporting.history import MOST_POINTS, History, TrendPoint, history_of, trend_point
from kit.store.store import Store


def history_before(store: Store, run: Run, findings: Mapping[str, Sequence[Finding]]) -> History:
    """The history of a run of a whole site; empty for another, or without an earlier whole run.

    Earlier runs are read one at a time, newest first, and only as far as needed.
    """
    runs = store.runs(run.site)  # in the order they ended, whatever the clock said
    place = next((index for index, one in enumerate(runs) if one.id == run.id), len(runs))
    earlier = [one for one in runs[:place] if one.ended_at is not None and not one.selection]
    if run.selection or not earlier:
        return History()
    points: list[TrendPoint] = []

    def older() -> Iterator[Looked]:
        for one in reversed(earlier):
            looked = Looked(one, store.findings(one.id))
            if len(points) < MOST_POINTS:
                points.append(trend_point(looked, run))
            yield looked

    before = Looked(earlier[-1], store.findings(earlier[-1].id))
    making = older()
    drift = compare(before, Looked(run, findings), making)
    while len(points) < MOST_POINTS and next(making, None) is not None:
        pass
    return history_of(drift, points)
