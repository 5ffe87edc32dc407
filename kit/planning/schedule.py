"""The steps of one device: its changes, and the reloads their files ask for. Pure.

What may cut a way in comes together and late, so that a watchdog is armed once and for as short a
time as can be; one-way values come after it, when the way in is proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from kit.model.artefact import (
    Artefact,
    AttributesArtefact,
    FileArtefact,
    HeldArtefact,
    LinesArtefact,
    ReloadAction,
    ReloadArtefact,
    UnitArtefact,
)
from kit.model.meta import Path, Phase
from kit.model.plan import Change
from kit.model.secret import plain_data
from kit.model.target import ArtefactKind
from kit.planning.reloads import FIREWALL_UNIT, RELOADS

CUTTING: Final = frozenset({"firewall", "ssh"})
"""Reloads that may cut a way in whatever file of ours asks for them: they take in all files."""


class Part(IntEnum):
    """The part of the work a step belongs to, in the order of the parts."""

    PLAIN = 1  # cuts nothing
    GUARDED = 2  # may cut a way in, or needs something that may: under the watchdog
    FINAL = 3  # one-way: only when the way in is proven


@dataclass(frozen=True)
class Step:
    """One thing to do. ``needs`` are targets that must have succeeded before.

    ``always`` is for reloads: whether to reload even if no file has changed.
    """

    target: str
    artefact: Artefact
    needs: tuple[str, ...] = ()
    always: bool = True
    may_cut: tuple[Path, ...] = ()
    part: Part = Part.PLAIN


def step_data(step: Step) -> dict[str, Any]:
    """A step as the role ``kit_artefacts`` reads it: plain data, secrets by name only."""
    artefact = plain_data(step.artefact)
    data: dict[str, Any] = {"target": step.target, "artefact": artefact}
    if step.needs:
        data["needs"] = list(step.needs)
    if artefact["kind"] == "reload":
        data["always"] = step.always
    if step.part is not Part.PLAIN:
        data["part"] = step.part.name.lower()
    return data


def key_of(change: Change) -> str:
    """``kind:id``."""
    return f"{change.kind}:{change.target}"


def action_of(artefact: Artefact) -> ReloadAction | None:
    """The reload action a file asks for."""
    if isinstance(artefact, FileArtefact | AttributesArtefact | LinesArtefact | HeldArtefact):
        return artefact.reload
    return None


def steps(changes: Sequence[Change]) -> tuple[Step, ...]:
    """The steps, in order: each reload once, after all files that ask for it.

    A reload waits until the phase of its last file is over, so that units and files of the same
    phase are in place. It comes earlier, and again at its time, where a change needs one of its
    files to be in use; and unit files are taken in before a unit is touched.
    """
    parts = parts_of(changes)
    ordered = sorted(changes, key=lambda change: parts[key_of(change)])
    schedule = _Schedule(ordered)
    for index, change in enumerate(ordered):
        schedule.add(index, change, parts[key_of(change)])
    schedule.flush(schedule.pending)
    return tuple(schedule.steps)


def parts_of(changes: Sequence[Change]) -> dict[str, Part]:
    """The part of each change, by its key. ``changes`` are in order: needed ones come before."""
    found: dict[str, Part] = {}
    for change in changes:
        after = max((found.get(key, Part.PLAIN) for key in change.after), default=Part.PLAIN)
        own = Part.PLAIN
        if change.may_cut or _cuts(change.artefact):
            own = Part.GUARDED
        elif change.phase >= Phase.ONE_WAY:
            own = Part.FINAL
        found[key_of(change)] = max(own, after)
    return found


def _cuts(artefact: Artefact) -> bool:
    """What takes in all files of a way in may cut it, whatever is said of the file at hand."""
    if isinstance(artefact, UnitArtefact):
        return artefact.name == FIREWALL_UNIT
    if isinstance(artefact, HeldArtefact) and artefact.of == "unit":
        return artefact.first == FIREWALL_UNIT
    action = artefact.action if isinstance(artefact, ReloadArtefact) else action_of(artefact)
    return action in CUTTING


@dataclass
class _Pending:
    files: list[str] = field(default_factory=list)
    change: Change | None = None  # a reload that was itself planned


class _Schedule:
    def __init__(self, changes: Sequence[Change]) -> None:
        self.steps: list[Step] = []
        self.pending: dict[ReloadAction, _Pending] = {}
        self._reloaded: dict[str, str] = {}  # file -> the reload step that took it in
        self._last: dict[ReloadAction, int] = {}
        self._phase: int | None = None
        self._part = Part.PLAIN
        for index, change in enumerate(changes):
            action = action_of(change.artefact)
            if action is not None:
                self._last[action] = index

    def add(self, index: int, change: Change, part: Part) -> None:
        if part is not self._part:
            self.flush(self.pending)
        self._part = part
        if self._phase is not None and change.phase != self._phase:
            self.flush([a for a in self.pending if self._last.get(a, -1) < index])
        self._phase = change.phase
        due = [action for action in self.pending if self._needs(change, action)]
        if change.kind is ArtefactKind.UNIT and "systemd" in self.pending:
            due.append("systemd")
        self.flush(due)
        if isinstance(change.artefact, ReloadArtefact):
            self.pending.setdefault(change.artefact.action, _Pending()).change = change
            return
        needs = self._with_reloads(change.after)
        step = Step(key_of(change), change.artefact, needs, may_cut=change.may_cut, part=part)
        self.steps.append(step)
        action = action_of(change.artefact)
        if action is not None:
            self.pending.setdefault(action, _Pending()).files.append(key_of(change))

    def _needs(self, change: Change, action: ReloadAction) -> bool:
        waiting = self.pending[action]
        return bool({*waiting.files, f"reload:{action}"} & set(change.after))

    def _with_reloads(self, after: Iterable[str]) -> tuple[str, ...]:
        """A file that has been taken in by a reload counts only if that reload succeeded."""
        wanted = dict.fromkeys(after)
        wanted |= dict.fromkeys(self._reloaded[key] for key in after if key in self._reloaded)
        return tuple(wanted)

    def flush(self, actions: Iterable[ReloadAction]) -> None:
        """Do these reloads now; unit files are always taken in first."""
        due = set(actions)
        if due and "systemd" in self.pending:
            due.add("systemd")
        for action in RELOADS:
            if action not in due:
                continue
            waiting = self.pending.pop(action)
            target = f"reload:{action}"
            planned = waiting.change
            after = self._with_reloads(planned.after) if planned else ()
            artefact = ReloadArtefact(action=action)
            needs = tuple(dict.fromkeys((*waiting.files, *after)))
            cuts = planned.may_cut if planned else ()
            self.steps.append(
                Step(target, artefact, needs, planned is not None, cuts, part=self._part)
            )
            self._reloaded |= dict.fromkeys(waiting.files, target)
