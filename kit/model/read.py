"""One document of a device, read once however many settings ask.

Transport and parsing are apart: a collector runs ``command`` and hands the ``Raw`` answer to
``parse``; the same parser serves a live device, an export and a recorded file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, final

from kit.model.observation import Observation, Unread, Unreadable

EXIT_TIMEOUT: Final = 124  # timeout(1), coreutils and busybox
EXIT_DENIED: Final = 126  # POSIX shell: found but not executable; our scripts use it for "denied"
EXIT_MISSING: Final = 127  # POSIX shell: command not found


class Form(StrEnum):
    """The forms an answer may come in."""

    POSIX = "posix"


@dataclass(frozen=True)
class Script:
    """A fragment for the remote interpreter of ``form``.

    POSIX fragments run under dash and busybox sh as root, with standard input closed, ``LC_ALL=C``,
    ``umask 077``, a private working folder that is removed afterwards, and these variables:
    ``KIT_ACCOUNT`` (management account), ``KIT_INSIDE`` (an address of the management network, or
    empty), ``KIT_OUTSIDE`` (an address that is in no network), ``KIT_DIGEST_KEY`` (what digests of
    secrets are keyed with, hexadecimal, or empty). They end with 0 when the answer is
    complete, 126 when rights are lacking, 127 when the program is missing, else as they failed.
    They write nothing outside the working folder.
    """

    form: Form
    text: str


@dataclass(frozen=True)
class Raw:
    """The answer to one script as it came, with what is needed to tell whether it is whole."""

    form: Form
    stdout: bytes = b""
    stderr: bytes = b""
    exit_status: int | None = None
    ended: bool = False
    truncated: bool = False

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are not UTF-8 become U+FFFD."""
        return self.stdout.decode("utf-8", "replace")

    def refusal(self, accepted: frozenset[int] = frozenset({0})) -> Unreadable | None:
        """Why nothing can be taken from this answer; ``None`` when it is complete."""
        said = self.stderr.decode("utf-8", "replace").strip()[:400]
        if self.truncated or not self.ended or self.exit_status is None:
            return Unreadable(Unread.TRUNCATED, said)
        if self.exit_status in accepted:
            return None
        known = {
            EXIT_TIMEOUT: Unread.TIMEOUT,
            EXIT_DENIED: Unread.DENIED,
            EXIT_MISSING: Unread.MISSING_BINARY,
        }
        reason = known.get(self.exit_status, Unread.FAILED)
        return Unreadable(reason, said or f"exit status {self.exit_status}")


class Read(ABC):
    """A document that can be read. Subclasses are stateless; one instance serves all devices."""

    id: ClassVar[str]
    forms: ClassVar[frozenset[Form]] = frozenset({Form.POSIX})
    accepted_exits: ClassVar[frozenset[int]] = frozenset({0})
    time_limit: ClassVar[int] = 20  # seconds on the device

    @abstractmethod
    def command(self, keys: frozenset[str], form: Form) -> Script:
        """The script that yields what ``keys`` need. It reads only (law 4)."""

    def people(self, raw: Raw) -> frozenset[str]:
        """Names of persons (accounts, full names) that an answer shows.

        They are put under pseudonyms in evidence. Not needed for lines of ``/etc/passwd`` and for
        home folders, which are known everywhere.
        """
        del raw
        return frozenset()

    @abstractmethod
    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        """Observations of a complete answer; keys it cannot answer may be left out."""

    @final
    def parse(self, raw: Raw, keys: frozenset[str]) -> dict[str, Observation]:
        """Observations of any answer, total over ``keys``.

        An answer that is not complete, or does not parse, gives ``Unreadable`` for every key; a
        key that a complete answer leaves out is ``Unreadable(NOT_ANSWERED)``.
        """
        refusal = raw.refusal(self.accepted_exits)
        if refusal is not None:
            return dict.fromkeys(sorted(keys), refusal)
        try:
            found = self._answers(raw, keys)
        except (ValueError, LookupError, TypeError) as error:
            return dict.fromkeys(sorted(keys), Unreadable(Unread.UNPARSABLE, str(error)[:400]))
        silent = Unreadable(Unread.NOT_ANSWERED)
        return {key: found.get(key, silent) for key in sorted(keys)}
