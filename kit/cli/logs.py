"""The rotating log file of a workspace; everything in it is redacted."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from kit.redaction import Redactor
from kit.redaction.log_records import RedactingFormatter

MAX_BYTES: Final = 2 * 1024 * 1024
BACKUPS: Final = 5


class _Private(RotatingFileHandler):
    """A log only its owner reads."""

    def _open(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the handler's own signature
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, self.mode, encoding=self.encoding, errors=self.errors)


def log_to(folder: Path, redactor: Redactor, *, debug: bool) -> None:
    """Send the kit's log records to ``folder/esms-kit.log``; no log is no reason to stop."""
    logger = logging.getLogger("kit")
    if logger.handlers:
        return
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handler: logging.Handler = _Private(
            folder / "esms-kit.log", maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8"
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(RedactingFormatter(redactor, "%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logger.propagate = False
