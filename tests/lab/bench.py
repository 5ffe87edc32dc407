"""The lab: hosts on a network of their own, a controller beside them, and nothing else."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, TypeVar

from tests.lab import ledger
from tests.lab.cache import LabError, cache_folder, run_tool
from tests.lab.hosts import Done, Host, NamespaceHost
from tests.lab.recipe import HERE, load_recipe
from tests.lab.repository import Repository
from tests.lab.rootfs import provide_base
from tests.lab.wire import Wire
from tests.warm import Busy, Place, warm_kit

T = TypeVar("T")
CLONE_NEWNET: Final = 0x40000000
# What one host takes of fs.inotify.max_user_instances, measured; the kernel's default, 128 for all
# of root's processes together, is the machine's and stays as it is. A host without any hangs.
INOTIFY_A_HOST: Final = 7
INOTIFY_PATIENCE: Final = 20.0  # seconds
MEGABYTES: Final = 1024  # the most a host's changes may take, in memory


class Lab:
    """A context manager; ``with Lab() as lab: lab.host().ssh("id")``. Needs root.

    Everything ends with the context, and with the process when that is killed.
    """

    def __init__(self, *, held: bool = False) -> None:
        """``held``: opened by the command line, which looks for such labs to act on."""
        self._held = held
        self.here = HERE
        self.hosts_by_name: dict[str, Host] = {}
        self._warden: subprocess.Popen[bytes] | None = None
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- opening and closing --------------------------------------------------------------------

    def _open(self) -> None:
        built = provide_base()
        self._exit.callback(built.release)
        self.base = built.folder / "base"
        self.key_path = built.folder / "id_ed25519"
        runs = cache_folder() / "run"
        runs.mkdir(exist_ok=True)
        ledger.sweep(runs)
        self.name = ledger.new_name()
        self.folder = runs / self.name
        self.folder.mkdir(mode=0o755)
        self._exit.callback(self._remove_folder)
        self.private = self.folder / "private"
        self.ssh_config = self.folder / "ssh_config"
        self._log = self._exit.enter_context((self.folder / "lab.log").open("ab"))
        self._start_warden()
        self.repository = Repository(self)
        self._exit.callback(self.repository.close)
        self.wire = Wire(self)
        self._exit.callback(self.wire.close)
        self.repository.publish()
        self.record()

    def _start_warden(self) -> None:
        owner = os.pidfd_open(os.getpid())
        try:
            argv = [
                *("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--"),
                *(sys.executable, str(HERE / "warden.py")),
                *(self.name, str(self.folder), str(owner)),
            ]
            self._warden = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                pass_fds=[owner],
                start_new_session=True,  # a Ctrl-C is for the owner to act on
            )
        finally:
            os.close(owner)
        self._exit.callback(self._end_warden)
        if self._warden.stdout is None or self._warden.stdout.readline() != b"ready\n":
            raise LabError(f"the lab did not start:\n{self.log()}")
        pid = self._warden.pid
        self.pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        self._controller = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._exit.callback(os.close, self._controller)

    def _end_warden(self) -> None:
        if self._warden is None or self._warden.stdin is None:
            return
        self._warden.stdin.close()
        try:
            self._warden.wait(20)
        except subprocess.TimeoutExpired:
            self._warden.kill()
            self._warden.wait()

    def _remove_folder(self) -> None:
        if "ESMS_LAB_KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """End all hosts and remove every trace. Safe to call twice."""
        self._exit.close()

    def log(self) -> str:
        """What the lab's own tools have complained about."""
        return (self.folder / "lab.log").read_text(errors="replace")[-4000:]

    # -- hosts ----------------------------------------------------------------------------------

    def host(self, name: str = "", *, wait: bool = True, megabytes: int = MEGABYTES) -> Host:
        """A new host, switched on: plain Debian 12 with the recipe's accounts."""
        taken = {one.index for one in self.hosts_by_name.values()}
        index = next(number for number in itertools.count(1) if number not in taken)
        name = name or f"h{index}"
        if name in self.hosts_by_name:
            raise LabError(f"there is a host {name} already.")
        host = NamespaceHost(self, name, index, megabytes)
        self.hosts_by_name[name] = host
        host.boot()
        if wait:
            host.wait()
        return host

    def hosts(self, count: int) -> list[Host]:
        """Several new hosts, booted side by side."""
        made = [self.host(wait=False) for _ in range(count)]
        for host in made:
            host.wait()
        return made

    def discard(self, host: Host) -> None:
        """Switch a host off for good and give back what it took."""
        if isinstance(host, NamespaceHost):
            host.discard()
        else:
            host.stop()
        self.hosts_by_name.pop(host.name, None)
        self.record()

    def adopt(self, host: Host) -> None:
        """Know a host of another kind, so that ``ssh`` and the state file name it."""
        self.hosts_by_name[host.name] = host
        self.record()

    def spare_inotify(self) -> None:
        """Refuse a host that would hang for want of inotify instances.

        Waits a while first: with tests side by side, another lab may be about to free some.
        """
        limit = int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())
        deadline = time.monotonic() + INOTIFY_PATIENCE
        while True:
            hosts = sum(
                bool(host["init"])
                for state in ledger.read_states(self.folder.parent).values()
                for host in state["hosts"].values()
            )
            others = foreign_inotify_instances()
            if others + (hosts + 1) * INOTIFY_A_HOST <= limit:
                return
            if time.monotonic() > deadline:
                raise LabError(
                    f"of this machine's {limit} inotify instances {others} are in use and "
                    f"{hosts} lab hosts that are on take {INOTIFY_A_HOST} each; one more would "
                    "hang. Stop or discard hosts first: the lab does not raise the limit."
                )
            time.sleep(1)

    def record(self) -> None:
        """Write the state file, and OpenSSH's files that pin each host's first key."""
        known, config = [], []
        for host in self.hosts_by_name.values():
            place = host.address if host.port == 22 else f"[{host.address}]:{host.port}"
            known.append(f"{place} {host.host_key}\n")
            config.append(
                f"Host {host.name} {host.address}\n HostName {host.address}\n Port {host.port}\n"
                f" User {host.user}\n"
            )
        common = (
            f"Host *\n IdentityFile {self.key_path}\n IdentitiesOnly yes\n IdentityAgent none\n"
            f" UserKnownHostsFile {self.folder}/known_hosts\n GlobalKnownHostsFile none\n"
            " StrictHostKeyChecking yes\n BatchMode yes\n ConnectTimeout 10\n"
            # a tenth of the CPU of OpenSSH 9.2's first choice
            " KexAlgorithms ^curve25519-sha256\n"
        )
        (self.folder / "known_hosts").write_text("".join(known))
        self.ssh_config.write_text("".join(config) + common)
        state = {
            "warden": self.pid,
            "warden_started": ledger.start_time(self.pid),
            "owner": os.getpid(),
            "held": self._held,
            "hosts": {
                name: {"address": host.address, "port": host.port, "init": host.entrance}
                for name, host in self.hosts_by_name.items()
            },
        }
        ledger.write_state(self.folder, state)

    # -- running things -------------------------------------------------------------------------

    def in_controller(
        self,
        argv: Sequence[str],
        *,
        input: bytes = b"",  # noqa: A002 - named as in subprocess.run
        timeout: float = 300,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Done:
        """Run a program on the controller: this machine's files, the lab's network only.

        It and what it leaves running end with the lab at the latest.
        """
        whole = [*self.controller_entry(), *argv]
        try:
            return subprocess.run(
                whole, input=input, capture_output=True, timeout=timeout, env=env, cwd=cwd,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{argv[0]}: no end after {timeout} s on the controller.") from error

    def kit(
        self,
        words: Sequence[str],
        *,
        input: bytes = b"",  # noqa: A002
        timeout: float = 300,
        cwd: Path | None = None,
    ) -> Done:
        """Run ``esms-kit`` on the controller, as ``in_controller`` would, but begun warm."""
        try:
            return warm_kit().run(
                words, cwd=cwd or Path.cwd(), env=os.environ, given=input, timeout=timeout,
                place=controller_place(self.pid, self.folder),
            )  # fmt: skip
        except Busy:
            cold = [sys.executable, "-m", "kit.cli", *words]
            return self.in_controller(cold, input=input, timeout=timeout, cwd=cwd)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"esms-kit: no end after {timeout} s on the controller.") from error

    def controller_entry(self) -> list[str]:
        """The words before a program's that make it run on the controller."""
        return controller_entry(self.pid, self.folder)

    def call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a function on the controller: in a thread of this process, in the lab's network.

        Threads and processes that it starts are in the lab's network too; an executor or an event
        loop that was started elsewhere is not.
        """
        outcome: list[tuple[bool, Any]] = []

        def work() -> None:
            try:
                _enter_network(self._controller)
                outcome.append((True, function(*args, **kwargs)))
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                outcome.append((False, error))

        thread = threading.Thread(target=work, name="lab-controller")
        thread.start()
        thread.join()
        good, value = outcome[0]
        if good:
            return value
        raise value

    def controller_cpu(self) -> float:
        """Seconds of CPU that ``in_controller`` programs have taken, ssh masters included."""
        return self._cpu("controller")

    def hosts_cpu(self) -> float:
        """Seconds of CPU that the namespace hosts that are on have taken since they were made."""
        return sum(
            self._cpu(name)
            for name, host in self.hosts_by_name.items()
            if isinstance(host, NamespaceHost)
        )

    def _cpu(self, group: str) -> float:
        place = f"/proc/{self.pid}/root{self.private}/cgroup/{self.name}/{group}/cpu.stat"
        first = Path(place).read_text().split()
        return int(first[first.index("usage_usec") + 1]) / 1e6

    def enter(self, argv: Sequence[str], *, input: bytes = b"", name: str = "") -> bytes:  # noqa: A002
        """Run a tool in the lab's own namespaces to its end; its output."""
        done = run_tool([*self._entry(), *argv], input=input, env=self._tool_env(name), timeout=60)
        return done.stdout

    def enter_long(
        self, argv: Sequence[str], *, name: str = "", stdout: int | IO[bytes] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program in the lab's own namespaces; it ends with the lab."""
        return subprocess.Popen(
            [*self._entry(), *argv],
            stdin=subprocess.DEVNULL,
            stdout=self._log if stdout is None else stdout,
            stderr=self._log,
            env=self._tool_env(name),
            start_new_session=True,
        )

    def _entry(self) -> list[str]:
        return ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--net", "--"]

    def _tool_env(self, name: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "NAME": name,
            "PRIVATE": str(self.private),
            "GROUP": f"{self.private}/cgroup/{self.name}",
            "HERE": str(self.here),
            "DROP": load_recipe().dropped,
        }


def controller_entry(warden: int, folder: Path) -> list[str]:
    """The words before a program's that make it run on the controller of an open lab."""
    place = controller_place(warden, folder)
    join = 'echo $$ >"$0" && exec "$@"'
    return ["sh", "-c", join, place.procs, "nsenter", f"--net={place.network}", "--"]


def controller_place(warden: int, folder: Path) -> Place:
    """Where to join the controller's control group, and its network."""
    group = f"{folder}/private/cgroup/{folder.name}/controller"
    return Place(f"/proc/{warden}/root{group}/cgroup.procs", f"/proc/{warden}/ns/net")


def _enter_network(descriptor: int) -> None:
    """Move the calling thread into a network namespace (``os.setns`` is there from 3.12 on)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def foreign_inotify_instances() -> int:
    """How many inotify instances root's processes outside all labs have open."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            folder = process / "fd"
            if folder.stat().st_uid == 0:
                own = sum("inotify" in str(link.readlink()) for link in folder.iterdir())
                if own and "/esms-lab-" not in (process / "cgroup").read_text():
                    count += own
    return count


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
