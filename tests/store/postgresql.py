"""A PostgreSQL server of a test's own: its data in a folder, on a socket nobody else sees."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

VERSIONS = Path("/usr/lib/postgresql")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of its empty database; raises ``FileNotFoundError`` where none is installed."""
    programs = max(VERSIONS.glob("*/bin/initdb")).parent
    # Short: the path of a socket may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    root = os.geteuid() == 0
    account = pwd.getpwnam("postgres") if root else pwd.getpwuid(os.geteuid())
    if root:
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"

    def run(*words: str) -> None:
        subprocess.run(
            words, check=True, capture_output=True, timeout=120, cwd="/",
            user=account.pw_uid if root else None, group=account.pw_gid if root else None,
            extra_groups=[] if root else None, env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        )  # fmt: skip

    try:
        run(
            str(programs / "initdb"),
            "-D",
            str(data),
            "-A",
            "trust",
            "-U",
            "kit",
            "-N",
            "-E",
            "UTF8",
        )
        options = f"-c listen_addresses='' -c fsync=off -k {folder}"
        run(str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", f"{folder}/log",
            "-o", options, "start")  # fmt: skip
        yield f"postgresql+psycopg://kit@/postgres?host={folder}"
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
