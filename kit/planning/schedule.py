"""The steps of one device: its changes, and the reloads their files ask for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kit.model.artefact import (
    Artefact,
    FileArtefact,
    HeldArtefact,
    LinesArtefact,
    ReloadAction,
    ReloadArtefact,
)
from kit.model.meta import Path
from kit.model.plan import Change
from kit.model.secret import plain_data
from kit.model.target import ArtefactKind
from kit.planning.reloads import RELOADS


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


def step_data(step: Step) -> dict[str, Any]:
    """A step as the role ``kit_artefacts`` reads it: plain data, secrets by name only."""
    artefact = plain_data(step.artefact)
    data: dict[str, Any] = {"target": step.target, "artefact": artefact}
    if step.needs:
        data["needs"] = list(step.needs)
    if artefact["kind"] == "reload":
        data["always"] = step.always
    return data


def key_of(change: Change) -> str:
    """``kind:id``."""
    return f"{change.kind}:{change.target}"


def action_of(artefact: Artefact) -> ReloadAction | None:
    """The reload action a file asks for."""
    if isinstance(artefact, FileArtefact | LinesArtefact | HeldArtefact):
        return artefact.reload
    return None


def steps(changes: Sequence[Change]) -> tuple[Step, ...]:
    """The steps, in order: each reload once, after all files that ask for it.

    A reload waits until the phase of its last file is over, so that units and files of the same
    phase are in place. It comes earlier, and again at its time, where a change needs one of its
    files to be in use; and unit files are taken in before a unit is touched.
    """
    schedule = _Schedule(changes)
    for index, change in enumerate(changes):
        schedule.add(index, change)
    schedule.flush(schedule.pending)
    return tuple(schedule.steps)


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
        for index, change in enumerate(changes):
            action = action_of(change.artefact)
            if action is not None:
                self._last[action] = index

    def add(self, index: int, change: Change) -> None:
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
        step = Step(key_of(change), change.artefact, needs, may_cut=change.may_cut)
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
            self.steps.append(Step(target, artefact, needs, always=planned is not None))
            self._reloaded |= dict.fromkeys(waiting.files, target)
