"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from kit.errors import UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason


def write_files(files: Mapping[Path, bytes | Iterable[bytes]], *, mode: int = 0o644) -> None:
    """Write every file, or none: all are written beside their place first, then renamed.

    A content may come in pieces, which are made while they are written.

    Missing parent folders are made. Raises ``UsageError`` (with the path) when one cannot be
    written; then no file has its new content.
    """
    pending: dict[Path, Path] = {}
    current = Path()
    try:
        for path, content in files.items():
            current = path
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            pending[path] = beside
            with os.fdopen(descriptor, "wb") as stream:
                for piece in (content,) if isinstance(content, bytes) else content:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
        for path, beside in list(pending.items()):
            current = path
            beside.replace(path)
            del pending[path]
    except OSError as error:
        raise UsageError(
            _("the file cannot be written ({detail}).").format(detail=system_reason(error)),
            where=str(current),
            remedy=_("Check the free space and your rights on this folder."),
        ) from error
    finally:
        for beside in pending.values():
            with contextlib.suppress(OSError):
                beside.unlink()


def write_file(path: Path, content: bytes | str, *, mode: int = 0o644) -> None:
    """Write one file whole; see ``write_files``."""
    data = content.encode() if isinstance(content, str) else content
    write_files({path: data}, mode=mode)
