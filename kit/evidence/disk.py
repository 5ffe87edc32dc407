"""A folder of evidence on a disk: read without following links, written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from kit.errors import InvalidInput, UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason

MOST_FILES: Final = 500_000
MOST_BYTES: Final = 256 * 1024 * 1024  # of one file


class DiskFolder:
    """The files below a folder, by name."""

    def __init__(self, root: Path) -> None:
        """Raises ``UsageError`` when there is no such folder."""
        self.root = root
        if not root.is_dir():
            raise UsageError(
                _("there is no such folder."), where=str(root), remedy=_("Check its path.")
            )

    def names(self) -> Iterator[str]:
        """Every file; raises ``InvalidInput`` on a link or a special file: evidence has none."""
        count = 0
        for place, folders, files in os.walk(self.root):
            for name in sorted([*folders, *files]):
                path = Path(place) / name
                mode = path.lstat().st_mode
                if stat.S_ISDIR(mode):
                    continue
                count += 1
                if not stat.S_ISREG(mode) or count > MOST_FILES:
                    raise InvalidInput(
                        _("this is no file of an evidence folder."),
                        where=str(path),
                        remedy=_("Take the folder again from where it was handed over."),
                    )
                yield path.relative_to(self.root).as_posix()

    def read(self, name: str) -> bytes:
        """One file; raises ``InvalidInput`` when it cannot be read or is larger than 256 MiB."""
        path = self.root / name
        try:
            with path.open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
        except OSError as error:
            raise InvalidInput(
                _("the file cannot be opened ({detail}).").format(detail=system_reason(error)),
                where=str(path),
                remedy=_("Check the disk, and your rights on this folder."),
            ) from error
        if len(content) > MOST_BYTES:
            raise InvalidInput(
                _("the file is larger than 256 MiB."),
                where=str(path),
                remedy=_("Take the folder again from where it was handed over."),
            )
        return content


class NewFolder:
    """A folder that appears when all its files are written, or not at all."""

    def __init__(self, target: Path) -> None:
        """Raises ``UsageError`` when there is something in ``target`` already."""
        self.target = target
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UsageError(
                _("this folder is not empty."),
                where=str(target),
                remedy=_("Name a new one: what was handed over is never written over."),
            )
        self._beside = target.with_name(f".{target.name}.{secrets.token_hex(6)}.new")

    def __enter__(self) -> Self:
        """Make the place beside it where files are written."""
        try:
            self._beside.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise self._failed(error) from error
        return self

    def write(self, name: str, content: bytes) -> None:
        """Write one file, for its owner alone."""
        path = self._beside / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
        except OSError as error:
            raise self._failed(error) from error

    def __exit__(self, kind: object, *_rest: object) -> None:
        """Put it in its place; with an error, leave nothing."""
        if kind is not None:
            shutil.rmtree(self._beside, ignore_errors=True)
            return
        try:
            if self.target.exists():
                self.target.rmdir()
            self._beside.replace(self.target)
        except OSError as error:
            shutil.rmtree(self._beside, ignore_errors=True)
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> UsageError:
        return UsageError(
            _("the folder cannot be written ({detail}).").format(detail=system_reason(error)),
            where=str(self.target),
            remedy=_("Check the free space and your rights there."),
        )
