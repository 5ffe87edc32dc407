"""The watchdog of one device over one run: armed before what may cut the way in, and settled after.

Settled means that a new connection has become root and every declared management source is
admitted by what the device has loaded; otherwise the device puts its former state back.
"""

from __future__ import annotations

import hashlib
import math
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from kit.engines.base import SUCCEEDED, ChangeState, Limits, Proof, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import NotConnected
from kit.engines.pyinfra.order import Order, Reply, compose, script, understand
from kit.engines.pyinfra.session import SessionFailed
from kit.planning.admission import Doubt, Loaded, addresses, doubts, loaded_from, networks
from kit.planning.schedule import Step
from kit.planning.watching import Watch, watch_of

_SECONDS: Final = 60  # for one order to the watchdog, but those that read a ruleset
_GRACE: Final = 20  # how long putting back may take
_PAUSE: Final = 0.5
_RETRIED: Final = frozenset(
    {FailureCode.NOT_REACHED, FailureCode.NO_ANSWER, FailureCode.BROKEN_ANSWER}
)
"""What a daemon that is starting anew looks like for a moment."""
_MOST_LOADED: Final = 32 * 1024 * 1024


class Answered(Protocol):
    """What a script gave back."""

    status: int
    stdout: bytes
    stderr: bytes


class Runs(Protocol):
    """A root shell on the device; ``session.Session`` is one."""

    def run(self, job: bytes, seconds: int) -> Answered:
        """Run one script; raises ``SessionFailed``."""


Again = Callable[[int], AbstractContextManager[Runs]]
"""A NEW connection that has become root, within so many seconds; raises ``NotConnected``."""


