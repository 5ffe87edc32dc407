"""A *dérogation*: a failure that somebody answers for, for a time. It never rewrites a verdict."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.device import PostRole
from kit.model.identifiers import DeviceId, RuleId
from kit.model.record import Record

MAX_DAYS = 730
"""What no baseline may go beyond; baselines say less (``WaiverTerms``)."""
Sentence = Annotated[str, Field(min_length=3, max_length=600)]
ControlRef = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,80}/[A-Za-z]{0,4}[0-9][0-9.]{0,8}$")]
"""A control of a framework: ``anssi_bp_028/R12``."""


class Waiver(Record):
    """An exception with reason, approver and end.

    It stands for one rule, or for every rule that answers one control. ``start`` and ``end`` are
    the first and the last day it holds, whole days of the site's time zone. ``approver`` is a
    function (*direction de l'établissement*), not a person.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$")]
    rule: RuleId | None = None
    control: ControlRef | None = None
    devices: tuple[DeviceId, ...] = ()  # none given: every device of the scope
    post_roles: tuple[PostRole, ...] = ()
    reason: Sentence
    compensating: Sentence | None = None
    risk: Sentence | None = None
    approver: Annotated[str, Field(min_length=2, max_length=120)]
    start: date
    end: date

    @model_validator(mode="after")
    def _bounded(self) -> Waiver:
        if (self.rule is None) == (self.control is None):
            raise ValueError(_("a waiver names either a rule or a control."))
        if self.end < self.start:
            raise ValueError(_("the end of a waiver cannot come before its start."))
        if (self.end - self.start).days > MAX_DAYS:
            raise ValueError(_("a waiver may last {days} days at most.").format(days=MAX_DAYS))
        return self

    @property
    def subject(self) -> str:
        """The rule or the control it is about, as it is written."""
        return self.rule or self.control or ""

    def holds_on(self, day: date) -> bool:
        """Whether ``day`` (local calendar) is one of its days, both ends included."""
        return self.start <= day <= self.end

    def in_scope(self, device: str, post_role: PostRole | None) -> bool:
        """Whether the device is one of those it names, whatever the rule and the day."""
        return (not self.devices or device in self.devices) and (
            not self.post_roles or post_role in self.post_roles
        )
