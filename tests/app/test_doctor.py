"""What the doctor says of a controller, on made-up machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.app.doctor import Machine, Point, State, examine
from kit.i18n import language

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def write(root: Path, path: str, text: str) -> None:
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Linux controller with an encrypted root on LVM, a right clock and synchronised time."""
    base = tmp_path / "machine"
    write(base, "/proc/version", "Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)")
    write(base, "/proc/self/mounts", "/dev/mapper/vg-root / ext4 rw 0 0\nproc /proc proc rw 0 0\n")
    write(base, "/sys/class/block/dm-1/dm/name", "vg-root\n")
    write(base, "/sys/class/block/dm-1/dm/uuid", "LVM-abc\n")
    write(base, "/sys/class/block/dm-1/slaves/dm-0/x", "")
    write(base, "/sys/class/block/dm-0/dm/name", "sda2_crypt\n")
    write(base, "/sys/class/block/dm-0/dm/uuid", "CRYPT-LUKS2-abc-sda2_crypt\n")
    write(base, "/sys/class/rtc/rtc0/since_epoch", f"{int(NOW.timestamp())}\n")
    write(base, "/run/systemd/timesync/synchronized", "")
    return base


def ssh(tmp_path: Path, version: str) -> str:
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\necho '{version}, OpenSSL 3.0.15' >&2\n")
    program.chmod(0o755)
    return str(program)


def points(
    root: Path, *, system: str = "linux", now: datetime = NOW, program: str | None = None,
    workspace: Path | None = None,
) -> dict[str, Point]:  # fmt: skip
    with language("en"):
        machine = Machine(root, system, now, lambda _name: program)
        return {point.name: point for point in examine(machine, workspace)}


def test_good_controller_lacks_nothing(root: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir(mode=0o755)
    found = points(root, program=ssh(tmp_path, "OpenSSH_9.2p1 Debian-2+deb12u3"), workspace=work)
    assert {name for name, point in found.items() if point.state is not State.GOOD} == set()


def test_every_lack_has_a_remedy(root: Path, tmp_path: Path) -> None:
    write(root, "/sys/class/block/dm-0/dm/uuid", "LVM-other\n")
    work = tmp_path / "work"
    work.mkdir()
    work.chmod(0o777)
    found = points(
        root, now=NOW + timedelta(minutes=3), program=ssh(tmp_path, "OpenSSH_7.4p1"),
        workspace=work,
    )  # fmt: skip
    lacking = {name for name, point in found.items() if point.state is State.LACKING}
    assert lacking == {"Disk encryption", "Clock", "OpenSSH", "Workspace"}
    assert all(found[name].remedy for name in lacking)


def test_ssh_that_is_not_there_or_says_something_else(root: Path, tmp_path: Path) -> None:
    assert points(root)["OpenSSH"].state is State.LACKING
    odd = ssh(tmp_path, "Dropbear v2022.83")
    assert points(root, program=odd)["OpenSSH"].state is State.UNKNOWN


def test_wsl_traps(root: Path) -> None:
    write(root, "/proc/version", "Linux version 5.15.153.1-microsoft-standard-WSL2")
    found = points(root, workspace=Path("/mnt/c/Users/x/work"))
    assert found["System"].state is State.GOOD
    assert "WSL 2" in found["System"].message
    assert found["Workspace"].state is State.LACKING
    assert found["Disk encryption"].state is State.UNKNOWN
    write(root, "/proc/version", "Linux version 4.4.0-19041-Microsoft")
    assert points(root)["System"].state is State.LACKING


def test_native_windows_is_told_what_works_there(root: Path) -> None:
    point = points(root, system="win32")["System"]
    assert point.state is State.NOTE
    assert "report" in point.message


@pytest.mark.parametrize(
    "missing", ["proc/self/mounts", "sys/class/rtc/rtc0/since_epoch", "run/systemd"]
)
def test_what_cannot_be_seen_is_unknown_never_good(root: Path, missing: str) -> None:
    import shutil

    path = root / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    states = {name: point.state for name, point in points(root).items()}
    assert State.UNKNOWN in states.values()