@dataclass(frozen=True)
class Report:
    """What the device says of its watchdog.

    ``armed``: seconds until it puts things back, ``None`` when there is none. ``why``: ``expired``,
    ``boot`` or ``asked``, ``""`` when nothing was put back. ``restored`` names what was.
    """

    armed: int | None = None
    why: str = ""
    id: str = ""
    restored: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether everything is back and nothing is left to be done."""
        return self.armed is None and bool(self.why) and not self.failed


@dataclass(frozen=True)
class Settled:
    """How it ended: ``disarmed``, ``reverted``, or ``armed`` (it is still to put things back)."""

    state: Literal["disarmed", "reverted", "armed"]
    proofs: tuple[Proof, ...] = ()
    failure: Failure | None = None
    restored: tuple[str, ...] = ()


def report_from(text: str) -> Report:
    """The answer to ``report`` or ``restore``; raises ``ValueError`` when it is cut."""
    *rows, last = text.removesuffix("\n").split("\n")
    if last != "told":
        raise ValueError("the report was not told to its end")
    armed, why, identity = None, "", ""
    restored, failed = [], []
    for row in rows:
        mark, _blank, rest = row.partition(" ")
        if mark == "armed" and rest.isdigit():
            armed = int(rest)
        elif mark == "esms-kit-watchdog":
            why, _when, identity = [*rest.split(" "), "", ""][:3]
        elif mark == "failed":
            failed.append(rest)
        elif mark != "end":
            restored.append(f"{mark}:{rest}")
    return Report(armed, why, identity, tuple(restored), tuple(failed))


def _order(verb: str, **variables: str) -> bytes:
    return compose(Order(("prelude", "watchdog"), {"KIT_VERB": verb, **variables}))


def _listed(texts: Sequence[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def arm_variables(watch: Watch, seconds: int, identity: str) -> dict[str, str]:
    """What ``arm`` of ``watchdog.sh`` is told; the role ``kit_artefacts`` says the same."""
    restore = script("watchdog_restore")
    return {
        "KIT_FILES": _listed(watch.files),
        "KIT_PATTERNS": _listed(watch.patterns),
        "KIT_UNITS": _listed(watch.units),
        "KIT_VALUES": _listed(watch.values),
        "KIT_INTERFACES": _listed(watch.interfaces),
        "KIT_RELOADS": _listed(watch.reloads),
        "KIT_KEYS": _listed(watch.keys),
        "KIT_WHOLE": "yes" if watch.whole else "no",
        "KIT_SECONDS": str(seconds),
        "KIT_ID": identity,
        "KIT_RESTORE": restore,
        "KIT_SHA": hashlib.sha256(restore.encode()).hexdigest(),
    }


def delay(limits: Limits, login_seconds: float, count: int) -> int:
    """Seconds until the device puts things back by itself, on a wire as slow as this login was.

    A login takes about eight round trips; each step takes one, and the proof a login and a few.
    """
    return min(900, limits.watchdog_seconds + math.ceil(login_seconds * (3 + count / 8)))


@dataclass
class Watchdog:
    """``again`` gives a new connection; ``identity`` names the run (letters and digits)."""

    work: Work
    limits: Limits
    identity: str
    again: Again
    login_seconds: float = 0.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _deadline: float = field(default=0.0, init=False)
    _seconds: int = field(default=0, init=False)

    def arm(self, session: Runs, steps: Sequence[Step]) -> Reply:
        """Keep what the steps are about; from here on the device puts it back unless settled."""
        self._seconds = delay(self.limits, self.login_seconds, len(steps))
        watch = watch_of(steps)
        stale = self.stale(session, watch)
        if stale:
            failure = Failure(code=FailureCode.WATCHDOG_IMPOSSIBLE, subject=stale)
            return Reply(ChangeState.FAILED, failure)
        variables = arm_variables(watch, self._seconds, self.identity)
        done = session.run(_order("arm", **variables), _SECONDS)
        self.armed(self._seconds)
        return understand(done.status, done.stdout, done.stderr, _SECONDS)

    def stale(self, session: Runs, watch: Watch) -> str:
        """What of sshd's files, as they are before the change, shuts a source out; ``""``: nothing.

        Somebody may have changed them and not reloaded sshd: a reload would take that in, and
        another one would not undo it.
        """
        sources = networks(self.work.sources)
        if not sources or "ssh" not in watch.reloads:
            return ""
        loaded = self._loaded(session, addresses(sources))
        found = doubts(loaded, sources, self.work.account, self.work.connection.port)
        stale = (one.rule for one in found if one.certain and one.rule.startswith("sshd: "))
        return next(stale, "")

    def armed(self, seconds: int) -> None:
        """It has just been armed for so long."""
        self._seconds, self._deadline = seconds, self.clock() + seconds

    def settle(self, session: Runs | None, wrong: Failure | None = None) -> Settled:
        """Prove the way in and disarm; else have the former state put back and say what was.

        ``session`` is the connection that made the changes, ``None`` when it is lost. ``wrong``:
        why the former state is to come back in any case.
        """
        proofs: tuple[Proof, ...] = ()
        if wrong is None:
            try:
                with self._patiently() as fresh:
                    wrong, proofs = self._proven(fresh)
                    if wrong is None:
                        return Settled("disarmed", proofs)
                    found = self._put_back(fresh)
                    if found is not None:
                        return self._reverted(found, wrong)
            except NotConnected as error:
                wrong = self._cut(error.failure)
            except SessionFailed as error:
                wrong = self._cut(Failure(code=error.code, detail=error.said))
        found = self._put_back(session) if session is not None else None
        return self._reverted(found or self._wait(), wrong)

    def _cut(self, why: Failure) -> Failure:
        detail = f"{why.code.value}: {why.detail}".removesuffix(": ")
        return Failure(code=FailureCode.WAY_IN_LOST, subject=self.work.account, detail=detail)

    @contextmanager
    def _patiently(self) -> Iterator[Runs]:
        """A new connection; what a daemon that starts anew looks like is waited for a little."""
        patience = min(10.0, self._seconds / 3)
        until = self.clock() + patience
        with ExitStack() as stack:
            fresh = self._connected(stack, max(2, math.ceil(patience)))
            while fresh is None:
                self.sleep(_PAUSE)
                late = self.clock() > until
                fresh = self._connected(stack, max(2, math.ceil(patience)), last=late)
            yield fresh

    def _connected(self, stack: ExitStack, seconds: int, *, last: bool = False) -> Runs | None:
        """A new connection; ``None`` when it is worth another try."""
        try:
            return stack.enter_context(self.again(seconds))
        except NotConnected as error:
            if last or error.failure.code not in _RETRIED:
                raise
            return None

    def _proven(self, fresh: Runs) -> tuple[Failure | None, tuple[Proof, ...]]:
        """Evaluate every other source over the new connection, then disarm."""
        sources = networks(self.work.sources)
        if sources:
            loaded = self._loaded(fresh, addresses(sources))
            more = [one for one in addresses(sources, loaded.lines) if one not in loaded.sshd]
            if more:
                second = self._loaded(fresh, more)
                loaded = Loaded(
                    loaded.groups, loaded.ruleset, loaded.unknown,
                    {**loaded.sshd, **second.sshd}, loaded.lines,
                )  # fmt: skip
            port = self.work.connection.port
            doubt = next(doubts(loaded, sources, self.work.account, port), None)
            if doubt is not None:
                return _shut_out(doubt), ()
        done = fresh.run(_order("disarm", KIT_ID=self.identity), _SECONDS)
        reply = understand(done.status, done.stdout, done.stderr, _SECONDS)
        if reply.state not in SUCCEEDED:
            return reply.failure or Failure(code=FailureCode.WATCHDOG_EXPIRED), ()
        connected = Proof(source=self.work.connection.address, how="connected")
        proofs = [Proof(source=str(one), how="evaluated") for one in sources]
        return None, (connected, *proofs)

    def _loaded(self, fresh: Runs, where: Sequence[str]) -> Loaded:
        connection = self.work.connection
        order = _order(
            "loaded",
            KIT_ACCOUNT=self.work.account,
            KIT_ADDRESSES=" ".join(where),
            KIT_LOCAL=connection.address if _is_address(connection.address) else "127.0.0.1",
            KIT_PORT=str(connection.port),
        )
        done = fresh.run(order, self.limits.change_seconds)
        try:
            text = _unpacked(done.stdout)
            return loaded_from(text)
        except (ValueError, EOFError, OSError, zlib.error) as error:
            return Loaded(unknown=(str(error) or type(error).__name__,))

    def _put_back(self, session: Runs) -> Report | None:
        """Have it done at once; ``None`` when that cannot be told."""
        try:
            return _read_and_forgotten(session)
        except (SessionFailed, ValueError):
            return None

    def _wait(self) -> Report | None:
        """Until the device has put things back by itself and says so; ``None`` if it never does."""
        while True:
            late = self.clock() > self._deadline + _GRACE
            try:
                with self.again(max(2, min(10, self.limits.connect_seconds))) as fresh:
                    found = _read_and_forgotten(fresh)
                    if found.armed is None and found.why:
                        return found
            except (NotConnected, SessionFailed, ValueError):
                pass
            if late:
                return None
            self.sleep(max(_PAUSE, min(5.0, self._seconds / 10)))

    def _reverted(self, found: Report | None, wrong: Failure) -> Settled:
        if found is None or found.armed is not None or not found.why:
            left = max(0, math.ceil(self._deadline - self.clock()))
            failure = Failure(
                code=FailureCode.WATCHDOG_PENDING,
                subject=str(left),
                detail=f"{wrong.code.value}: {wrong.subject}".removesuffix(": "),
            )
            return Settled("armed", failure=failure)
        if found.failed:
            wrong = Failure(
                code=FailureCode.WATCHDOG_FAILED,
                subject=", ".join(found.failed),
                detail=f"{wrong.code.value}: {wrong.subject}".removesuffix(": "),
            )
        return Settled("reverted", failure=wrong, restored=found.restored)


def ask_report(session: Runs) -> Report:
    """What the device says of its watchdog; raises ``SessionFailed``, ``ValueError``."""
    return _asked(session, "report")


def _asked(session: Runs, verb: str) -> Report:
    done = session.run(_order(verb), _SECONDS + _GRACE)
    return report_from(done.stdout.decode("utf-8", "replace"))


def _read_and_forgotten(session: Runs) -> Report:
    """The report of a restoring that is done; nothing of it is left on the device."""
    found = _asked(session, "restore")
    if found.settled:
        with suppress(SessionFailed):  # the next run takes it away
            session.run(_order("forget", KIT_ID=found.id), _SECONDS)
    return found


def _shut_out(doubt: Doubt) -> Failure:
    code = FailureCode.SOURCE_SHUT_OUT if doubt.certain else FailureCode.SOURCE_UNKNOWN
    return Failure(code=code, subject=doubt.source, detail=doubt.rule)


def _is_address(text: str) -> bool:
    return all(sign in "0123456789abcdefABCDEF.:" for sign in text)


def _unpacked(data: bytes) -> str:
    """At most so much: what a device sends must not fill this machine."""
    unpacking = zlib.decompressobj(wbits=31)
    text = unpacking.decompress(data, _MOST_LOADED)
    if not unpacking.eof:
        raise ValueError("what is loaded was cut")
    return text.decode("utf-8", "replace")


def failing(results: Sequence[tuple[Step, ChangeState, Failure | None]]) -> Failure | None:
    """Why the former state is to come back although the way in may be open.

    A daemon or a unit that did not take what it was given may not come up at its next start.
    """
    for step, state, failure in results:
        if state is ChangeState.FAILED and step.artefact.kind in {"reload", "unit"}:
            return failure or Failure(code=FailureCode.UNEXPECTED, subject=step.target)
    return None
