"""What this controller has and lacks: support matrix, tools, WSL traps, disk, clock."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from kit.i18n import _

OLDEST_OPENSSH: Final = (8, 8)  # the first that refuses SHA-1 signatures by default
CLOCK_TOLERANCE: Final = timedelta(seconds=30)
ENGINES: Final = ("pyinfra", "ansible", "ansible_runner", "netmiko")


class State(StrEnum):
    """How one point stands."""

    GOOD = "good"
    NOTE = "note"
    LACKING = "lacking"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Point:
    """One thing looked at; ``remedy`` is empty when there is nothing to do."""

    name: str
    state: State
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Machine:
    """The controller as seen through its files; ``root`` is ``/`` except in tests."""

    root: Path
    system: str  # sys.platform
    now: datetime
    which: Callable[[str], str | None] = shutil.which

    def text(self, path: str) -> str | None:
        """A small file's text; ``None`` when it cannot be read."""
        try:
            return (self.root / path.lstrip("/")).read_text(errors="replace")
        except OSError:
            return None

    @property
    def wsl(self) -> int:
        """0 when not under WSL, else its version (1 or 2)."""
        version = (self.text("/proc/version") or "").lower()
        if "microsoft" not in version:
            return 0
        return 2 if "wsl2" in version or "microsoft-standard" in version else 1


def this_machine(now: datetime) -> Machine:
    """The machine the kit runs on."""
    return Machine(Path("/"), sys.platform, now)


def examine(machine: Machine, workspace: Path | None) -> tuple[Point, ...]:
    """Every point, in the order they are shown."""
    return (
        _platform(machine),
        _python(),
        _openssh(machine),
        *_engines(),
        *_workspace(machine, workspace),
        _disk(machine),
        _clock(machine),
        _synchronised(machine),
    )


def _platform(machine: Machine) -> Point:
    name = _("System")
    if machine.system.startswith("win"):
        return Point(
            name,
            State.NOTE,
            _("Windows: intake, check --from, report and verify work here."),
            _("To reach devices (check, apply), run the kit in WSL 2 or on Linux."),
        )
    if machine.wsl == 1:
        return Point(name, State.LACKING, _("WSL 1."), _("Convert it: wsl --set-version NAME 2"))
    if machine.wsl:
        return Point(name, State.GOOD, _("Linux under WSL 2: everything works here."))
    if machine.system.startswith("linux"):
        return Point(name, State.GOOD, _("Linux: everything works here."))
    return Point(
        name,
        State.NOTE,
        _("{system}: not tried by the kit's authors.").format(system=machine.system),
        _("Use Linux or WSL 2."),
    )


def _python() -> Point:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Point("Python", State.GOOD, version)


def _openssh(machine: Machine) -> Point:
    name = "OpenSSH"
    found = machine.which("ssh")
    if found is None:
        return Point(
            name,
            State.LACKING,
            _("the program ssh is not there."),
            _("Install it: apt install openssh-client"),
        )
    try:
        said = subprocess.run(
            [found, "-V"], capture_output=True, text=True, timeout=10, check=False
        ).stderr
    except (OSError, subprocess.SubprocessError) as error:
        return Point(name, State.UNKNOWN, str(error))
    match = re.search(r"OpenSSH(?:_for_Windows)?_(\d+)\.(\d+)", said)
    if match is None:
        return Point(name, State.UNKNOWN, said.strip()[:80])
    version = (int(match[1]), int(match[2]))
    if version < OLDEST_OPENSSH:
        return Point(
            name,
            State.LACKING,
            _("{version} is old: its cipher defaults are weak and slow.").format(version=match[0]),
            _("Update the system of this controller."),
        )
    return Point(name, State.GOOD, match[0])


def _engines() -> Iterator[Point]:
    for package in ENGINES:
        if find_spec(package) is not None:
            yield Point(package, State.GOOD, _("installed"))
        else:
            yield Point(
                package, State.LACKING, _("not installed"), _("Install the kit's lock file again.")
            )


