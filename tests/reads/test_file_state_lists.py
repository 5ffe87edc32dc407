"""An access list of the real kernel, as the real ``ls`` shows it."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

from kit.model.observation import Observed, Unread, Unreadable
from kit.model.read import Form, Raw
from kit.reads.file_state import FileState

# acl(5): version 2; tag, rights and number of: owner, one user, group, mask, others.
_ENTRIES = ((1, 6, -1), (2, 4, 65534), (4, 4, -1), (16, 4, -1), (32, 0, -1))
LIST = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *one) for one in _ENTRIES)


def test_mode_with_an_access_list_is_not_all(tmp_path: Path) -> None:
    plain, shared = tmp_path / "plain", tmp_path / "shared"
    for file in (plain, shared):
        file.write_text("x")
        file.chmod(0o640)
    os.setxattr(shared, "system.posix_acl_access", LIST)
    keys = frozenset({f"mode file {plain}", f"mode file {shared}"})
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        ["dash", "-c", FileState().command(keys, Form.POSIX).text],
        cwd=tmp_path / "work", env={**os.environ, "LC_ALL": "C"}, capture_output=True, check=False,
    )  # fmt: skip
    found = FileState().parse(
        Raw(Form.POSIX, done.stdout, done.stderr, done.returncode, ended=True), keys
    )
    assert found[f"mode file {plain}"] == Observed("0640")
    seen = found[f"mode file {shared}"]
    assert isinstance(seen, Unreadable)
    assert seen.reason is Unread.NOT_ANSWERED
