"""Frameworks: which rules answer which control of which text, and what answers the others."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.identifiers import RuleId
from kit.model.platform import Platform
from kit.model.record import Record
from kit.model.rule import Texts

ControlId = Annotated[str, Field(pattern=r"^[A-Za-z]{0,4}[0-9][0-9.]{0,8}$")]
LevelId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,30}$")]


class Answered(StrEnum):
    """How a control is answered on one platform."""

    RULES = "rules"
    PARTLY = "partly"  # rules answer a part of it; the rest is planned or looked at by people
    MANUAL = "manual"
    NOT_APPLICABLE = "not_applicable"
    PLANNED = "planned"  # nothing checks it yet


class Answer(Record):
    """What answers a control on one platform: ``rules``, people, a reason why not, or nothing yet.

    ``rules`` may stand with ``manual`` or ``planned`` for what they leave open; everything else
    stands alone.
    """

    rules: tuple[RuleId, ...] = ()
    manual: Texts | None = None
    not_applicable: Texts | None = None
    planned: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Answer:
        others = [self.manual is not None, self.not_applicable is not None, self.planned]
        alone = not self.rules and sum(others) == 1
        with_rules = bool(self.rules) and sum(others) <= 1 and self.not_applicable is None
        if not alone and not with_rules:
            raise ValueError(
                _(
                    "give rules (with manual or planned for what they leave open), manual, "
                    "not_applicable or planned."
                )
            )
        return self

    @property
    def state(self) -> Answered:
        """The one word for it."""
        if self.rules:
            open_ = self.planned or self.manual is not None
            return Answered.PARTLY if open_ else Answered.RULES
        if self.manual is not None:
            return Answered.MANUAL
        return Answered.PLANNED if self.planned else Answered.NOT_APPLICABLE


class Control(Record):
    """One thing a text asks for. ``default`` answers on every platform that is not named."""

    id: ControlId
    title: Texts  # our own words: the text itself is not copied
    level: LevelId | None = None
    default: Answer | None = None
    platforms: dict[Platform, Answer] = {}

    def answer(self, platform: Platform) -> Answer | None:
        """What answers it there; nothing in a catalogue that loads only for other platforms."""
        return self.platforms.get(platform, self.default)


class Level(Record):
    """A level of demand of a framework."""

    id: LevelId
    title: Texts


class Framework(Record):
    """A published text with all its controls.

    ``read``: whether the text itself was read for this mapping. Where it was not, ``source`` says
    from which public copy numbers and subjects come, and nothing of it counts as covered.
    """

    id: RuleId
    title: Texts
    publisher: Annotated[str, Field(min_length=2, max_length=80)]
    version: Annotated[str, Field(min_length=1, max_length=20)]
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}(-\d{2})?$")]  # of publication
    source: Texts
    read: bool
    platforms: tuple[Platform, ...] = Field(min_length=1)  # the classes of device it is mapped for
    levels: tuple[Level, ...] = ()  # from the least demanding on; each includes those before it
    controls: tuple[Control, ...] = Field(min_length=1)


class Unmapped(Record):
    """A rule that answers no control of any framework, and why."""

    id: RuleId
    reason: Texts
