"""A folder held by one process at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from kit.errors import UsageError
from kit.i18n import _


@contextlib.contextmanager
def hold_folder(folder: Path, busy: str, where: str = "") -> Iterator[None]:
    """Hold a folder that exists; raises ``UsageError`` saying ``busy`` when another process does.

    The lock goes with the process. Where the system has no such locks (native Windows) nothing is
    held.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                busy,
                where=where or str(folder),
                remedy=_("Wait until it has ended, then run this one again."),
            ) from error
        yield
    finally:
        os.close(descriptor)
