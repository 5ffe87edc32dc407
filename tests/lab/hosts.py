"""A host of the lab, whatever it is made of, and the one made of namespaces."""

from __future__ import annotations

import abc
import contextlib
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.cache import LabError, kill_inside
from tests.lab.hostkeys import hostkey_files, pack, provide_hostkeys, public_key
from tests.lab.recipe import load_recipe

if TYPE_CHECKING:
    from tests.lab.bench import Lab

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
Done = subprocess.CompletedProcess[bytes]


class Host(abc.ABC):
    """A Debian 12 machine reachable from the lab's controller namespace only."""

    port = 22
    user = "esms"  # the management account: key only, sudo without a password
    index = 0  # 1, 2, ... for namespace hosts
    entrance = 0  # the machine's number of the process whose namespaces are the host, if there is

    def __init__(self, lab: Lab, name: str, address: str, keys: int) -> None:
        self.lab = lab
        self.name = name
        self.address = address
        self.key_path = lab.key_path
        self.keys = keys
        self.host_key = public_key(provide_hostkeys(keys))  # the one to pin: what it was born with

    @abc.abstractmethod
    def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes = b"",  # noqa: A002 - named as in subprocess.run
        check: bool = True,
        timeout: float = 60,
    ) -> Done:
        """Run a program as root inside, past sshd; ``LabError`` with its output if it fails."""

    @abc.abstractmethod
    def boot(self) -> None:
        """Switch on, without waiting."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Switch off at once, as by pulling the plug. What is on disk stays."""

    @abc.abstractmethod
    def reset(self) -> None:
        """Back to the first boot, waiting for it: a fresh disk, the same name and keys."""

    @property
    @abc.abstractmethod
    def is_on(self) -> bool:
        """Whether it runs at all."""

    def reboot(self, timeout: float = 60) -> None:
        """Switch off, on, and wait for it. Nothing set live survives."""
        self.stop()
        self.boot()
        self.wait(timeout)

    def wait(self, timeout: float = 60) -> None:
        """Wait for the end of the boot and for sshd's greeting."""
        deadline = time.monotonic() + timeout
        state = self.poll(deadline, self._boot_state, "the boot has not ended")
        if state not in {"running", "degraded"}:
            raise LabError(f"{self.name}: systemd is {state} after boot.\n{self.diagnosis()}")
        self.poll(deadline, self._greeting, "sshd does not greet")

    def poll(self, deadline: float, ask: Callable[[], str], complaint: str) -> str:
        """The first non-empty answer; ``LabError`` when the host goes off or time is up."""
        while True:
            answer = ask()
            if answer:
                return answer
            if not self.is_on:
                raise LabError(f"{self.name}: it went off while booting.\n{self.diagnosis()}")
            if time.monotonic() > deadline:
                raise LabError(f"{self.name}: {complaint}.\n{self.diagnosis()}")
            time.sleep(0.02)

    def _boot_state(self) -> str:
        with contextlib.suppress(LabError):
            done = self.run(["systemctl", "is-system-running", "--wait"], check=False)
            state = done.stdout.decode().strip()
            return "" if state in {"offline", "initializing", "starting", "unknown"} else state
        return ""

    def _greeting(self) -> str:
        def read() -> str:
            try:
                with socket.create_connection((self.address, self.port), 2) as connection:
                    return connection.recv(64).decode(errors="replace")
            except OSError:
                return ""

        return self.lab.call(read)

    def diagnosis(self) -> str:
        """What the host says about itself, for an error message."""
        with contextlib.suppress(LabError, subprocess.SubprocessError):
            argv = ["journalctl", "--no-pager", "--lines=40", "--priority=warning"]
            return self.run(argv, check=False, timeout=20).stdout.decode(errors="replace")
        return "(it says nothing)"

    def boot_id(self) -> str:
        """Another one after each boot."""
        return self.read("/proc/sys/kernel/random/boot_id").decode().strip()

    def read(self, path: str) -> bytes:
        """The content of a file; ``LabError`` when there is none."""
        return self.run(["cat", "--", path]).stdout

    def write(self, path: str, content: bytes | str, mode: int = 0o644) -> None:
        """Write a file, owned by root, making its folder when missing."""
        data = content.encode() if isinstance(content, str) else content
        script = f'mkdir -p "$(dirname "$0")" && cat >"$0" && chmod {mode:o} "$0"'
        self.run(["sh", "-c", script, path], input=data)

    def ssh(
        self,
        command: str | Sequence[str],
        *,
        user: str = "",
        input: bytes = b"",  # noqa: A002 - named as in subprocess.run
        timeout: float = 60,
    ) -> Done:
        """Run a command by OpenSSH from the controller, the host key verified. Never raises.

        A sequence is quoted for the remote shell, a string is handed to it as it is.
        """
        line = command if isinstance(command, str) else shlex.join(command)
        options = ["-F", str(self.lab.ssh_config), *(["-l", user] if user else [])]
        return self.lab.in_controller(
            ["ssh", *options, self.name, line], input=input, timeout=timeout
        )


