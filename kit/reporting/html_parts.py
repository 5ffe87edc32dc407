"""Which files an HTML report is in: one, or an index and pages of devices for a large site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kit.reporting.data import DeviceSheet, ReportData

INDEX: Final = "report.html"
MOST_ROWS: Final = 6000
"""Open findings on one page: some 4 MB, which a browser opens at once. Our own choice."""
MOST_DEVICES: Final = 250
MOST_NAMES: Final = 60


@dataclass(frozen=True)
class Part:
    """A page of devices; in a report of one file there is none."""

    file: str
    devices: tuple[DeviceSheet, ...]

    @property
    def first(self) -> str:
        """The name of its first device."""
        return self.devices[0].id

    @property
    def last(self) -> str:
        """The name of its last device."""
        return self.devices[-1].id


@dataclass(frozen=True)
class Links:
    """Where devices and rules are found, seen from the file ``here``."""

    here: str
    files: Mapping[str, str] = field(default_factory=dict)  # device -> file

    def device(self, name: str) -> str:
        """The address of a device."""
        file = self.files.get(name, INDEX)
        return f"#d-{name}" if file == self.here else f"{file}#d-{name}"

    def rule(self, number: int) -> str:
        """The address of a rule."""
        return f"#r{number}" if self.here == INDEX else f"{INDEX}#r{number}"

    def shown(self, names: Sequence[str]) -> Sequence[str]:
        """The names that are listed: of very many on a large site the first."""
        return names[:MOST_NAMES] if self.files else names


def parts_of(data: ReportData) -> tuple[Part, ...]:
    """The pages of devices, in the order of the devices; none while one file holds everything."""
    groups = tuple(_groups(data.devices))
    if len(groups) < 2:
        return ()
    return tuple(
        Part(f"report-devices-{number:02}.html", group) for number, group in enumerate(groups, 1)
    )


def _groups(devices: Sequence[DeviceSheet]) -> Iterator[tuple[DeviceSheet, ...]]:
    group: list[DeviceSheet] = []
    rows = 0
    for device in devices:
        own = _open(device)
        if group and (rows + own > MOST_ROWS or len(group) >= MOST_DEVICES):
            yield tuple(group)
            group, rows = [], 0
        group.append(device)
        rows += own
    if group:
        yield tuple(group)


def _open(device: DeviceSheet) -> int:
    counts = device.result.counts
    return sum(count for verdict, count in counts.items() if verdict.value in _OPEN)


_OPEN: Final = frozenset({"fail", "error", "not_checked"})
