"""Devices with their rows, each made when it is looked at: a large site never holds them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby

from kit.model.finding import Finding
from kit.reporting.alike import Alike
from kit.reporting.data import DeviceSheet, ReportData
from kit.reporting.rows import DeviceRows, device_rows, finding_row


@dataclass(frozen=True)
class DeviceView:
    """One device with its rows."""

    sheet: DeviceSheet
    rows: DeviceRows


class DeviceViews:
    """The devices of a report in their order; ``numbers`` gives the number of each rule."""

    def __init__(self, data: ReportData, numbers: Mapping[str, int], *, compact: bool) -> None:
        """``compact``: what is settled has its rule and verdict alone."""
        self._data = data
        self._numbers = numbers
        self._compact = compact
        self._ends: dict[str, date] = {one.waiver.id: one.waiver.end for one in data.waivers}
        self._places: dict[str, tuple[int, int]] = {}
        start = 0
        for device, found in groupby(data.findings, lambda one: one.subject.id):
            end = start + sum(1 for _one in found)
            self._places[device] = (start, end)
            start = end

    def __iter__(self) -> Iterator[DeviceView]:
        """Every device."""
        return self.of(self._data.devices)

    def of(self, sheets: Sequence[DeviceSheet]) -> Iterator[DeviceView]:
        """Some of the devices."""
        rows = Alike(partial(finding_row, self._numbers, self._ends, compact=self._compact))
        for sheet in sheets:
            yield DeviceView(sheet, device_rows(self.findings(sheet), self._numbers, rows))

    def findings(self, sheet: DeviceSheet) -> Sequence[Finding]:
        """The findings of a device, by rule."""
        start, end = self._places.get(sheet.id, (0, 0))
        return self._data.findings[start:end]
