"""One run at a time that changes a site, from one workspace."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kit.errors import UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.sites.workspace import Workspace

FOLDER: Final = Path(".esms-kit") / "locks"


def holder_of(workspace: Workspace, site: str) -> str:
    """One word for this site in this workspace on this controller: what devices know a lock by.

    A copy of the workspace on another controller has another one.
    """
    folder = _folder(workspace)
    path = folder / "workspace.id"
    try:
        with contextlib.suppress(FileExistsError), path.open("x", encoding="ascii") as stream:
            stream.write(secrets.token_hex(16))
        own = path.read_text("ascii")
    except OSError as error:
        raise _unusable(path, error) from error
    text = "\0".join((socket.gethostname(), str(workspace.root), own, site))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextlib.contextmanager
def locked(workspace: Workspace, site: str, run: str, who: str) -> Iterator[None]:
    """Hold the site's lock; the kernel gives it back when this process ends, however that happens.

    Raises ``UsageError`` naming who has it, and with which run.
    """
    path = _folder(workspace) / f"{site}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        if not _taken(descriptor):
            raise _held_by_other(path)
        said = json.dumps({"run": run, "who": who, "process": os.getpid()})
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, said.encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    if os.name != "posix":
        return True  # devices have their own locks
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _held_by_other(path: Path) -> UsageError:
    who, run = "?", "?"
    with contextlib.suppress(OSError, ValueError, AttributeError):
        told = json.loads(path.read_text("utf-8"))
        who, run = str(told.get("who", "?")), str(told.get("run", "?"))
    return UsageError(
        _("another run of this site is under way: {run} of {who}.").format(run=run, who=who),
        where=str(path),
        remedy=_("Wait until it is done; a run that was killed does not block."),
    )


def _folder(workspace: Workspace) -> Path:
    folder = workspace.root / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(folder, error) from error
    return folder


def _unusable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        _("the file cannot be written ({detail}).").format(detail=system_reason(error)),
        where=str(path),
        remedy=_("Check the free space and your rights on this folder."),
    )
