"""How long, how much and how many at once: every bound of a collection in one record."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

BLOCK: Final = 512  # bytes; the unit of `ulimit -f` in a POSIX shell


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes; all positive. A device that goes beyond one is named, never waited for.

    ``read_bytes`` is what one document may hold (the largest known, ``sysctl -a`` of a server with
    many interfaces, is about 0.3 MB), ``answer_bytes`` what a whole device may send.
    ``device_seconds`` ends the batch on the device itself, before ``answer_seconds`` ends the
    waiting for it: reads that were not reached by then are answered as timed out.
    """

    jobs: int = 32
    connect_seconds: float = 10
    login_seconds: float = 30
    answer_seconds: float = 210
    device_seconds: int = 180
    read_bytes: int = 4 * 1024 * 1024
    said_bytes: int = 4096
    answer_bytes: int = 16 * 1024 * 1024

    def __post_init__(self) -> None:
        """Refuse bounds that bound nothing."""
        for field in fields(self):
            if getattr(self, field.name) <= 0:
                raise ValueError(f"{field.name} must be positive")
        if self.read_bytes % BLOCK:
            raise ValueError(f"read_bytes must be a multiple of {BLOCK}")
        if self.device_seconds >= self.answer_seconds:
            raise ValueError("device_seconds must be less than answer_seconds")
