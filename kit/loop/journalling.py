"""The journal of a run: written ahead, told as it goes, settled by reading back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from kit.checking.judging import JudgedDevice, show_observation
from kit.engines.base import ChangeState, Event, Outcome
from kit.engines.keeping import Standing
from kit.loop.clearing import is_armed
from kit.loop.reading import Reading
from kit.model.artefact import HeldArtefact
from kit.model.journal import JournalEntry, ReadBack
from kit.model.observation import Absent, Unread, Unreadable
from kit.model.plan import Change, ChangedValue
from kit.model.run import Run
from kit.planning.schedule import key_of
from kit.store.store import Store

_UNSAID = frozenset({"planned", ChangeState.STARTED.value, ChangeState.UNKNOWN.value})


class Journal:
    """The entries of one run, kept in the store at each step."""

    def __init__(self, store: Store, run: Run, clock: Callable[[], datetime]) -> None:
        """A run that goes on finds what it has written before."""
        self._store = store
        self._run = run
        self._clock = clock
        self._entries = {(one.device, one.target): one for one in store.journal(run.id)}

    def entries(self, device: str) -> tuple[JournalEntry, ...]:
        """The entries of a device, in the order of its changes."""
        found = [one for (name, _target), one in self._entries.items() if name == device]
        return tuple(sorted(found, key=lambda one: one.number))

    def open_devices(self) -> tuple[str, ...]:
        """The devices of which something is not read back yet, or was not as wanted then.

        What was being done when a connection was lost is finished on the device after it was read.
        """
        wanted = ReadBack.AS_WANTED
        found = {one.device for one in self._entries.values() if one.read_back is not wanted}
        return tuple(sorted(found))

    def begin(self, device: str, changes: Sequence[Change], standing: Standing) -> None:
        """Write what is about to be done, before it is."""
        at = self._clock()
        first = 1 + max((one.number for one in self.entries(device)), default=-1)
        fresh = [
            JournalEntry(
                run=self._run.id,
                device=device,
                number=first + index,
                target=key_of(change),
                change=self._whole(device, change),
                prior=standing.states.get(key_of(change), ()),
                operator=self._run.operator,
                planned_at=at,
            )
            for index, change in enumerate(changes)
        ]
        self._store.write_ahead(fresh)
        self._entries |= {(one.device, one.target): one for one in fresh}

    def _whole(self, device: str, change: Change) -> Change:
        """A change that goes on after an interruption keeps the values of before the first try."""
        before = self._entries.get((device, key_of(change)))
        if before is None:
            return change
        old = {_name(one): one for one in before.change.values}
        values = [
            one.model_copy(update={"old": old.pop(_name(one)).old}) if _name(one) in old else one
            for one in change.values
        ]
        return change.model_copy(update={"values": (*values, *old.values())})

    def hear(self, event: Event) -> None:
        """Keep how a change ended; that it was started is known from its being there."""
        entry = self._entries.get((event.device, event.target))
        if entry is None or event.state is ChangeState.STARTED:
            return
        self._tell(entry, event.state.value, event.failure, event.message)

    def end(self, outcomes: Mapping[str, Outcome]) -> None:
        """Keep what the engine said of each change at last."""
        for device, outcome in sorted(outcomes.items()):
            for result in outcome.results:
                entry = self._entries.get((device, result.target))
                if entry is not None and entry.state != result.state.value:
                    self._tell(entry, result.state.value, result.failure, result.message)

    def _tell(self, entry: JournalEntry, state: str, failure: object, message: str) -> None:
        code = getattr(failure, "code", None)
        self._keep(
            [
                entry.model_copy(
                    update={
                        "state": state,
                        "failure": code.value if code is not None else None,
                        "message": message,
                        "told_at": self._clock(),
                    }
                )
            ]
        )

    def settle(self, reading: Reading, standings: Mapping[str, Standing]) -> None:
        """Keep how each target was found when the devices were read again."""
        at = self._clock()
        for device, standing in sorted(standings.items()):
            # What a watchdog is still to put back is not how it will stand.
            judged = None if is_armed(reading, device) else reading.judged.get(device)
            self._keep(
                _settled(one, judged, standing, at)
                for one in self.entries(device)
                if _to_settle(one, judged)
            )

    def _keep(self, entries: Iterable[JournalEntry]) -> None:
        given = list(entries)
        self._store.rewrite(given)
        self._entries |= {(one.device, one.target): one for one in given}


def _name(value: ChangedValue) -> tuple[str, str, str, str]:
    return value.rule, value.setting, value.read, value.key


def _to_settle(entry: JournalEntry, judged: JudgedDevice | None) -> bool:
    """Not what is as wanted already; nor what was read once, by a device that says nothing now."""
    if entry.read_back in {None, ReadBack.NOT_READ}:
        return True
    known = judged is not None and judged.observations is not None
    return known and entry.read_back is not ReadBack.AS_WANTED


def _settled(
    entry: JournalEntry, judged: JudgedDevice | None, standing: Standing, at: datetime
) -> JournalEntry:
    written = standing.states.get(entry.target)
    found = _read_back(entry, judged, written)
    state = entry.state
    if state in _UNSAID and found in {ReadBack.AS_WANTED, ReadBack.AS_BEFORE}:
        # Nobody told; what was read says it.
        state = "done" if found is ReadBack.AS_WANTED else "skipped"
    return entry.model_copy(
        update={"written": written, "read_back": found, "read_at": at, "state": state}
    )


def _read_back(
    entry: JournalEntry, judged: JudgedDevice | None, written: tuple[str, ...] | None
) -> ReadBack:
    if judged is None or judged.observations is None:
        return ReadBack.NOT_READ
    now = [shown_now(judged, one) for one in entry.change.values]
    values = list(zip(now, entry.change.values, strict=True))
    if values and all(shown == value.new for shown, value in values):
        return ReadBack.AS_WANTED
    if written is not None and entry.prior and written == entry.prior:
        return ReadBack.AS_BEFORE
    if values and all(shown == value.old for shown, value in values):
        return ReadBack.AS_BEFORE
    if isinstance(entry.change.artefact, HeldArtefact):  # an engine that says so has looked
        return ReadBack.AS_WANTED if entry.state == "done" else ReadBack.OTHERWISE
    known = not any(shown.startswith("<") and shown != _ABSENT for shown in now)
    if known and entry.target not in differing(judged):
        return ReadBack.AS_WANTED
    return ReadBack.OTHERWISE


_ABSENT = show_observation(Absent())


def differing(judged: JudgedDevice) -> frozenset[str]:
    """The targets of which a setting fails or cannot be read."""
    return frozenset(
        target.key
        for one in judged.settings
        if one.judgement.verdict.value in {"fail", "error"}
        for target in one.desired.targets
        if any(
            detail.read == target.answers and detail.verdict.value in {"fail", "error"}
            for detail in one.judgement.details
        )
    )


def shown_now(judged: JudgedDevice, value: ChangedValue) -> str:
    """One value of a change as the device shows it now, in the words of plans."""
    seen = judged.observations or {}
    silent = Unreadable(Unread.NOT_COLLECTED)
    return show_observation(seen.get(value.read, {}).get(value.key, silent))
