"""One host with a kernel of its own: QEMU in software emulation, booting its own disk.

OVMF starts GRUB from the disk's EFI system partition, GRUB reads its menu from the root file
system, so boot options and reboots are real. Every use writes to an overlay in memory.

A first boot is done once, when the image is built, and its running state kept: a fresh host goes
on from there. ``reboot``, and ``boot`` after ``stop``, go through firmware and boot loader.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.lab.cache import Cached, LabError, digest_of, provide, run_tool
from tests.lab.hostkeys import hostkey_files, pack, provide_hostkeys, public_key
from tests.lab.hosts import ENVIRONMENT, Done, Host
from tests.lab.qemu_machine import FIRMWARE, Machine
from tests.lab.recipe import HERE, load_recipe
from tests.lab.rootfs import archive_uri, base_digest

if TYPE_CHECKING:
    from tests.lab.bench import Lab

NAME: Final = "qemu"
ADDRESS: Final = "10.77.0.250"
KEYS: Final = 900
_SCRIPT: Final = HERE / "qemu_image.sh"
BOOT: Final = 1200.0  # seconds; it takes 40 s of CPU, and a busy machine gives it a share of a core


class QemuHost(Host):
    """The host. One a lab: its address is in the image."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab, NAME, ADDRESS, keys=KEYS)
        if NAME in lab.hosts_by_name:
            raise LabError("a lab has one QEMU host: discard the other first.")
        self._image = provide_image(lab)
        self.host_key = (self._image.folder / "host_key").read_text()
        self._inside = lab.private / NAME
        self._machine = Machine(
            lab, NAME, self._inside / "disk.qcow2", "qcow2", self._inside / "vars.fd"
        )
        self.serial_log = self._machine.serial_log
        self._fresh_disk()
        lab.adopt(self)

    def _fresh_disk(self) -> None:
        script = (
            'rm -rf "$0" && mkdir -p "$0" && cp "$1/vars.fd" "$0/vars.fd" && '
            'qemu-img create -q -f qcow2 -F raw -b "$1/disk.img" "$0/disk.qcow2"'
        )
        self.lab.enter(["sh", "-c", script, str(self._inside), str(self._image.folder)])
        self._resumes = True

    @property
    def is_on(self) -> bool:
        return self._machine.is_on

    def boot(self) -> None:
        self._machine.start(self._image.folder / "state" if self._resumes else None)
        self.lab.record()

    def wait(self, timeout: float = BOOT) -> None:
        deadline = time.monotonic() + timeout
        self.poll(deadline, self._agent_answers, "its guest agent does not answer")
        if self._resumes:
            self._resumes = False
            self._set_clock()
        super().wait(max(deadline - time.monotonic(), 1))

    def _agent_answers(self) -> str:
        return "yes" if self._machine.agent.ping(2) else ""

    def _set_clock(self) -> None:
        """From the day of the image to today, without waking every timer that has slept since."""
        script = (
            'date --set="@$0" >/dev/null; touch /var/lib/systemd/timers/*; '
            "xargs --arg-file=/var/lib/lab-timers systemctl start; rm /var/lib/lab-timers"
        )
        self.run(["sh", "-c", script, f"{time.time():.3f}"])

    def put_to_sleep(self, state: Path) -> None:
        """Save the running state and switch off; for the building of an image only."""
        script = (
            "systemctl list-units --type=timer --plain --no-legend | cut -d' ' -f1 "
            ">/var/lib/lab-timers; xargs --arg-file=/var/lib/lab-timers systemctl stop; "
            "sync; echo 3 >/proc/sys/vm/drop_caches"
        )
        self.run(["sh", "-c", script])
        self._machine.save(state)

    def stop(self) -> None:
        self._machine.stop()

    def reset(self) -> None:
        self.stop()
        self._fresh_disk()
        self.boot()
        self.wait()

    def reboot(self, timeout: float = BOOT) -> None:
        """As a person would, through the system's own shutdown; wait for another boot."""
        before = self.boot_id()
        with contextlib.suppress(LabError):  # the agent may go down before it has answered
            self.run(["systemctl", "--no-block", "reboot"], timeout=20)
        deadline = time.monotonic() + timeout

        def changed() -> str:
            # briefly: a question put to an agent that is going down is never answered
            with contextlib.suppress(LabError):
                now = self.run(["cat", "/proc/sys/kernel/random/boot_id"], timeout=5).stdout
                return "yes" if now.decode().strip() != before else ""
            return ""

        self.poll(deadline, changed, "it has not come back from its reboot")
        self.wait(max(deadline - time.monotonic(), 1))

    def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes = b"",  # noqa: A002
        check: bool = True,
        timeout: float = 120,
    ) -> Done:
        if not self.is_on:
            raise LabError(f"{self.name} is off: nothing can run inside.")
        try:
            status, out, err = self._machine.agent.execute(
                argv, data=input, environment=ENVIRONMENT, timeout=timeout
            )
        except OSError as error:
            raise LabError(f"{self.name}: {argv[0]}: the guest agent is silent.") from error
        if check and status != 0:
            output = (out + err).decode(errors="replace")[-2000:]
            raise LabError(f"{self.name}: {argv[0]}: exit {status}\n{output}")
        return subprocess.CompletedProcess(list(argv), status, out, err)

    def diagnosis(self) -> str:
        """The end of the serial console, then what systemd says if it can."""
        serial = "(no serial console)"
        with contextlib.suppress(OSError):
            serial = self.serial_log.read_bytes()[-3000:].decode(errors="replace")
        return f"{serial}\n{super().diagnosis()}"

    def discard(self) -> None:
        """Switch off for good; the cache may sweep the image again."""
        self.stop()
        self._image.release()


