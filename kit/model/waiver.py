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
Sentence = Annotated[str, Field(min_length=3, max_length=600)]


class Waiver(Record):
    """An exception with reason, approver and end; ``end`` is the last day it holds."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$")]
    rule: RuleId
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
        if self.end < self.start:
            raise ValueError(_("the end of a waiver cannot come before its start."))
        if (self.end - self.start).days > MAX_DAYS:
            raise ValueError(_("a waiver may last {days} days at most.").format(days=MAX_DAYS))
        return self

    def covers(self, rule: str, device: str, post_role: PostRole | None, day: date) -> bool:
        """Whether it stands for this rule on this device on this day (local calendar)."""
        return (
            self.rule == rule
            and self.start <= day <= self.end
            and (not self.devices or device in self.devices)
            and (not self.post_roles or post_role in self.post_roles)
        )
