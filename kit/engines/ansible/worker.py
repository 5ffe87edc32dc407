"""The process Ansible runs from: ``python -m kit.engines.ansible.worker FOLDER``.

Reads one job as a line of JSON, tells events and outcomes as lines of JSON, ends. Nothing else
ever stands on its standard output.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from kit.data_folders import data_folder
from kit.documents_io.ansible_vars import dump_variables
from kit.engines.accounts import clean, not_begun
from kit.engines.ansible.folder import RunFolder, environment
from kit.engines.ansible.guard import AnsibleGuard
from kit.engines.ansible.listening import DeviceListening
from kit.engines.base import Event, Work
from kit.engines.job import Job, Message
from kit.redaction import Redactor

CLOSING_SECONDS: Final = 5
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


class Told:
    """The standard output this process was started with, for messages only."""

    def __init__(self) -> None:
        """Keep it; whatever a library prints goes to standard error from now on."""
        self._descriptor = os.dup(1)
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def emit(self, message: Message) -> None:
        """Write one line, whole."""
        line = message.model_dump_json(exclude_none=True).encode() + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._descriptor, line) :]


class Run:
    """One job over one run of ansible-playbook."""

    def __init__(self, job: Job, path: Path, told: Told) -> None:
        """Nothing is written yet."""
        self._job = job
        self._folder = RunFolder(path)
        self._told = told
        self._redactor = Redactor(job.values())
        self._stopped = threading.Event()
        self._devices: dict[str, DeviceListening] = {}
        self._guards: dict[str, AnsibleGuard] = {}

    def stop(self) -> None:
        """Let each host finish what it is at."""
        self._stopped.set()
        self._folder.go.unlink(missing_ok=True)

    def carry_out(self) -> None:
        """Work on all devices; one outcome is told for each."""
        limits, nonce = self._job.limits, self._job.nonce
        self._guards = {work.device: self._guard(work) for work in self._job.works}
        refused = self._folder.write(self._job.works, limits, nonce, self._prepared())
        for work in self._job.works:
            if work.device in refused:
                error = refused[work.device]
                failure = clean(error.failure, self._redactor) or error.failure
                self._told.emit(Message(outcome=not_begun(work, error.ending, failure)))
            else:
                listening = DeviceListening(
                    work,
                    self._redactor,
                    self._event,
                    partial(self._folder.overheard, work),
                    self._guards[work.device],
                )
                self._devices[work.device] = listening
        if self._stopped.is_set():
            self.stop()
        if self._devices:
            handing = threading.Thread(target=self._hand_over, daemon=True)
            handing.start()
            try:
                self._play()
                for guard in self._guards.values():
                    guard.join()
            finally:
                self._close_connections()
        for listening in self._devices.values():
            outcome = listening.outcome(stopped=self._stopped.is_set())
            self._told.emit(Message(outcome=outcome))

    def _prepared(self) -> dict[str, str]:
        """Device -> why no watchdog may be armed there; all of them are looked at at once."""
        with ThreadPoolExecutor(self._job.limits.jobs) as pool:
            told = pool.map(AnsibleGuard.prepare, self._guards.values())
            return dict(zip(self._guards, told, strict=True))

    def _guard(self, work: Work) -> AnsibleGuard:
        job = self._job
        password = job.passwords.get(work.device)
        return AnsibleGuard(work, job.limits, job.nonce, password, self._folder, self._log)

    def _log(self, text: str) -> None:
        self._told.emit(Message(log=self._redactor(text)))

    def _hand_over(self) -> None:
        """Tell Ansible all secrets, once, when it opens the pipe for them."""
        passwords = {
            name: word for name, word in self._job.passwords.items() if name in self._devices
        }
        told = {"kit_engine_passwords": passwords, "kit_secrets": dict(self._job.secrets)}
        text = dump_variables(told)
        with contextlib.suppress(OSError), self._folder.secrets.open("w", encoding="utf-8") as pipe:
            pipe.write(text)

    def _play(self) -> None:
        import ansible_runner
        import pexpect

        pexpect.spawn = partial(pexpect.spawn, preexec_fn=_die_with_parent)
        # ansible-playbook is the one installed beside this interpreter.
        places = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        ansible_runner.run(
            private_data_dir=str(self._folder.path),
            playbook=str(data_folder("playbooks") / f"{self._job.playbook}.yml"),
            inventory=str(self._folder.inventory),
            cmdline=f"-e @{shlex.quote(str(self._folder.secrets))}",
            envvars={
                **environment(self._folder, self._job.limits),
                "PATH": os.pathsep.join(places),
            },
            forks=self._job.limits.jobs,
            settings={"pexpect_use_poll": True},
            suppress_env_files=True,
            quiet=True,
            event_handler=self._hear,
            cancel_callback=lambda: False,
        )

    def _hear(self, event: dict[str, Any]) -> bool:
        """One event; false: it is not kept in a file."""
        said = str(event.get("stdout") or "").strip()
        if said:
            self._told.emit(Message(log=self._redactor(said)))
        data = event.get("event_data") or {}
        listening = self._devices.get(str(data.get("host") or ""))
        if listening is not None:
            listening.hear(str(event.get("event") or ""), data)
        return False

    def _event(self, event: Event) -> None:
        self._told.emit(Message(event=event))

    def _close_connections(self) -> None:
        """End the connections that stay open for the next task."""
        config = str(self._folder.path / "ssh_config")
        for control in sorted((self._folder.path / "cp").glob("*")):
            words = ["ssh", "-F", config, "-o", f"ControlPath={control}", "-O", "exit", "any"]
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(
                    words,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=CLOSING_SECONDS,
                    check=False,
                )


def _die_with_parent() -> None:
    """Called in the new process: without us ansible-playbook would wait for what never comes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main() -> int:
    """Do the job on standard input; 0 when every device has an outcome, 2 when it is no job."""
    told = Told()
    given = os.fdopen(os.dup(0), "rb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, by descriptor
        os.dup2(nothing.fileno(), 0)
    try:
        job = Job.model_validate_json(given.readline())
    except ValidationError as error:
        sys.stderr.write(f"not a job: {error.error_count()} errors\n")
        return 2
    parent = os.getppid()
    folder = Path(sys.argv[1])
    run = Run(job, folder, told)

    def watch() -> None:
        given.read()
        run.stop()

    threading.Thread(target=watch, daemon=True).start()
    run.carry_out()
    if os.getppid() != parent:  # nobody is left to remove it
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