class _FirstBoot(QemuHost):
    """The host of an image that is being built: it writes to the image itself."""

    def __init__(self, lab: Lab, folder: Path) -> None:  # not super(): there is no image yet
        Host.__init__(self, lab, NAME, ADDRESS, keys=KEYS)
        self._machine = Machine(lab, NAME, folder / "disk.img", "raw", folder / "vars.fd")
        self.serial_log = self._machine.serial_log
        self._resumes = False

    def boot(self) -> None:
        self._machine.start()


def _files(lab: Lab, digest: str) -> bytes:
    hosts = f"127.0.0.1 localhost\n127.0.1.1 {NAME}\n"
    return pack(
        {
            "etc/hostname": (f"{NAME}\n".encode(), 0o644),
            "etc/hosts": (hosts.encode(), 0o644),
            "etc/machine-id": (digest.encode() * 2 + b"\n", 0o444),
            **lab.repository.client_files(),
            **hostkey_files(KEYS),
        }
    )


def provide_image(lab: Lab) -> Cached:
    """``disk.img``, ``vars.fd``, ``state`` (all written by one first boot) and ``host_key``."""
    recipe = load_recipe()
    qemu = run_tool(["qemu-system-x86_64", "--version"]).stdout
    firmware = (FIRMWARE / "OVMF_CODE_4M.fd").read_bytes()
    code = [(HERE / name).read_bytes() for name in ("qemu_image.sh", "qemu_machine.py")]
    client = [content for content, _mode in lab.repository.client_files().values()]
    packages = " ".join(recipe.qemu_packages)
    digest = digest_of(base_digest(), packages, qemu, firmware, *code, *client)

    def build(folder: Path) -> None:
        (folder / "host_key").write_text(public_key(provide_hostkeys(KEYS)))
        argv = ["unshare", "--mount", "bash", _SCRIPT, folder, lab.base, archive_uri()]
        words = [*argv, recipe.suite, ADDRESS, *recipe.qemu_packages]
        run_tool(words, input=_files(lab, digest), timeout=900)
        (folder / "vars.fd").write_bytes((FIRMWARE / "OVMF_VARS_4M.fd").read_bytes())
        host = _FirstBoot(lab, folder)
        try:
            host.boot()
            host.wait()
            host.run(["update-grub"])
            host.put_to_sleep(folder / "state")
        finally:
            host.stop()

    return provide("qemu", digest, build)
