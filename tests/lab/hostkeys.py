"""Host keys of lab hosts: made once, numbered, kept in the cache.

A real host has one key of each kind, its own. Making them takes 0.1 to 0.5 s of CPU (RSA), so
host N of every lab has set N; set numbers from 1000 on are for hosts whose keys change.
"""

from __future__ import annotations

import fcntl
import io
import shutil
import tarfile
from pathlib import Path

from tests.lab.cache import cache_folder, locked, run_tool

CHANGED = 1000


def provide_hostkeys(number: int) -> dict[str, bytes]:
    """``{file name: content}`` of key set ``number``, private and public halves."""
    cache = cache_folder() / "hostkeys"
    cache.mkdir(mode=0o700, exist_ok=True)
    folder = cache / f"{number:04}"
    if not folder.is_dir():
        with locked(cache / "lock", fcntl.LOCK_EX):
            if not folder.is_dir():
                beside = cache / f"{number:04}.part"
                shutil.rmtree(beside, ignore_errors=True)
                (beside / "etc/ssh").mkdir(parents=True)
                run_tool(["ssh-keygen", "-q", "-A", "-f", beside])
                beside.rename(folder)
    return {path.name: path.read_bytes() for path in sorted((folder / "etc/ssh").iterdir())}


def public_key(keys: dict[str, bytes], kind: str = "ed25519") -> str:
    """``"<type> <base64>"`` of one key of a set, without its comment."""
    return " ".join(keys[f"ssh_host_{kind}_key.pub"].decode().split()[:2])


def pack(files: dict[str, tuple[bytes, int]]) -> bytes:
    """A tar archive of ``{path: (content, mode)}``, owned by root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, (content, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def hostkey_files(number: int) -> dict[str, tuple[bytes, int]]:
    """Key set ``number`` as files of a host, for ``pack``."""
    return {
        str(Path("etc/ssh") / name): (content, 0o644 if name.endswith(".pub") else 0o600)
        for name, content in provide_hostkeys(number).items()
    }
