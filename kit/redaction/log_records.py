"""Redaction of Python's log records."""

from __future__ import annotations

import logging

from kit.redaction.redactor import Redactor


class RedactingFormatter(logging.Formatter):
    """Formats as usual, traceback included, then redacts the whole."""

    def __init__(self, redactor: Redactor, fmt: str | None = None) -> None:
        """Redact what ``fmt`` (as for ``logging.Formatter``) gives."""
        super().__init__(fmt)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The redacted line or lines of one record."""
        return self._redactor(super().format(record))
