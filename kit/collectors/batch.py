"""All reads of a device as ONE script, and its ONE answer taken apart. Pure.

The script is ``runner.sh`` followed by a ``main`` that holds only data: words and quoted fragments.
What comes back is trusted for nothing but its frames, and frames only where nothing a document
holds can stand (see ``runner.sh``): whatever bytes come in, every read has an ``Answer``, and one
that is not proven whole is not marked as ended.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final

from kit.collectors.limits import BLOCK, Limits
from kit.model.read import EXIT_TIMEOUT, Form, Read
from kit.model.snapshot import Answer

WORD: Final = "@@esms-kit"
PLACES: Final = ("/run", "/dev/shm", "/tmp", "/var/tmp")  # noqa: S108 - tried by mktemp -d
NOWHERE: Final = "192.0.2.1"  # TEST-NET-1 (RFC 5737): an address in no network
LATEST_CLOCK: Final = 253402300799  # 9999-12-31T23:59:59Z, the last second datetime holds
_FORMS: Final = frozenset({Form.POSIX})
_NONCE: Final = re.compile(r"[0-9a-f]{32}\Z")
# Frame lines after their mark; figures are bounded, so that no number takes long to read.
LONGEST_FRAME: Final = 400
_BEGIN: Final = re.compile(rb"begin 1 ([0-9]{0,12})")
_READ: Final = re.compile(rb"read ([0-9]{1,6}) ([0-9]{1,3}) ([0-9]{1,10}) ([0-9]{1,10}) ([-tsn])")
_DATA: Final = re.compile(rb"data ([0-9]{1,12})")
_END: Final = re.compile(rb"end ([0-9]{1,6}) ([0-9]{1,3})")
_VARIABLE: Final = re.compile(r"[A-Za-z0-9_.:-]*\Z")


@dataclass(frozen=True)
class Variables:
    """What fragments may know of the site; see ``kit.model.read.Script``."""

    account: str = "root"
    inside: str = ""
    outside: str = NOWHERE
    digest_key: str = ""

    def __post_init__(self) -> None:
        """Names, addresses and hexadecimal digits only."""
        for value in self.words().values():
            if not _VARIABLE.match(value):
                raise ValueError(f"not a name or an address: {value!r}")

    def words(self) -> Mapping[str, str]:
        """As fragments see them."""
        return {
            "KIT_ACCOUNT": self.account,
            "KIT_INSIDE": self.inside,
            "KIT_OUTSIDE": self.outside,
            "KIT_DIGEST_KEY": self.digest_key,
        }


@dataclass(frozen=True)
class Batch:
    """A script and what is needed to understand its answer. ``reads`` are in answer order."""

    script: str
    nonce: str
    reads: tuple[tuple[str, tuple[str, ...]], ...]
    limits: Limits

    @property
    def mark(self) -> bytes:
        """What begins every frame line of this batch's answer, and nothing else."""
        return f"{WORD} {self.nonce} ".encode()


class Broken(StrEnum):
    """Why an answer as a whole is none. The first three the device itself says."""

    NO_FOLDER = "no_folder"  # no private folder could be made on the device
    NO_SPACE = "no_space"  # the device has no space left for it
    NO_TOOLS = "no_tools"  # a basic program is missing on the device
    NO_BEGIN = "no_begin"  # the script did not start: something else answered
    CUT = "cut"  # it started, but its end did not arrive
    MALFORMED = "malformed"  # frames that contradict each other or the request


@dataclass(frozen=True)
class BatchAnswer:
    """``answers`` hold every read of the batch, whole or not; ``broken`` is ``None`` when all is.

    ``left_behind`` says that the device could not remove the private folder.
    """

    answers: tuple[Answer, ...]
    device_clock: datetime | None = None
    broken: Broken | None = None
    left_behind: bool = False


@cache
def _runner() -> str:
    """The runner without its comments and blank lines: they need not travel."""
    text = resources.files("kit.collectors").joinpath("runner.sh").read_text("utf-8")
    lines = (line for line in text.splitlines() if not re.match(r"\s*(#|$)", line))
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Fragments:
    """The part of a script that depends on what is read alone: the same for many devices."""

    lines: str
    reads: tuple[tuple[str, tuple[str, ...]], ...]


def prepare(requests: Mapping[Read, frozenset[str]]) -> Fragments:
    """The fragments of all reads, in order of their names, quoted.

    Raises ``ValueError`` for what no caller may ask: two reads of one name, another form, a
    fragment that could end others.
    """
    ordered = sorted(requests.items(), key=lambda request: request[0].id)
    names = [read.id for read, _keys in ordered]
    if len(set(names)) != len(names):
        raise ValueError("two reads have the same name")
    lines = []
    for read, keys in ordered:
        script = read.command(keys, Form.POSIX)
        if script.form not in _FORMS or "\0" in script.text:
            raise ValueError(f"{read.id}: not a POSIX fragment")
        # Fragments share one shell: its number is no name of theirs, and no target.
        if "$$" in script.text:
            raise ValueError(f"{read.id}: $$ is the whole batch")
        lines.append(shlex.join(("kit_fragment", str(read.time_limit), script.text)) + "\n")
    asked = tuple((read.id, tuple(sorted(keys))) for read, keys in ordered)
    return Fragments("".join(lines), asked)


