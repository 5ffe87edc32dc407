"""The way back behind a run: a plan like any other, made from its journal and what is read now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kit.model.artefact import (
    Artefact,
    FileArtefact,
    HeldArtefact,
    LinesArtefact,
    PackageArtefact,
)
from kit.model.journal import JournalEntry
from kit.model.meta import Phase
from kit.model.plan import Change, ChangedValue, DevicePlan, MovedValue, Refusal
from kit.model.target import ArtefactKind
from kit.model.verdict import Reason, ReasonCode
from kit.planning.holding import held_of
from kit.planning.schedule import action_of, key_of

Shown = Callable[[ChangedValue], str]
"""A value of a change as the device shows it now."""

_UNKNOWN: Final = ("unknown",)
_ABSENT: Final = ("absent",)
_PACKAGE: Final = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}\Z")


@dataclass(frozen=True)
class _Back:
    """One target on its way back; neither set: nothing is to be done."""

    change: Change | None = None
    refusal: Refusal | None = None


def plan_back(
    device: str,
    snapshot: str,
    entries: Sequence[JournalEntry],
    now: Mapping[str, tuple[str, ...]],
    shown: Shown,
    selects: Callable[[Change], bool],
) -> DevicePlan:
    """What would be done to one device so that it is as before a run, the last change first.

    ``now`` is how each target stands, in the words of the device. A target goes back whole. It is
    refused where it is neither as the run left it nor as it was before, where it cannot go back,
    and where something that builds on it stays.
    """
    changes: list[Change] = []
    refused: dict[str, Refusal] = {}
    touched = [one for one in entries if _goes_back(one) and selects(one.change)]
    builders = _builders(touched)
    for entry in sorted(touched, key=lambda one: -one.number):
        staying = sorted(builders.get(entry.target, set()) & refused.keys())
        found = _back(entry, now.get(entry.target), shown)
        if found.change is not None and staying:
            reason = Reason(code=ReasonCode.BLOCKED_BY, subject=", ".join(staying))
            found = _Back(refusal=_refusal(entry, reason))
        if found.change is not None:
            after = builders.get(entry.target, set()) & {key_of(one) for one in changes}
            changes.append(found.change.model_copy(update={"after": tuple(sorted(after))}))
            changes += _came_along(entry, found.change)
        elif found.refusal is not None:
            refused[entry.target] = found.refusal
    return DevicePlan(
        device=device,
        snapshot=snapshot,
        changes=tuple(sorted(changes, key=_comes_late)),
        refused=tuple(refused[key] for key in sorted(refused)),
    )


def _comes_late(change: Change) -> bool:
    """Rights of files go first: a daemon that takes its files in looks at them afterwards."""
    return change.kind is not ArtefactKind.ATTRIBUTES or bool(change.after)


def _goes_back(entry: JournalEntry) -> bool:
    if entry.change.kind is ArtefactKind.RELOAD or entry.state in {"skipped", "reverted"}:
        return False
    # Found as wanted by the time its turn came: another change of the run brought it along.
    along = entry.written is not None and entry.written != entry.prior
    return entry.state != "unchanged" or along


def _builders(entries: Iterable[JournalEntry]) -> dict[str, set[str]]:
    """Target -> targets that came after it and need it: they go back first.

    While PAM asks for codes nobody is without what makes them: a second factor goes after PAM has
    gone back, and comes again before.
    """
    found: dict[str, set[str]] = {}
    given = list(entries)
    asking = {one.target for one in given if one.change.kind is ArtefactKind.PAM}
    for entry in given:
        for before in entry.change.after:
            found.setdefault(before, set()).add(entry.target)
        if entry.change.kind is not ArtefactKind.OATH_USER:
            continue
        for pam in asking:
            before, later = (entry.target, pam) if entry.prior == _ABSENT else (pam, entry.target)
            found.setdefault(before, set()).add(later)
    return found


def _back(entry: JournalEntry, now: tuple[str, ...] | None, shown: Shown) -> _Back:
    if now is not None and entry.prior and now == entry.prior:
        return _Back()
    code = _no_way_back(entry, now)
    if code is not None or now is None:
        code = code or ReasonCode.PRIOR_UNKNOWN
        return _Back(refusal=_refusal(entry, Reason(code=code, subject=entry.target)))
    moved = _moved(entry, now, shown)
    if moved:
        reason = Reason(code=ReasonCode.MOVED, subject=entry.target)
        return _Back(refusal=_refusal(entry, reason, moved))
    artefact = _artefact(entry, now)
    if artefact is None:
        code = ReasonCode.PRIOR_UNKNOWN
        return _Back(refusal=_refusal(entry, Reason(code=code, subject=entry.target)))
    return _Back(change=_change(entry, artefact, shown))


def _no_way_back(entry: JournalEntry, now: tuple[str, ...] | None) -> ReasonCode | None:
    """Why a target cannot go back whatever has become of it; ``None`` when it can."""
    held = held_of(entry.change)
    kind = held.kind if held is not None else ""
    if kind == "account" and now == _ABSENT and entry.prior not in ((), _UNKNOWN):
        return ReasonCode.PRIOR_GONE  # with its files; only its line is held
    if kind == "pinned" and entry.prior[:1] and entry.prior[0].startswith("installed"):
        return ReasonCode.PRIOR_GONE  # the file its former version came from
    if not entry.change.reversible and kind not in {"account", "pinned"}:
        return ReasonCode.IRREVERSIBLE
    if now is None or entry.prior in ((), _UNKNOWN):
        return ReasonCode.PRIOR_UNKNOWN
    if kind == "oath_user" and any(line.startswith("counted ") for line in entry.prior):
        return ReasonCode.CODES_REUSABLE
    return None


def _refusal(entry: JournalEntry, reason: Reason, values: tuple[MovedValue, ...] = ()) -> Refusal:
    return Refusal(rules=entry.change.rules, target=entry.target, reason=reason, values=values)


def _moved(entry: JournalEntry, now: tuple[str, ...], shown: Shown) -> tuple[MovedValue, ...]:
    """The values that are not as the run left them; empty when the target is."""
    values = [(one, shown(one)) for one in entry.change.values]
    if entry.written is not None:
        as_left = now == entry.written
    else:  # the run was cut off: what is seen must be what it wrote, or what was there before
        as_left = bool(values) and all(seen in {one.old, one.new} for one, seen in values)
    if as_left:
        return ()
    found = [
        MovedValue(rule=one.rule, key=one.key, before=one.old, written=one.new, now=seen)
        for one, seen in values
        if seen != one.new
    ]
    written = entry.written or ()
    whole = MovedValue(
        rule=", ".join(entry.change.rules),
        key=entry.target,
        before=_words(entry.prior),
        written=_words(written),
        now=_words(now),
    )
    return tuple(found) or (whole,)


def _words(state: Iterable[str]) -> str:
    """A state for people: a digest is cut to what tells two apart."""
    return "; ".join(re.sub(r"\b([0-9a-f]{8})[0-9a-f]{56}\b", r"\1…", line) for line in state)


def _artefact(entry: JournalEntry, now: tuple[str, ...]) -> Artefact | None:
    held = held_of(entry.change)
    if held is None:
        return None
    if held.kind in {"package", "pinned"}:
        (was,) = entry.prior if len(entry.prior) == 1 else ("",)
        state = {"absent": "purged", "removed": "absent", "installed": "present"}.get(was)
        if state is None:
            return None
        return PackageArtefact.model_validate({"name": held.first, "state": state})
    artefact = entry.change.artefact
    validator = artefact.validator if isinstance(artefact, FileArtefact | HeldArtefact) else None
    return HeldArtefact.model_validate(
        {
            "run": entry.run,
            "id": held.id,
            "of": held.kind,
            "first": held.first,
            "second": held.second,
            "expected": "\n".join(now),
            "validator": validator,
            "reload": _reload(entry),
        }
    )


def _reload(entry: JournalEntry) -> str | None:
    """What takes the old file in. A firewall that had no file had no unit that could."""
    action = action_of(entry.change.artefact)
    file = isinstance(entry.change.artefact, FileArtefact | LinesArtefact | HeldArtefact)
    if file and action == "firewall" and entry.prior == ("absent",):
        return None
    return action


def _change(entry: JournalEntry, artefact: Artefact, shown: Shown) -> Change:
    change = entry.change
    return Change(
        kind=change.kind,
        target=change.target,
        phase=_phase(entry),
        artefact=artefact,
        values=tuple(
            one.model_copy(update={"old": shown(one), "new": one.old}) for one in change.values
        ),
        rules=change.rules,
        may_cut=change.may_cut,
        effective=change.effective,
    )


def _phase(entry: JournalEntry) -> int:
    """A second factor goes when the way in is proven: until then PAM may ask for codes again."""
    if entry.change.kind is not ArtefactKind.OATH_USER:
        return entry.change.phase
    return Phase.ONE_WAY if entry.prior == _ABSENT else Phase.ACCOUNTS


def _came_along(entry: JournalEntry, change: Change) -> list[Change]:
    """Packages that were removed because another one was come back with it."""
    artefact = change.artefact
    if not isinstance(artefact, PackageArtefact) or artefact.state != "present":
        return []
    names = [name for name in entry.message.split() if _PACKAGE.match(name)]
    return [
        change.model_copy(
            update={
                "target": name,
                "artefact": PackageArtefact(name=name, state="present"),
                "values": (),
                "after": (key_of(change),),
            }
        )
        for name in names
        if name != artefact.name
    ]
