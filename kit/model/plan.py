"""What would be changed, old -> new, per device and target; pure data, written to a file as is."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from kit.model.artefact import Artefact
from kit.model.identifiers import RuleId
from kit.model.meta import Effective, Fix, Path
from kit.model.record import Record
from kit.model.target import ArtefactKind
from kit.model.verdict import Pending, Reason


class ChangedValue(Record):
    """One value that changes: as the device shows it now, and as it will show it."""

    rule: RuleId
    setting: str
    read: str = ""  # the read that shows it
    key: str
    old: str
    new: str


class MovedValue(Record):
    """One value that is neither as a run left it nor as it was before."""

    rule: str
    key: str
    before: str
    written: str
    now: str


class Change(Record):
    """One target to touch, whole. ``along`` names settings written with it that already hold."""

    kind: ArtefactKind
    target: str
    phase: int
    artefact: Artefact
    values: tuple[ChangedValue, ...]
    rules: tuple[RuleId, ...]
    along: tuple[str, ...] = ()
    may_cut: tuple[Path, ...] = ()
    reversible: bool = True
    effective: Effective = Effective.NOW
    after: tuple[str, ...] = ()  # targets (kind:id) that must have succeeded before


class Refusal(Record):
    """A change that will not be made, and why."""

    rules: tuple[RuleId, ...]
    target: str
    reason: Reason
    values: tuple[MovedValue, ...] = ()


class ByHand(Record):
    """A failure the kit cannot mend remotely: it goes to the to-do sheet."""

    rule: RuleId
    fix: Fix
    reasons: tuple[Reason, ...] = ()


class PendingChange(Record):
    """Configured right, not yet effective: nothing to do but wait for ``pending``."""

    rule: RuleId
    pending: Pending


class DevicePlan(Record):
    """The plan of one device. ``snapshot`` is the digest of what it was computed from."""

    device: str
    snapshot: str
    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    by_hand: tuple[ByHand, ...] = ()
    pending: tuple[PendingChange, ...] = ()
    on_request: tuple[RuleId, ...] = ()  # failing, could be mended remotely, but not enforced
    not_known: Reason | None = None  # set when the device could not be read at all


class Plan(Record):
    """The plan of a site."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    site: str
    baseline: str
    baseline_digest: str
    made_at: datetime
    tool_version: str
    devices: tuple[DevicePlan, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing at all would be touched."""
        return not any(device.changes for device in self.devices)
