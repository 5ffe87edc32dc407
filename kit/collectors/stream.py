"""An answer as it streams in: its end is noticed at once, its size is bounded while it comes."""

from __future__ import annotations

from typing import Final

from kit.collectors.batch import Batch

_END_LINE: Final = 40  # bytes an end line may have after its mark


class AnswerStream:
    """Gathers standard output of one batch; never holds more than ``limits.answer_bytes``."""

    def __init__(self, batch: Batch) -> None:
        """For the answer to ``batch``."""
        self._limit = batch.limits.answer_bytes
        self._mark = b"\n" + batch.mark + b"end "
        self._data = bytearray()
        self.ended = False
        self.too_large = False

    def take(self, data: bytes) -> None:
        """Add what came; what comes after the end or beyond the limit is dropped."""
        if self.done:
            return
        if len(self._data) + len(data) > self._limit:
            self.too_large = True
            self._data.clear()
            return
        before = max(0, len(self._data) - len(self._mark) - _END_LINE)
        self._data += data
        at = self._data.find(self._mark, before)
        self.ended = at >= 0 and self._data.find(b"\n", at + len(self._mark)) >= 0

    @property
    def done(self) -> bool:
        """Nothing more is waited for."""
        return self.ended or self.too_large

    @property
    def data(self) -> bytes:
        """What came; empty when it was too large."""
        return bytes(self._data)
