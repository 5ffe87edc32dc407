"""Where every waiver of a site stands on the day of the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from kit.checking.waivers import waived_rules
from kit.model.catalogue import Catalogue
from kit.model.device import Device
from kit.model.finding import Finding
from kit.model.verdict import Verdict
from kit.model.waiver import Waiver
from kit.reporting.data import WaiverSheet, WaiverState

ENDING_DAYS: Final = 60


def _state(waiver: Waiver, today: date, *, used: bool) -> WaiverState:
    if today > waiver.end:
        return WaiverState.EXPIRED
    if today < waiver.start:
        return WaiverState.NOT_STARTED
    if not used:
        return WaiverState.UNUSED
    ending = (waiver.end - today).days <= ENDING_DAYS
    return WaiverState.ENDING if ending else WaiverState.ACTIVE


def waiver_sheets(
    waivers: Iterable[Waiver],
    devices: Mapping[str, Device],
    findings: Sequence[Finding],
    catalogue: Catalogue,
    today: date,
) -> tuple[WaiverSheet, ...]:
    """One sheet per waiver, sorted by end, then id. ``today`` is the local day."""
    failing: dict[str, list[str]] = {}
    for one in findings:
        if one.verdict is Verdict.FAIL and one.subject.id in devices:
            failing.setdefault(one.rule, []).append(one.subject.id)
    known = {*catalogue.rules, *catalogue.standing}
    sheets = []
    for waiver in sorted(waivers, key=lambda one: (one.end, one.id)):
        # The scope alone counts here: an expired waiver must show what stands open without it.
        rules = waived_rules(waiver, catalogue)
        in_scope = tuple(
            device
            for device in sorted({one for rule in rules for one in failing.get(rule, ())})
            if waiver.in_scope(device, devices[device].post_role)
        )
        sheets.append(
            WaiverSheet(
                waiver=waiver,
                state=_state(waiver, today, used=bool(in_scope)),
                known_rule=bool(rules & known),
                days_left=(waiver.end - today).days,
                devices=in_scope,
            )
        )
    return tuple(sheets)
