"""This process's side of an engine that works in one of its own: start it, listen, account."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets as randomness
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, ClassVar, Final, Literal, Self

from pydantic import ValidationError

from kit.engines.accounts import Account, not_begun
from kit.engines.base import Ending, Event, Limits, Outcome, Secrets, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.job import Job, Message
from kit.errors import EngineError, KitError, UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.model.device import Access, winrm_password
from kit.model.secret import SecretReference, references
from kit.model.target import ArtefactKind
from kit.redaction import Redactor

PASSED_ON: Final = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "VIRTUAL_ENV",
)
"""The only environment the worker gets: no secret named by ``env`` reaches it."""
ENDING_SECONDS: Final = 60
"""How much longer than its longest step the worker may say nothing before it counts as dead."""


def _nonce() -> str:
    return randomness.token_hex(16)


@dataclass
class ProcessEngine:
    """An engine whose libraries never meet this process.

    ``module`` is run as a program: it takes a ``Job`` as the first line of its standard input and
    tells ``Message``s as lines of its standard output. ``log`` takes lines of what devices and
    libraries said, redacted. ``nonce`` gives 32 hexadecimal digits that no device can guess.
    """

    module: ClassVar[str]

    redactor: Redactor
    log: Callable[[str], None]
    nonce: Callable[[], str] = _nonce
    name: str = ""
    kinds: frozenset[ArtefactKind] = field(default=frozenset(ArtefactKind))

    def run(
        self,
        works: Sequence[Work],
        secrets: Secrets,
        limits: Limits,
        on_event: Callable[[Event], None],
    ) -> Mapping[str, Outcome]:
        """As ``kit.engines.base.Engine.run``. What is reached over WinRM is left as it is."""
        account = Account(works)
        for work in works:
            if work.connection.access is Access.WINRM:
                account.end(_nothing_on_windows(work))
        self._work(account, secrets, limits, on_event)
        return account.close()

    def _work(
        self,
        account: Account,
        secrets: Secrets,
        limits: Limits,
        on_event: Callable[[Event], None],
        playbook: Literal["harden", "reach"] = "harden",
    ) -> None:
        """Have the worker see to every device that has no outcome yet."""
        works = account.left
        fetched = _Fetched(secrets, self.redactor)
        passwords = _passwords(works, fetched, account)
        _fetch_named(works, fetched, account)
        ready = tuple(work for work in works if work.device not in account.outcomes)
        if ready:
            job = Job(
                works=ready,
                passwords={work.device: passwords[work.device] for work in ready
                           if work.device in passwords},
                secrets=fetched.of(ready),
                limits=limits,
                playbook=playbook,
                nonce=self.nonce(),
            )  # fmt: skip
            # Made and removed here: it is gone even if the worker is killed.
            with (
                tempfile.TemporaryDirectory(prefix="esms-kit-") as folder,
                _Worker(self.module, Path(folder), job, self._hear) as worker,
            ):
                self._listen(worker, job, account, on_event)

    def _hear(self, text: str) -> None:
        for line in self.redactor(text).splitlines():
            self.log(line)

    def _listen(
        self, worker: _Worker, job: Job, account: Account, on_event: Callable[[Event], None]
    ) -> None:
        longest = max(job.limits.seconds(kind) for kind in ArtefactKind)
        patience = longest + job.limits.connect_seconds + job.limits.login_seconds + ENDING_SECONDS
        asked = False
        while True:
            try:
                message = worker.next_message(patience)
                if message is None:
                    return
                if message.log is not None:
                    self._hear(message.log)
                if message.outcome is not None:
                    account.end(message.outcome)
                if message.event is not None:
                    account.note(message.event)
                    on_event(message.event)
            except KeyboardInterrupt:
                if asked:
                    worker.kill()
                    return
                asked = True
                worker.ask_to_stop()


class _Worker:
    """The worker process; leaving the context ends it, whatever state it is in."""

    def __init__(self, module: str, folder: Path, job: Job, hear: Callable[[str], None]) -> None:
        self._hear = hear
        self._messages: queue.Queue[Message | None] = queue.Queue()
        self._process = self._start(module, folder)
        self._threads = [
            threading.Thread(target=self._read_messages, daemon=True),
            threading.Thread(target=self._read_chatter, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        # A worker that is gone already says so by the end of its messages.
        with contextlib.suppress(BrokenPipeError):
            self._input().write(job.model_dump_json().encode() + b"\n")
            self._input().flush()

    @staticmethod
    def _start(module: str, folder: Path) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        try:
            return subprocess.Popen(
                # -I: neither the current folder nor PYTHONPATH decides which code gets secrets.
                [sys.executable, "-I", "-m", module, str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,  # a Ctrl-C is for this process to act on
            )
        except OSError as error:
            raise EngineError(
                _("the engine cannot be started ({detail}).").format(detail=system_reason(error)),
                where=sys.executable,
                remedy=_("Check the installation: esms-kit doctor."),
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self.ask_to_stop()
        try:
            self._process.wait(0 if kind else ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        for thread in self._threads:
            thread.join(5)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _input(self) -> IO[bytes]:
        return _pipe(self._process.stdin)

    def _read_messages(self) -> None:
        for line in _pipe(self._process.stdout):
            try:
                self._messages.put(Message.model_validate_json(line))
            except ValidationError:
                self._hear(line.decode("utf-8", "replace"))
        self._messages.put(None)

    def _read_chatter(self) -> None:
        for line in _pipe(self._process.stderr):
            self._hear(line.decode("utf-8", "replace"))

    def next_message(self, patience: float) -> Message | None:
        """The next message; ``None`` when there will be none, or the worker is mute for long."""
        try:
            return self._messages.get(timeout=patience)
        except queue.Empty:
            self.kill()
            return None

    def ask_to_stop(self) -> None:
        """Close its input: each device finishes the change it is at."""
        with contextlib.suppress(OSError):
            self._input().close()

    def kill(self) -> None:
        """End it now. What is being done on a device is finished there all the same."""
        self._process.kill()
        self._process.wait()


class _Fetched:
    """Secrets, each asked for once in a run and unknown to any sink from then on."""

    def __init__(self, secrets: Secrets, redactor: Redactor) -> None:
        self._secrets = secrets
        self._redactor = redactor
        self._values: dict[str, str] = {}

    def get(self, reference: SecretReference) -> str:
        """The value, one line; raises ``KitError`` when it cannot be had."""
        if reference.key not in self._values:
            secret = self._secrets.resolve(reference)
            self._redactor.register(secret)
            value = secret.get_secret_value()
            if "\n" in value or "\0" in value:  # sudo and our scripts read one line
                raise UsageError(
                    _("the secret “{name}” is more than one line.").format(name=reference),
                    remedy=_("Write the secret alone in it."),
                )
            self._values[reference.key] = value
        return self._values[reference.key]

    def of(self, works: Iterable[Work]) -> dict[str, str]:
        """What the changes of these works name, by key."""
        keys = {one.key for work in works for one in _named(work)}
        return {key: self._values[key] for key in sorted(keys)}


def _named(work: Work) -> Iterator[SecretReference]:
    for change in work.changes:
        yield from references(change.artefact)


def _passwords(works: Sequence[Work], fetched: _Fetched, account: Account) -> dict[str, str]:
    """Sudo's or WinRM's passwords by device; a device without the one it needs has its outcome."""
    passwords: dict[str, str] = {}
    for work in works:
        reference = work.connection.sudo_password
        if work.connection.access is Access.WINRM:
            reference = winrm_password(work.device, work.connection)
        if reference is None:
            continue
        try:
            passwords[work.device] = fetched.get(reference)
        except KitError as error:
            account.end(_without_secret(work, reference, error))
    return passwords


def _fetch_named(works: Sequence[Work], fetched: _Fetched, account: Account) -> None:
    """Have all secrets that artefacts name; without one of them nothing begins on a device."""
    for work in works:
        if work.device in account.outcomes:
            continue
        for reference in _named(work):
            try:
                fetched.get(reference)
            except KitError as error:
                account.end(_without_secret(work, reference, error))
                break


def _nothing_on_windows(work: Work) -> Outcome:
    kinds = ", ".join(sorted({change.kind.value for change in work.changes}))
    failure = Failure(code=FailureCode.NOTHING_ON_WINDOWS, subject=kinds or work.device)
    return not_begun(work, Ending.FAILED, failure)


def _without_secret(work: Work, reference: SecretReference, error: KitError) -> Outcome:
    code = FailureCode.SECRET_MISSING
    failure = Failure(code=code, subject=str(reference), detail=str(error))
    return not_begun(work, Ending.FAILED, failure)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the worker was started without pipes")
    return stream
