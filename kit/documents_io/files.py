"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Self

from kit.errors import UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason

Files = Mapping[Path, bytes | Iterable[bytes]]
"""Path -> content, whole or in pieces that are made while they are written."""
MODE: Final = 0o644


class Pending:
    """Files that stand beside their place until all of them are there: path -> the file beside it.

    Left without ``put_in_place``, none of them stays and no file has its new content.
    """

    def __init__(self) -> None:
        self.beside: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for beside in self.beside.values():
            with contextlib.suppress(OSError):
                beside.unlink()

    def put_in_place(self) -> None:
        """Rename all; raises ``UsageError`` (with the path) when one cannot be."""
        for path, beside in list(self.beside.items()):
            with _told_with(path):
                beside.replace(path)
            del self.beside[path]


def write_beside(files: Files, begun: Callable[[Path, Path], None], mode: int = MODE) -> None:
    """Write every file beside its place; ``begun(path, beside)`` is called before each.

    Missing parent folders are made. Raises ``UsageError`` (with the path) when one cannot be
    written.
    """
    for path, content in files.items():
        with _told_with(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
            begun(path, beside)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as stream:
                for piece in (content,) if isinstance(content, bytes) else content:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())


def write_files(files: Files, *, mode: int = MODE) -> None:
    """Write every file, or none: all are written beside their place first, then renamed.

    Missing parent folders are made. Raises ``UsageError`` (with the path) when one cannot be
    written; then no file has its new content.
    """
    with Pending() as pending:
        write_beside(files, pending.beside.__setitem__, mode)
        pending.put_in_place()


def write_file(path: Path, content: bytes | str, *, mode: int = MODE) -> None:
    """Write one file whole; see ``write_files``."""
    data = content.encode() if isinstance(content, str) else content
    write_files({path: data}, mode=mode)


@contextlib.contextmanager
def _told_with(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            _("the file cannot be written ({detail}).").format(detail=system_reason(error)),
            where=str(path),
            remedy=_("Check the free space and your rights on this folder."),
        ) from error
