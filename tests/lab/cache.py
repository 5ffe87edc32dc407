"""The folder that keeps what is slow to build, and who uses it.

A thing is built beside its place and renamed when whole, under an exclusive lock; a user of it
holds a shared lock, which the kernel drops when the user dies. So two labs build once, a killed
build leaves nothing that looks finished, and nothing in use is swept away.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class LabError(Exception):
    """Why the lab could not do what a test asked, and what to do about it."""


def cache_folder() -> Path:
    """``$ESMS_LAB``, or a folder of root's under the system's temporary one. Made when missing."""
    given = os.environ.get("ESMS_LAB")
    folder = Path(given) if given else Path(tempfile.gettempdir()) / "esms-lab"
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    status = folder.lstat()
    if not folder.is_dir() or folder.is_symlink() or status.st_uid != os.geteuid():
        raise LabError(
            f"{folder} is not a folder owned by this user: remove it or set ESMS_LAB to another."
        )
    if any(character in str(folder) for character in ":,\\ "):
        raise LabError(f"{folder}: overlay mounts cannot take this path; set ESMS_LAB to another.")
    return folder.resolve()


def digest_of(*parts: bytes | str) -> str:
    """A name for content: 16 hexadecimal digits, the parts kept apart."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()[:16]


@contextlib.contextmanager
def locked(path: Path, operation: int) -> Iterator[int]:
    """Hold a lock file (``fcntl.LOCK_SH`` or ``LOCK_EX``, possibly ``| LOCK_NB``)."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass
class Cached:
    """A finished folder of the cache, kept from being swept until ``release``."""

    folder: Path
    _lock: int

    def release(self) -> None:
        """Say that the folder is no longer in use."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def provide(kind: str, digest: str, build: Callable[[Path], None]) -> Cached:
    """The cache's ``<kind>-<digest>`` folder, built once by ``build(folder)`` when missing.

    Folders of the same kind under another digest that nobody uses are removed after a build.
    """
    cache = cache_folder()
    folder = cache / f"{kind}-{digest}"
    lock_path = cache / f"{kind}-{digest}.lock"
    with locked(cache / f"{kind}.build.lock", fcntl.LOCK_EX):
        if not folder.is_dir():
            beside = cache / f"{kind}-{digest}.part"
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir(mode=0o755)
            build(beside)
            beside.rename(folder)
            _sweep(cache, kind, folder)
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH)
    return Cached(folder, lock)


def _sweep(cache: Path, kind: str, keep: Path) -> None:
    for lock_path in sorted(cache.glob(f"{kind}-*.lock")):
        folder = lock_path.with_suffix("")
        if folder == keep:
            continue
        with (
            contextlib.suppress(BlockingIOError),
            locked(lock_path, fcntl.LOCK_EX | fcntl.LOCK_NB),
        ):
            shutil.rmtree(folder, ignore_errors=True)
            lock_path.unlink()


def run_tool(argv: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run one of the machine's tools and return its output; ``LabError`` with it on failure."""
    words = [str(word) for word in argv]
    options.setdefault("timeout", 600)
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    try:
        done = subprocess.run(words, capture_output=True, check=False, **options)
    except FileNotFoundError as error:
        raise LabError(
            f"{words[0]} is not installed: run scripts/test once as root, or install the "
            "packages of scripts/packages.test."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(words[:6])}: no end after {options['timeout']} s.") from error
    if done.returncode != 0:
        output = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
        raise LabError(f"{' '.join(words[:8])}: exit {done.returncode}\n{output}")
    return done


def kill_inside(entry: subprocess.Popen[bytes]) -> None:
    """Kill a program started through ``nsenter``, which waits for it, and wait for both."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{entry.pid}/task/{entry.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
    try:
        entry.wait(20)
    except subprocess.TimeoutExpired:
        entry.kill()
        entry.wait()
