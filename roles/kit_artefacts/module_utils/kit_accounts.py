"""Local accounts and groups, looked at in their own files: what a directory adds is not ours."""

from __future__ import annotations

import grp
import os
import pwd
import tempfile

from ansible.module_utils.kit_answers import Refusal, of_system, run

FILES = ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow")
MARGIN = 65536


def fields(path: str, name: str) -> list[str] | None:
    """The fields of the line of an account or a group; ``None`` when there is none."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            found = line.rstrip("\n").split(":")
            if found[0] == name:
                return found
    return None


def local_account(name: str) -> list[str] | None:
    """Its line in /etc/passwd; refused when a directory has one of that name."""
    found = fields("/etc/passwd", name)
    if found is None:
        try:
            pwd.getpwnam(name)
        except KeyError:
            return None
        raise Refusal("account_elsewhere", name)
    return found


def local_group(name: str) -> list[str] | None:
    """Its line in /etc/group; refused when a directory has one of that name."""
    found = fields("/etc/group", name)
    if found is None:
        try:
            grp.getgrnam(name)
        except KeyError:
            return None
        raise Refusal("account_elsewhere", name)
    return found


def spare(name: str) -> None:
    """Refused for root and for the account this session came in as: they are never shut out."""
    found = fields("/etc/passwd", name)
    if name in ("root", os.environ.get("SUDO_USER")) or (found and found[2] == "0"):
        raise Refusal("would_cut", name)


def room() -> None:
    """The tools write one file after another; none is begun without room for all of them."""
    size = sum(os.stat(path).st_size for path in FILES if os.path.exists(path)) + MARGIN
    try:
        with tempfile.NamedTemporaryFile(dir="/etc", prefix=".esms-kit.") as probe:
            probe.write(b"\0" * size)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        raise of_system(error, "/etc") from error


def tool(about: str, argv: list[str], given: str = "", code: str = "unexpected") -> None:
    """Run one of the system's own; refused with ``code`` when nothing better is known."""
    done = run(argv, given=given)
    if done.status == 0:
        return
    said = done.output
    signs = (
        ("currently used by process", "account_in_use", about),
        ("currently logged in", "account_in_use", about),
        ("cannot lock /etc/", "accounts_locked", done.last_said()),
        ("does not exist", "account_missing", about),
        ("No space left on device", "disk_full", about),
        ("Read-only file system", "read_only", about),
        ("Permission denied", "denied", about),
    )
    for sign, known, subject in signs:
        if sign in said:
            raise Refusal(known, subject, done.last_said())
    raise Refusal(code, about, done.last_said())