def compose(
    requests: Mapping[Read, frozenset[str]] | Fragments,
    nonce: str,
    limits: Limits,
    variables: Variables,
    *,
    lifeline: bool = False,
    places: tuple[str, ...] = PLACES,
) -> Batch:
    """One POSIX sh script that runs the fragments of all reads (or fragments prepared before).

    ``nonce`` is 32 hexadecimal digits, fresh for every batch. ``lifeline``: standard input stays
    open while somebody waits for the answer; its end stops the script, which tidies up. ``places``
    are the folders in which the private one may be made, tried in order. Raises ``ValueError`` as
    ``prepare`` does, and when the nonce is none.
    """
    if not _NONCE.match(nonce):
        raise ValueError("a nonce is 32 hexadecimal digits")
    fragments = requests if isinstance(requests, Fragments) else prepare(requests)
    head = (
        f"{WORD} {nonce}", str(limits.read_bytes // BLOCK), str(limits.said_bytes),
        str(limits.device_seconds), " ".join(places), "lifeline" if lifeline else "alone",
    )  # fmt: skip
    main = ["main() {"]
    for name, value in variables.words().items():
        main.append(f"{name}={shlex.quote(value)}; export {name}")
    main.append(shlex.join(("kit_begin", *head)))
    text = _runner() + "\n".join(main) + "\n" + fragments.lines
    return Batch(text + "kit_finish\n}\nmain\nexit\n", nonce, fragments.reads, limits)


@dataclass(frozen=True)
class _Row:
    """One line of the table of an answer."""

    status: int
    stdout: int
    stderr: int
    flag: str


class _Malformed(Exception):
    """The answer is no answer of this batch; ``reason`` says how."""

    def __init__(self, reason: Broken) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class _Cursor:
    """Reads frame lines one after the other."""

    data: bytes
    mark: bytes
    at: int

    def words(self, pattern: re.Pattern[bytes]) -> tuple[bytes, ...]:
        """The words of the next line, which must have the mark and this form."""
        if self.at < 0:
            raise _Malformed(Broken.NO_BEGIN)
        end = self.data.find(b"\n", self.at, self.at + LONGEST_FRAME)
        line = self.data[self.at : end if end >= 0 else self.at + LONGEST_FRAME]
        if end < 0 and len(line) < LONGEST_FRAME:
            raise _Malformed(Broken.CUT)
        said = line.removeprefix(self.mark)
        found = pattern.fullmatch(said)
        if found is None or not line.startswith(self.mark):
            raise _Malformed(_given_up(line, self.mark))
        self.at = end + 1
        return found.groups()


def _given_up(line: bytes, mark: bytes) -> Broken:
    """What a line says that is not the expected one."""
    reasons = {mark + b"broken " + reason.value.encode(): reason for reason in Broken}
    return reasons.get(line, Broken.MALFORMED)


def split(stdout: bytes, batch: Batch) -> BatchAnswer:
    """Take the answer to ``batch`` apart. Total: any bytes give an answer for every read."""
    unanswered = tuple(Answer(read=name, form=Form.POSIX, keys=keys) for name, keys in batch.reads)
    clock: datetime | None = None
    try:
        # A login shell may have said something before.
        cursor = _Cursor(stdout, batch.mark, stdout.find(batch.mark))
        (said,) = cursor.words(_BEGIN)
        clock = _clock(said)
        rows = [_row(cursor, number, batch) for number in range(1, len(batch.reads) + 1)]
        left = _check_end(cursor, rows)
    except _Malformed as error:
        return BatchAnswer(unanswered, clock, error.reason)
    return BatchAnswer(_answers(stdout, cursor.at, rows, batch), clock, None, left)


def _clock(said: bytes) -> datetime | None:
    seconds = int(said) if said else LATEST_CLOCK + 1
    return datetime.fromtimestamp(seconds, UTC) if seconds <= LATEST_CLOCK else None


def _row(cursor: _Cursor, number: int, batch: Batch) -> _Row:
    place, *figures, flag = cursor.words(_READ)
    status, out, err = (int(figure) for figure in figures)
    limits = batch.limits
    if int(place) != number or status > 255 or out > limits.read_bytes or err > limits.said_bytes:
        raise _Malformed(Broken.MALFORMED)
    return _Row(status, out, err, flag.decode())


def _check_end(cursor: _Cursor, rows: list[_Row]) -> bool:
    """Check sizes and end mark; leave the cursor at the first content. True: folder left."""
    (total,) = cursor.words(_DATA)
    if int(total) != sum(row.stdout + row.stderr for row in rows):
        raise _Malformed(Broken.MALFORMED)
    after = cursor.at + int(total)
    if len(cursor.data) <= after:
        raise _Malformed(Broken.CUT)
    if cursor.data[after : after + 1] != b"\n":
        raise _Malformed(Broken.MALFORMED)
    end = _Cursor(cursor.data, cursor.mark, after + 1)
    count, left = end.words(_END)
    if int(count) != len(rows):
        raise _Malformed(Broken.MALFORMED)
    return int(left) != 0


def _answers(stdout: bytes, at: int, rows: list[_Row], batch: Batch) -> tuple[Answer, ...]:
    answers = []
    for (name, keys), row in zip(batch.reads, rows, strict=True):
        middle, end = at + row.stdout, at + row.stdout + row.stderr
        answers.append(
            Answer(
                read=name,
                form=Form.POSIX,
                keys=keys,
                stdout=stdout[at:middle],
                stderr=stdout[middle:end],
                exit_status=EXIT_TIMEOUT if row.flag == "n" else row.status,
                ended=True,
                truncated=row.flag in ("t", "s"),
            )
        )
        at = end
    return tuple(answers)
