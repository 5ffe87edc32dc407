"""The lock and the journal of a device, whichever engine works on it.

Before the engine: the device is locked for this run and holds, root's alone, what each target was.
Afterwards: how each target stands, and the lock is given back. What was held leaves the device as
words only: of a file its owner, rights, size and a digest with the device's own key.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

from kit.engines.errands import Errand, Report, Send
from kit.engines.failures import Failure, FailureCode
from kit.engines.pyinfra.executors.held import JOURNAL
from kit.engines.pyinfra.order import Order
from kit.model.device import Device
from kit.model.plan import Change
from kit.planning.holding import Held, held_of

RUNTIME: Final = "/run/esms-kit"
PROCESSES: Final = "/proc"
LEASE_SECONDS: Final = 300
"""How long a lock holds when nobody renews it: what another controller waits for at most."""
RENEW_SECONDS: Final = 90
PATIENCE_SECONDS: Final = 40
"""How long a run waits on the device for what a dead one had begun there; less than an errand."""
MOST_BYTES: Final = 1024 * 1024
"""What one file may have to be held; every file the kit writes whole is far smaller."""
RUNS_KEPT: Final = 50

Verb = Literal["hold", "look", "renew", "settle", "take", "give"]
State = tuple[str, ...]
Works = Sequence[tuple[Device, Sequence[Change]]]


@dataclass(frozen=True)
class Standing:
    """Target -> how it stands, in the words of the device's journal; or why nothing is known."""

    states: Mapping[str, State] = field(default_factory=dict)
    failure: Failure | None = None
    unreached: bool = False


@dataclass(frozen=True)
class Keeper:
    """Errands of one run. ``holder`` is one word for the workspace and site, ``who`` for people."""

    run: str
    holder: str
    who: str
    send: Send
    lease_seconds: int = LEASE_SECONDS
    renew_seconds: float = RENEW_SECONDS
    patience_seconds: int = PATIENCE_SECONDS

    def hold(self, works: Works) -> dict[str, Standing]:
        """Lock each device and have it hold its targets; where that fails nothing may be done.

        A target whose state cannot be held is a failure of the whole device.
        """
        standings = self._send("hold", works)
        found = {}
        for device, changes in works:
            standing = standings[device.id]
            missing = [one.target for one in _held(changes) if one.target not in standing.states]
            if standing.failure is None and missing:
                failure = Failure(code=FailureCode.NOT_HELD, subject=missing[0])
                standing = Standing(failure=failure)
            found[device.id] = standing
        return found

    def look(self, works: Works) -> dict[str, Standing]:
        """How the targets stand; no lock is needed and nothing is changed."""
        return self._send("look", works)

    def take(self, devices: Sequence[Device]) -> dict[str, Standing]:
        """The lock alone; waits for what a run that is no more has begun there."""
        return self._send("take", [(device, ()) for device in devices])

    def give(self, devices: Sequence[Device]) -> dict[str, Standing]:
        """Give back the lock alone."""
        return self._send("give", [(device, ()) for device in devices])

    def settle(self, works: Works) -> dict[str, Standing]:
        """How the targets stand, and the lock is given back."""
        return self._send("settle", works)

    @contextmanager
    def renewing(self, devices: Sequence[Device]) -> Iterator[None]:
        """Renew the locks as long as the context lasts; what cannot be reached is left alone."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(self.renew_seconds):
                self._send("renew", [(device, ()) for device in devices])

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(self.renew_seconds)

    def _send(self, verb: Verb, works: Works) -> dict[str, Standing]:
        held = [(device, _held(changes)) for device, changes in works]
        reports = self.send([Errand(one, self._order(verb, targets)) for one, targets in held])
        return {one.id: _standing(reports[one.id], targets) for one, targets in held}

    def _order(self, verb: Verb, targets: Sequence[Held]) -> Order:
        return Order(
            ("prelude", "states", "hold"),
            {
                "KIT_ERRAND": verb,
                "KIT_RUN": self.run,
                "KIT_HOLDER": self.holder,
                "KIT_WHO": self.who,
                "KIT_LEASE": str(self.lease_seconds),
                "KIT_TARGETS": "".join(f"{one.line()}\n" for one in targets),
                "KIT_RUNTIME": RUNTIME,
                "KIT_PROCESSES": PROCESSES,
                "KIT_PATIENCE": str(self.patience_seconds),
                "KIT_JOURNAL": JOURNAL,
                "KIT_MOST": str(MOST_BYTES),
                "KIT_RUNS": str(RUNS_KEPT),
            },
        )


def _held(changes: Sequence[Change]) -> tuple[Held, ...]:
    return tuple(found for found in map(held_of, changes) if found is not None)


def _standing(report: Report, targets: Sequence[Held]) -> Standing:
    names = {one.id: one.target for one in targets}
    states: dict[str, list[str]] = {}
    for line in report.lines:
        word, _blank, rest = line.partition(" ")
        name, _blank, text = rest.partition(" ")
        if word == "state" and name in names:
            states.setdefault(names[name], []).append(text)
    if report.failure is not None:
        return Standing({}, report.failure, report.unreached)
    return Standing({target: tuple(lines) for target, lines in sorted(states.items())})
