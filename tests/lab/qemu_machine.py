"""A QEMU process: a UEFI machine in software emulation, inside the lab's namespaces."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.lab.cache import LabError, kill_inside
from tests.lab.guest_agent import Dialogue, GuestAgent

if TYPE_CHECKING:
    from tests.lab.bench import Lab

FIRMWARE: Final = Path("/usr/share/OVMF")
MEMORY: Final = 1024  # MiB; part of a saved state, as is every device below


def sockets_folder(name: str) -> Path:
    """Where a machine's sockets are, in the lab's own /run: their paths must be short."""
    return Path("/run/machines") / name


class Machine:
    """Switched on by ``start``. Its network card hangs on the lab's switch; no other way out."""

    def __init__(self, lab: Lab, name: str, disk: Path, disk_format: str, variables: Path) -> None:
        """``disk`` and ``variables`` (the firmware's) are written to; paths as in the lab."""
        self._lab = lab
        self._name = name
        self._disk = f"format={disk_format},file={disk}"
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets = sockets_folder(name)
        self._outside = Path(f"/proc/{lab.pid}/root{self._sockets}")
        self.serial_log = lab.folder / f"{name}-serial.log"
        self.agent = GuestAgent(self._outside / "agent.sock", name)

    def _command(self, state: Path | None) -> list[str]:
        here = self._sockets
        # qemu64 has what Debian's amd64 needs and no more: "max" costs a third more CPU to boot.
        return [
            "qemu-system-x86_64",
            *("-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "qemu64"),
            *("-smp", "2", "-m", str(MEMORY), "-nodefaults", "-display", "none"),
            *("-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE}/OVMF_CODE_4M.fd"),
            *("-drive", f"if=pflash,format=raw,file={self._variables}"),
            *("-drive", f"if=virtio,cache=unsafe,{self._disk}"),
            *("-netdev", "tap,id=n0,ifname=q0,script=no,downscript=no"),
            *("-device", "virtio-net-pci,netdev=n0,addr=0x4,romfile="),
            *("-device", "virtio-rng-pci", "-device", "virtio-serial"),
            *("-chardev", f"socket,id=a0,path={here}/agent.sock,server=on,wait=off"),
            *("-device", "virtserialport,chardev=a0,name=org.qemu.guest_agent.0"),
            *("-chardev", f"file,id=s0,path={self.serial_log},append=on"),
            *("-serial", "chardev:s0"),
            *("-qmp", f"unix:{here}/qmp.sock,server=on,wait=off"),
            *(("-incoming", f"exec:cat {state}") if state else ()),
        ]

    @property
    def is_on(self) -> bool:
        """Whether QEMU runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, state: Path | None = None) -> None:
        """Boot from the disk, or go on from a saved state of this very disk."""
        if self.is_on:
            raise LabError(f"{self._name} is on already.")
        script = (
            'mkdir -p "$0"; ip tuntap add dev q0 mode tap 2>/dev/null; '
            'ip link set q0 master br0 up && exec "$@"'
        )
        inside = ["nsenter", "--net=/run/netns/switch", "sh", "-c", script, str(self._sockets)]
        self._process = self._lab.enter_long([*inside, *self._command(state)])

    def stop(self) -> None:
        """Pull the plug."""
        if self._process is None:
            return
        kill_inside(self._process)
        self._process = None

    def save(self, state: Path, seconds: float = 60) -> None:
        """Write the running machine's memory and devices to a file, then switch it off."""
        deadline = time.monotonic() + seconds
        with self._monitor() as monitor:
            monitor.ask("migrate-set-parameters", {"max-bandwidth": 1 << 32})
            monitor.ask("migrate", {"uri": f"exec:cat >{state}"})
            while True:
                status = monitor.ask("query-migrate").get("status")
                if status == "completed":
                    break
                if status in {"failed", "cancelled"} or time.monotonic() > deadline:
                    raise LabError(f"{self._name}: its state cannot be saved ({status}).")
                time.sleep(0.05)
            monitor.ask("quit")
        if self._process is not None:
            self._process.wait(20)
            self._process = None

    @contextlib.contextmanager
    def _monitor(self) -> Iterator[Dialogue]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self._outside / "qmp.sock"))
            with connection.makefile("rb") as answers:
                answers.readline()  # the greeting
                monitor = Dialogue(connection, answers, self._name)
                monitor.ask("qmp_capabilities")
                yield monitor