class NamespaceHost(Host):
    """systemd and sshd in namespaces of this machine, on an overlay of the lab's base."""

    def __init__(self, lab: Lab, name: str, index: int, megabytes: int) -> None:
        super().__init__(lab, name, f"10.77.0.{10 + index}", keys=index)
        self.index = index
        self._megabytes = megabytes
        self._parent: subprocess.Popen[bytes] | None = None
        self._prepare()

    def _prepare(self) -> None:
        hosts = f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n"
        files = {
            "etc/hostname": (f"{self.name}\n".encode(), 0o644),
            "etc/hosts": (hosts.encode(), 0o644),
            "etc/machine-id": (os.urandom(16).hex().encode() + b"\n", 0o444),
            **self.lab.repository.client_files(),
            **hostkey_files(self.keys),
        }
        base = str(self.lab.base)
        self.lab.enter(
            [*self._script("prepare"), base, str(self._megabytes)],
            input=pack(files),
            name=self.name,
        )

    def _script(self, verb: str) -> list[str]:
        return ["bash", str(self.lab.here / "host.sh"), verb]

    @property
    def is_on(self) -> bool:
        return self._parent is not None and self._parent.poll() is None

    def boot(self) -> None:
        if self.is_on:
            raise LabError(f"{self.name} is on already.")
        self.lab.spare_inotify()
        argv = [*self._script("boot"), str(self.index), self.address]
        self._parent = self.lab.enter_long(argv, name=self.name)
        deadline = time.monotonic() + 30
        self.entrance = int(self.poll(deadline, self._find_init, "its systemd has not started"))
        self.lab.record()

    def _find_init(self) -> str:
        """The machine's number for the host's PID 1: below nsenter, and below unshare."""
        if self._parent is None:
            return ""
        pid = self._parent.pid
        with contextlib.suppress(OSError, IndexError):
            for _ in range(2):
                pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            return str(pid) if name == "systemd" else ""
        return ""

    def diagnosis(self) -> str:
        """What the host says, or what the lab's tools said when it did not come so far."""
        return super().diagnosis() if self.is_on else self.lab.log()

    def stop(self) -> None:
        if self._parent is None:
            return
        # By its PID 1: the others follow, and then those who wait for it, so that none is left.
        # Killing these first would leave the host running for a moment.
        if self.entrance and self.is_on:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.entrance, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._parent.wait(20)
        kill_inside(self._parent)
        self._parent, self.entrance = None, 0
        self.lab.record()

    def discard(self) -> None:
        """Switch off and forget the disk."""
        self.stop()
        self.lab.enter(self._script("discard"), name=self.name)

    def reset(self) -> None:
        self.discard()
        self._prepare()
        self.boot()
        self.wait()

    def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes = b"",  # noqa: A002
        check: bool = True,
        timeout: float = 60,
    ) -> Done:
        if not self.is_on:
            raise LabError(f"{self.name} is off: nothing can run inside.")
        return execute(
            [*host_entry(self.entrance), *argv], input, check, timeout, f"{self.name}: {argv[0]}"
        )


def host_entry(init: int) -> list[str]:
    """The words before a program's that make it run as root inside a namespace host."""
    dropped = load_recipe().dropped
    # nsenter alone would bring every capability of ours along, whatever the host's PID 1 lacks.
    return [
        *("setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}"),
        *("nsenter", "--target", str(init)),
        *("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wdns=/"),
        "--",
    ]


def execute(argv: Sequence[str], data: bytes, check: bool, timeout: float, what: str) -> Done:
    """Run to the end with a host's environment; ``LabError`` naming ``what`` on failure."""
    options: dict[str, Any] = {"capture_output": True, "env": ENVIRONMENT}
    try:
        done = subprocess.run(list(argv), input=data, timeout=timeout, check=False, **options)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{what}: no end after {timeout} s.") from error
    if check and done.returncode != 0:
        output = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
        raise LabError(f"{what}: exit {done.returncode}\n{output}")
    return done