def _workspace(machine: Machine, workspace: Path | None) -> Iterator[Point]:
    name = _("Workspace")
    if workspace is None:
        yield Point(
            name, State.NOTE, _("none here"), _("Run “esms-kit init DIR”, or name it with -w.")
        )
        return
    if machine.wsl and re.match(r"/mnt/[a-z](/|$)", str(workspace)):
        yield Point(
            name,
            State.LACKING,
            _("{path} is on a Windows disk: file modes mean nothing there.").format(path=workspace),
            _("Move the workspace into your Linux home folder."),
        )
        return
    mode = workspace.stat().st_mode
    if mode & 0o002:
        yield Point(
            name,
            State.LACKING,
            _("any account may write in {path}: its configuration is ignored.").format(
                path=workspace
            ),
            _("Run: chmod o-w {path}").format(path=workspace),
        )
        return
    yield Point(name, State.GOOD, str(workspace))


def _disk(machine: Machine) -> Point:
    name = _("Disk encryption")
    if machine.system.startswith("win") or machine.wsl:
        return Point(
            name,
            State.UNKNOWN,
            _("decided by Windows"),
            _("Check that BitLocker is on: manage-bde -status (as administrator)."),
        )
    mounts = machine.text("/proc/self/mounts")
    device = next(
        (
            line.split()[0]
            for line in (mounts or "").splitlines()
            if len(line.split()) > 1 and line.split()[1] == "/"
        ),
        None,
    )
    if device is None or not device.startswith("/dev/"):
        return Point(name, State.UNKNOWN, _("the root file system is on no disk of this machine"))
    if _encrypted(machine, device):
        return Point(name, State.GOOD, _("the root file system is encrypted"))
    return Point(
        name,
        State.LACKING,
        _("the root file system is not encrypted: a stolen controller gives its keys away."),
        _("Install this controller anew with LUKS, or move the workspace to an encrypted one."),
    )


def _encrypted(machine: Machine, device: str) -> bool:
    """Whether a device, or anything it lies on, is a dm-crypt mapping."""
    blocks = machine.root / "sys/class/block"
    wanted = Path(device).name
    if device.startswith("/dev/mapper/"):
        names = sorted(path.parent.parent.name for path in blocks.glob("*/dm/name")
                       if path.read_text().strip() == wanted)  # fmt: skip
        wanted = names[0] if names else wanted
    waiting, seen = [wanted], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        uuid = machine.text(f"/sys/class/block/{name}/dm/uuid") or ""
        if uuid.startswith("CRYPT-"):
            return True
        waiting += [path.name for path in (blocks / name / "slaves").glob("*")]
    return False


def _clock(machine: Machine) -> Point:
    """The system clock against the hardware clock: WSL's drifts after the laptop slept."""
    name = _("Clock")
    said = machine.text("/sys/class/rtc/rtc0/since_epoch")
    if said is None or not said.strip().isdigit():
        return Point(name, State.UNKNOWN, _("no hardware clock to compare with"))
    hardware = datetime.fromtimestamp(int(said), tz=machine.now.tzinfo)
    offset = abs(machine.now - hardware)
    if offset > CLOCK_TOLERANCE:
        return Point(
            name,
            State.LACKING,
            _(
                "{seconds} s apart from the hardware clock: dates of evidence would be wrong."
            ).format(seconds=int(offset.total_seconds())),
            _("Set the clock; under WSL: sudo hwclock -s"),
        )
    return Point(name, State.GOOD, _("agrees with the hardware clock"))


def _synchronised(machine: Machine) -> Point:
    name = _("Time synchronisation")
    if machine.wsl or machine.system.startswith("win"):
        return Point(name, State.NOTE, _("done by Windows"))
    if (machine.root / "run/systemd/timesync/synchronized").exists():
        return Point(name, State.GOOD, _("synchronised"))
    if (machine.root / "run/chrony").exists():
        return Point(name, State.GOOD, _("chrony is running"))
    return Point(
        name,
        State.UNKNOWN,
        _("not seen"),
        _("Check that systemd-timesyncd or chrony runs: timedatectl status"),
    )
