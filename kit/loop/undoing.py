"""The way back for one site: the journal of a run against what its devices show now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from kit.engines.failures import FailureCode
from kit.engines.keeping import Keeper, Standing
from kit.loop.journalling import shown_now
from kit.loop.reading import Reading, digest_of
from kit.model.device import Device
from kit.model.journal import JournalEntry
from kit.model.plan import Change, DevicePlan
from kit.model.verdict import Reason, ReasonCode
from kit.planning.undoing import plan_back


def plans_back(
    reading: Reading,
    devices: Iterable[Device],
    entries: Mapping[str, Sequence[JournalEntry]],
    keeper: Keeper,
    selects: Callable[[Change], bool],
) -> dict[str, DevicePlan]:
    """Device id -> its plan back, for every device that has entries.

    The devices are asked how the targets stand; one that cannot be is not known, and nothing is
    planned for it.
    """
    present = {one.id: one for one in devices}
    asked = [
        (present[name], [one.change for one in found])
        for name, found in sorted(entries.items())
        if name in present and reading.plans[name].not_known is None
    ]
    standings = keeper.look(asked) if asked else {}
    return {
        name: _plan(name, reading, entries[name], standings.get(name), selects)
        for name in sorted(entries)
        if name in present
    }


def _forgotten(standing: Standing) -> bool:
    """Whether the device answered that it holds no journal: it was installed anew, or replaced."""
    return standing.failure is not None and standing.failure.code is FailureCode.HELD_GONE


def _plan(
    name: str,
    reading: Reading,
    entries: Sequence[JournalEntry],
    standing: Standing | None,
    selects: Callable[[Change], bool],
) -> DevicePlan:
    snapshot = digest_of(reading.snapshots.get(name))
    not_known = reading.plans[name].not_known
    if standing is not None and _forgotten(standing):
        standing = Standing()  # read well, and holds nothing: each target says so
    if standing is None or standing.failure is not None:
        detail = standing.failure.code.value if standing and standing.failure else ""
        subject = "not_reached" if standing is None or standing.unreached else "broken"
        reason = not_known or Reason(code=ReasonCode.REFUSED, subject=subject, detail=detail)
        return DevicePlan(device=name, snapshot=snapshot, not_known=reason)
    judged = reading.judged[name]
    return plan_back(
        name, snapshot, entries, standing.states, lambda value: shown_now(judged, value), selects
    )
