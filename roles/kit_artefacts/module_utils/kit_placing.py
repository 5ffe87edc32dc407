"""Files put in their place whole: written beside it, checked, renamed."""

from __future__ import annotations

import glob
import grp
import os
import pwd
import secrets
import shutil
import stat
import string
import tempfile
import time
from collections.abc import Callable

from ansible.module_utils.kit_answers import Refusal, of_system, run
from ansible.module_utils.kit_sudoers import check_sudoers_at

PENDING = "/run/esms-kit/reload"
SSH = "/etc/ssh"
LEFT_SECONDS = 600


def trusted(folder: str) -> bool:
    """Whether only root, or who runs this, can change what a real path leads to.

    A folder all may write in passes when it is sticky: what stands in it belongs to its owner.
    """
    while True:
        status = os.stat(folder)
        if status.st_uid not in (0, os.geteuid()):
            return False
        if not status.st_mode & stat.S_ISVTX:
            if status.st_mode & stat.S_IWOTH:
                return False
            if status.st_mode & stat.S_IWGRP and status.st_gid != 0:
                return False
        if folder == "/":
            return True
        folder = os.path.dirname(folder)


def real_folder(path: str, check_mode: bool) -> str:
    """The real path of the folder ``path`` stands in, made if it is missing."""
    folder = os.path.dirname(path)
    present = folder
    while not os.path.exists(present):
        present = os.path.dirname(present)
    real = os.path.realpath(present)
    if not os.path.isdir(real):
        raise Refusal("not_a_file", present)
    if not trusted(real):
        raise Refusal("unsafe_path", real)
    if present == folder:
        return real
    if check_mode:
        return os.path.join(real, os.path.relpath(folder, present))
    former = os.umask(0o022)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise of_system(error, folder) from error
    finally:
        os.umask(former)
    return os.path.realpath(folder)


def account(name: str) -> int:
    """The number of an account."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise Refusal("account_missing", name) from None


def group(name: str) -> int:
    """The number of a group."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise Refusal("account_missing", name) from None


def content_of(path: str) -> bytes | None:
    """What an ordinary file holds; ``None`` when there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def sync_folder(folder: str) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def mark_pending(action: str) -> None:
    """Before a file changes, note that its daemon has to take it in; the reload removes the note.

    It outlives a lost connection: the next run reloads although it finds the file as wanted.
    """
    if action:
        os.makedirs(PENDING, mode=0o700, exist_ok=True)
        with open(os.path.join(PENDING, action), "ab"):
            pass


def place(
    target: str,
    content: bytes,
    owner: int,
    owning_group: int,
    mode: int,
    action: str,
    validate: Callable[[str], None],
) -> None:
    """Put ``content`` in the place of ``target``, a path without links, in one step or not at all.

    What is written is complete, owned, on the disk and accepted by ``validate`` before it takes
    the place of the old; on any failure it is removed again.
    """
    folder, name = os.path.split(target)
    for left in glob.glob(f"{glob.escape(folder)}/.{glob.escape(name)}.esms-kit.??????"):
        # What a power cut left; not what somebody else is writing at this moment.
        if os.lstat(left).st_mtime < time.time() - LEFT_SECONDS:
            os.unlink(left)
    beside = ""
    try:
        descriptor, beside = _open_beside(folder, name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchown(file.fileno(), owner, owning_group)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        validate(beside)
        mark_pending(action)
        os.replace(beside, target)
        beside = ""
        sync_folder(folder)
    except OSError as error:
        raise of_system(error, target) from error
    finally:
        if beside:
            os.unlink(beside)


def _open_beside(folder: str, name: str) -> tuple[int, str]:
    """A new file beside ``name``, readable by nobody else yet, named as both engines name it."""
    letters = string.ascii_letters + string.digits
    while True:
        word = "".join(secrets.choice(letters) for _ in range(6))
        beside = os.path.join(folder, f".{name}.esms-kit.{word}")
        try:
            return os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), beside
        except FileExistsError:
            continue


def validator(name: str, target: str) -> Callable[[str], None]:
    """What checks a file before it takes the place of ``target``."""
    if not name:
        return lambda _beside: None
    if name == "nft":
        return _check_nft
    if name == "sshd":
        return lambda beside: _check_sshd_at(beside, target)
    if name == "sudoers":
        return lambda beside: check_sudoers_at(beside, target)
    raise Refusal("unsupported", name)


def _check_nft(beside: str) -> None:
    nft = shutil.which("nft", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if nft is None:
        raise Refusal("validator_missing", "nft")
    done = run([nft, "-c", "-f", beside])
    if done.status != 0:
        raise Refusal("validator_refused", "nft", done.first_said())


def check_sshd(file: str = "") -> None:
    """A file as sshd's whole configuration; the one in use without it."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if sshd is None:
        raise Refusal("validator_missing", "sshd")
    # sshd refuses to check anything without it; the service makes it when it starts.
    os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    done = run([sshd, "-t", *(["-f", file] if file else [])])
    if done.status != 0:
        raise Refusal("validator_refused", "sshd", done.first_said())


def _check_sshd_at(beside: str, target: str) -> None:
    check_sshd(beside)
    folder, name = os.path.split(target)
    if folder != f"{SSH}/sshd_config.d" or not name.endswith(".conf"):
        return
    # A drop-in that is right by itself may still contradict the rest: check a copy of the whole
    # in which it already has its place.
    main = content_of(f"{SSH}/sshd_config")
    if main is None:
        raise Refusal("validator_missing", f"{SSH}/sshd_config")
    with tempfile.TemporaryDirectory(prefix="esms-kit-", dir="/run") as copy:
        dropins = os.path.join(copy, "sshd")
        os.mkdir(dropins)
        for dropin in glob.glob(f"{SSH}/sshd_config.d/*.conf"):
            if os.path.isfile(dropin):
                shutil.copyfile(dropin, os.path.join(dropins, os.path.basename(dropin)))
        shutil.copyfile(beside, os.path.join(dropins, name))
        with open(os.path.join(copy, "sshd_config"), "wb") as file:
            file.write(_with_dropins_at(main, dropins))
        check_sshd(os.path.join(copy, "sshd_config"))


def _with_dropins_at(main: bytes, folder: str) -> bytes:
    """The main file with its Include lines leading to another folder of drop-ins."""
    whole, short = f"{SSH}/sshd_config.d/".encode(), b"sshd_config.d/"

    def moved(line: bytes) -> bytes:
        words = line.replace(b"=", b" ").replace(b'"', b" ").split()
        if not words or words[0].lower() != b"include":
            return line
        return line.replace(whole, short).replace(short, f"{folder}/".encode())

    return b"\n".join(moved(line) for line in main.split(b"\n"))
