"""PID 1 of a lab: owns its namespaces and ends everything when the lab's owner is gone.

    warden.py NAME FOLDER PIDFD     standard input: a pipe from the owner; NAME: the control group

Started by ``bench.Lab`` in new mount, PID and network namespaces. Its network namespace is the
controller's; the switch all hosts hang on is another. All mounts, control groups and namespaces
made by the lab are made below it, so the kernel takes them back when it ends. It ends when the
pipe closes or the owner (whose pidfd it inherits) dies, whichever comes first.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.lab import ledger

CONTROLLER: Final = "10.77.0.1"
SERVICES: Final = "10.77.0.2"
SWITCH: Final = f"""\
link set lo up
link add br0 type bridge
addr add {SERVICES}/24 dev br0
link set br0 up
link add c1 type veth peer name c0
link set c1 master br0 up
link set c0 netns 1
"""
HERE: Final = f"""\
link set lo up
addr add {CONTROLLER}/24 dev c0
link set c0 up
"""


def run(*argv: str, **options: object) -> None:
    """Run a tool; its complaint goes to our standard error, which the owner shows."""
    subprocess.run(argv, check=True, **options)  # type: ignore[call-overload]


def mount_control_groups(private: Path, name: str) -> Path:
    """The lab's control group, after removing those of dead labs."""
    root = private / "cgroup"
    root.mkdir()
    run("mount", "-t", "cgroup2", "cgroup2", str(root))
    for group in root.glob("esms-lab-*"):
        if ledger.is_stale(group.name, seen_by=name):
            remove_group(group)
    (root / name / "controller").mkdir(parents=True)
    return root / name


def remove_group(group: Path) -> None:
    """Kill what is left in a control group and remove it, children first."""
    with contextlib.suppress(OSError):
        (group / "cgroup.kill").write_text("1")
    for _ in range(100):
        for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return


def set_up(name: str, private: Path) -> Path:
    """Mounts and networks of the lab; its control group."""
    private.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "esms-lab", str(private))
    group = mount_control_groups(private, name)  # still sees the machine's /proc: owners are there
    run("mount", "-t", "proc", "proc", "/proc")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "esms-lab", "/run")  # holds `ip netns` names
    Path("/run/netns").mkdir()
    (private / "hosts").mkdir()
    run("ip", "netns", "add", "switch")
    run("ip", "-n", "switch", "-batch", "-", input=SWITCH.encode())
    run("ip", "-batch", "-", input=HERE.encode())
    return group


def reap(*_: object) -> None:
    """Collect dead orphans, as PID 1 must."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def wait_for_the_end(owner: int) -> None:
    """Return when the owner closes the pipe or dies."""
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    poll.register(owner, select.POLLIN)
    while True:
        for descriptor, _events in poll.poll():
            if descriptor == owner or not os.read(descriptor, 4096):
                return


def tear_down(group: Path, folder: Path) -> None:
    """Kill every process of the lab, then remove its control groups and its folder on disk."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)  # all of this PID namespace but ourselves
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    remove_group(group)
    if "ESMS_LAB_KEEP" not in os.environ:
        run("umount", "--recursive", "--lazy", str(folder / "private"))
        shutil.rmtree(folder, ignore_errors=True)


def main(name: str, folder: Path, owner: int) -> None:
    """Set up, report readiness, wait, tear down."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the owner decides
    group = set_up(name, folder / "private")
    signal.signal(signal.SIGCHLD, reap)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    wait_for_the_end(owner)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    tear_down(group, folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
