"""The watchdog beside a run of Ansible: the role arms it, this proves the way in."""

from __future__ import annotations

import shlex
import subprocess
import threading
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from kit.engines.ansible.folder import RunFolder
from kit.engines.base import Limits, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import NotConnected
from kit.engines.pyinfra.channels import BECOME_ROOT, new_session
from kit.engines.pyinfra.session import Done, SessionFailed
from kit.engines.watchdog import Again, Runs, Settled, Watchdog
from kit.model.device import Sudo
from kit.planning.schedule import steps
from kit.planning.watching import guarded, watch_of

_RUN: Final = (
    "umask 077; KIT_DIR=$(mktemp -d /run/esms-kit-XXXXXXXX) || exit 1; export KIT_DIR; "
    'cat >"$KIT_DIR/job"; timeout -k 10 "$1" sh "$KIT_DIR/job" </dev/null; status=$?; '
    'rm -rf -- "$KIT_DIR"; exit "$status"'
)
_CONNECT_SECONDS: Final = 15


class SharedConnection:
    """The connection Ansible works over, while it lasts. Not where sudo asks for a password."""

    def __init__(self, folder: RunFolder, work: Work) -> None:
        """Nothing is run yet."""
        self._folder = folder
        self._work = work

    def run(self, job: bytes, seconds: int) -> Done:
        """Run one script as root; raises ``SessionFailed``."""
        how = [*BECOME_ROOT[self._work.connection.sudo], "sh", "-c", _RUN, "sh", str(seconds)]
        control = self._folder.path / "cp" / self._work.device
        words = [
            "ssh", "-F", str(self._folder.path / "ssh_config"),
            "-o", f"ControlPath={control}", "-o", "ControlMaster=no",
            self._work.device, shlex.join(how),
        ]  # fmt: skip
        try:
            done = subprocess.run(
                words, input=job, capture_output=True, timeout=seconds + _CONNECT_SECONDS,
                check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SessionFailed(FailureCode.CONNECTION_LOST, type(error).__name__) from error
        if done.returncode == 255:  # ssh itself
            raise SessionFailed(FailureCode.CONNECTION_LOST, done.stderr.decode("utf-8", "replace"))
        return Done(done.returncode, done.stdout, done.stderr)


class AnsibleGuard:
    """Proves the way in in a thread of its own, once, and writes how that ended to a file."""

    def __init__(
        self,
        work: Work,
        limits: Limits,
        nonce: str,
        password: str | None,
        folder: RunFolder,
        log: Callable[[str], None],
    ) -> None:
        """Nothing is armed yet."""
        self.settled: Settled | None = None
        self._work = work
        self._folder = folder
        self._log = log
        self._again: Again = lambda seconds: new_session(work, limits, nonce, password, seconds)
        self._watchdog = Watchdog(work, limits, nonce, self._again)
        self._login_seconds = limits.login_seconds
        self._kept = ExitStack()
        self._session: Runs | None = None
        self._armed = False
        self._thread: threading.Thread | None = None

    def prepare(self) -> str:
        """Before the play: why no watchdog may be armed there, ``""`` when one may.

        ``Watchdog.arm`` looks at sshd's files for itself; here the role arms it. Where sudo asks
        for a password a root shell is kept from now on: what is done may leave no way to another,
        and nobody becomes root over Ansible's own connection. A device that does not let us in is
        left to the play, which tells why.
        """
        steps_to_guard = guarded(steps(self._work.changes))
        watch = watch_of(steps_to_guard)
        asks = self._work.connection.sudo is Sudo.PASSWORD and bool(steps_to_guard)
        if not asks and not (self._work.sources and "ssh" in watch.reloads):
            return ""
        try:
            session = self._kept.enter_context(self._again(self._login_seconds))
            stale = self._watchdog.stale(session, watch)
        except (NotConnected, SessionFailed) as error:
            self._log(f"{self._work.device}: {error}")
            self._kept.close()
            return ""
        if asks and not stale:
            self._session = session
        else:
            self._kept.close()
        return stale

    def armed(self, seconds: int) -> None:
        """The role has armed it for so long."""
        self._armed = True
        self._watchdog.armed(seconds)

    def settle(self, wrong: Failure | None) -> None:
        """Begin, if it is armed and that was not begun yet."""
        if self._armed and self._thread is None:
            self._thread = threading.Thread(target=self._settle, args=(wrong,), daemon=True)
            self._thread.start()

    def join(self) -> None:
        """Wait for the end; what was armed and never asked about is settled now."""
        self.settle(Failure(code=FailureCode.CONNECTION_LOST))
        if self._thread is not None:
            self._thread.join()
        self._kept.close()

    def _settle(self, wrong: Failure | None) -> None:
        asks = self._work.connection.sudo is Sudo.PASSWORD
        shared = self._session if asks else SharedConnection(self._folder, self._work)
        try:
            self.settled = self._watchdog.settle(shared, wrong)
        except Exception as error:  # noqa: BLE001 - the device puts things back by itself then
            self._log(traceback.format_exc())
            failure = Failure(code=FailureCode.WATCHDOG_PENDING, detail=type(error).__name__)
            self.settled = Settled("armed", failure=failure)
        self._tell(self._folder.settled(self._work.device), self.settled.state)

    def _tell(self, path: Path, state: str) -> None:
        beside = path.with_suffix(".new")
        beside.write_text(state, "utf-8")
        beside.replace(path)
