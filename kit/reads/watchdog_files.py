"""What a watchdog leaves on a device: a mark while it is armed, a report afterwards."""

from __future__ import annotations

from typing import Final

from kit.model.platform import Platform

ARMED: Final = "/var/lib/esms-kit/watchdog/armed"
"""There while a watchdog is armed; names the run."""
REPORT: Final = "/var/lib/esms-kit/watchdog.report"
"""There from when it put things back until another one is armed: why, when, what."""

WHY: Final = frozenset({"asked", "boot", "expired"})
"""Asked by its run, by a start of the device, by the end of its time."""


def watchdog_files(platform: Platform) -> tuple[str, ...]:
    """Both, where there are watchdogs."""
    return (ARMED, REPORT) if platform is Platform.LINUX else ()


def put_back(report: str) -> tuple[str, tuple[str, ...]]:
    """Why, and what was put back, as ``WHAT NAME``; raises ``ValueError`` for what is no report."""
    head, *rows = report.removesuffix("\n").split("\n")
    words = head.split(" ")
    if words[0] != "esms-kit-watchdog" or len(words) < 3 or words[1] not in WHY:
        raise ValueError(f"not the report of a watchdog: {head[:80]!r}")
    if rows[-1:] != ["end"]:
        raise ValueError("the report was not told to its end")
    return words[1], tuple(rows[:-1])
