"""One typed setting: what is enforced, checked and reported comes from this one frozen object."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from kit.i18n import _
from kit.model.artefact import Artefact
from kit.model.facts import Facts
from kit.model.meta import Meta
from kit.model.observation import (
    Absent,
    Instances,
    Observation,
    Observations,
    Observed,
    ObservedValue,
    Unread,
    Unreadable,
)
from kit.model.operators import Operator, holds
from kit.model.platform import Platform
from kit.model.read import Read
from kit.model.record import Record
from kit.model.target import Target
from kit.model.verdict import Reason, ReasonCode, Verdict, worst

ReadClass = type[Read]  # inside the classes below, ``type`` is a field


class Quantifier(StrEnum):
    """How many of several instances must meet the expectation."""

    ALL = "all"
    ANY = "any"
    NONE = "none"
    EXACTLY_ONE = "exactly_one"


@dataclass(frozen=True)
class Expectation:
    """An operator and the value it compares with."""

    op: Operator
    value: ObservedValue = True


@dataclass(frozen=True)
class Question:
    """One key of one read, and what its observation must meet."""

    read: str
    key: str
    expected: Expectation


@dataclass(frozen=True)
class Detail:
    """The judgement of one key of one read."""

    read: str
    key: str
    verdict: Verdict
    expected: Expectation
    observed: Observation
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """The judgement of one setting: its details, and the worst of their verdicts."""

    details: tuple[Detail, ...] = field(default_factory=tuple)

    @cached_property
    def verdict(self) -> Verdict:
        """No detail at all is ``NOT_CHECKED``."""
        return worst(detail.verdict for detail in self.details)


class Conflict(ValueError):
    """Two settings of one slot cannot both be had."""


class Setting(Record, ABC):
    """Base of all resource types.

    A subclass names itself with ``type``, says which reads show it, and renders its targets.
    Building one whose enforced value would fail its own check raises ``ValidationError``.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]]
    # Files this type alone writes, whole, one line a value: what they hold too much is found.
    owns: ClassVar[Mapping[Platform, tuple[str, ...]]] = {}
    type: str
    quantifier: Quantifier = Quantifier.ALL
    if_none: Literal["error", "not_applicable"] = "error"

    @abstractmethod
    def slot(self) -> str:
        """The one thing this sets (``sysctl:kernel.kptr_restrict``)."""

    @abstractmethod
    def keys(self, read: ReadClass) -> frozenset[str]:
        """What to ask ``read`` for; the same whatever the device, so that one trip is enough."""

    @abstractmethod
    def expectation(self, read: str, key: str) -> Expectation:
        """What the observation of ``key`` must meet."""

    @abstractmethod
    def enforced(self) -> Mapping[str, Observations] | None:
        """What each read will show once enforced (read id -> key -> observation).

        ``None`` when there is nothing to enforce: such a setting is mended by hand.
        """

    @abstractmethod
    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """What must be touched to enforce it on this device; raises ``FactUnreadable``."""

    @abstractmethod
    def meta(self, facts: Facts) -> Meta:
        """The type's default for phase, risk and effect; raises ``FactUnreadable``."""

    @staticmethod
    @abstractmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """One artefact from every desired setting of ``target``. Pure and order-independent."""

    def other_manager(self, observations: Mapping[str, Observations]) -> str:
        """Name of whatever else owns this value on the device (ufw, a GPO, an MDM), or ``""``."""
        del observations
        return ""

    def watched(self, platform: Platform) -> Mapping[ReadClass, frozenset[str]]:
        """What tells whether the moment has come at which it takes effect: asked, never judged."""
        del platform
        return {}

    def had_its_moment(self, observations: Mapping[str, Observations]) -> bool:
        """Whether it is proven that the moment it takes effect at has come since it was set.

        What is configured right and still not in effect then waits for nothing any more.
        """
        del observations
        return False

    def upsets(self, target: Target, other: Target) -> bool:
        """Whether touching this setting's ``target`` takes ``other``, of its type, out of place.

        What is upset is touched along, after it, whether it differs now or not.
        """
        del target, other
        return False

    @classmethod
    def wrote(cls, path: str, content: str) -> bool:
        """Whether a file that stands where this type has its own is one of its own."""
        del path, content
        return True

    def among(self, settings: Sequence[Setting]) -> Self:
        """This setting as it is judged beside all desired settings of its slot, itself included.

        Most do not change. One that excludes everything else learns what else is wanted. Keys,
        targets and what is enforced stay the same.
        """
        del settings
        return self

    def values_shown(self) -> str:
        """The setting in a few words for people: name and value, same in both languages."""
        return self.slot()

    @classmethod
    def combined(cls, settings: Sequence[Self]) -> Mapping[str, Observations]:
        """What the reads show once all settings of one slot are enforced together.

        The default is for scalars: all must enforce the same value. Set-valued types unite or
        intersect. Raises ``Conflict``.
        """
        wanted = [found for found in (one.enforced() for one in settings) if found is not None]
        if any(found != wanted[0] for found in wanted):
            raise Conflict(settings[0].slot())
        return wanted[0] if wanted else {}

    @classmethod
    def fitted(
        cls, target: Target, settings: Sequence[Self], seen: Mapping[str, Observations]
    ) -> Sequence[Self]:
        """All settings of one target as they are written on a device that shows ``seen``.

        Where the device has a value that all of them accept and that is stricter than theirs, it
        is kept; nothing is ever loosened beyond what they say. The default changes nothing. Pure.
        """
        del target, seen
        return settings

    @model_validator(mode="after")
    def _passes_its_own_check(self) -> Self:
        enforced = self.enforced()
        if enforced is None:
            return self
        for platform in type(self).reads:
            if self.judge(enforced, platform).verdict is not Verdict.PASS:
                raise ValueError(
                    _("the value enforced for {slot} would fail its own check.").format(
                        slot=self.slot()
                    )
                )
        return self

    def questions(self, platform: Platform) -> tuple[Question, ...]:
        """What judging asks on a platform: the same for every device, worth asking for once."""
        return tuple(
            Question(read.id, key, self.expectation(read.id, key))
            for read in type(self).reads.get(platform, ())
            for key in sorted(self.keys(read))
        )

    def judge(self, observations: Mapping[str, Observations], platform: Platform) -> Judgement:
        """Judge what was seen. Everything that is not known is ``ERROR``, never a pass."""
        return self.answer(observations, self.questions(platform))

    def answer(
        self, observations: Mapping[str, Observations], questions: Iterable[Question]
    ) -> Judgement:
        """``judge``, with the setting's own questions at hand."""
        unknown = Unreadable(Unread.NOT_COLLECTED)
        return Judgement(
            tuple(
                self._judge_key(one, observations.get(one.read, {}).get(one.key, unknown))
                for one in questions
            )
        )

    def _judge_key(self, asked: Question, seen: Observation) -> Detail:
        if isinstance(seen, Instances):
            verdict, reasons = self._judge_instances(asked.key, seen, asked.expected)
        else:
            verdict, reasons = _judge_one(asked.key, seen, asked.expected)
        return Detail(asked.read, asked.key, verdict, asked.expected, seen, reasons)

    def _judge_instances(
        self, key: str, seen: Instances, expected: Expectation
    ) -> tuple[Verdict, tuple[Reason, ...]]:
        if not seen.items:
            return self._judge_no_instance(key, complete=seen.complete)
        judged = {
            name: _judge_one(f"{key} [{name}]", item, expected)
            for name, item in sorted(seen.items.items())
        }
        good = [name for name, (verdict, _why) in judged.items() if verdict is Verdict.PASS]
        bad = _reasons(judged, Verdict.FAIL)
        unknown = _reasons(judged, Verdict.ERROR)
        if not seen.complete:
            unknown += (Reason(code=ReasonCode.INSTANCES_INCOMPLETE, subject=key),)
        held = tuple(
            Reason(code=ReasonCode.DIFFERS, subject=f"{key} [{name}]", detail="") for name in good
        )
        none_good = bad if not good and not unknown else ()
        violation = {
            Quantifier.ALL: bad,
            Quantifier.NONE: held,
            Quantifier.ANY: none_good,
            Quantifier.EXACTLY_ONE: held if len(good) > 1 else none_good,
        }[self.quantifier]
        if violation:
            return Verdict.FAIL, violation
        return (Verdict.ERROR, unknown) if unknown else (Verdict.PASS, ())

    def _judge_no_instance(self, key: str, *, complete: bool) -> tuple[Verdict, tuple[Reason, ...]]:
        if not complete:
            return Verdict.ERROR, (Reason(code=ReasonCode.INSTANCES_INCOMPLETE, subject=key),)
        none = (Reason(code=ReasonCode.NO_INSTANCE, subject=key),)
        if self.quantifier is Quantifier.NONE:
            return Verdict.PASS, ()
        if self.if_none == "not_applicable":
            return Verdict.NOT_APPLICABLE, none
        return Verdict.ERROR, none


def _judge_one(
    key: str, seen: Observation, expected: Expectation
) -> tuple[Verdict, tuple[Reason, ...]]:
    if isinstance(seen, Unreadable):
        detail = f"{seen.reason}: {seen.detail}" if seen.detail else str(seen.reason)
        return Verdict.ERROR, (Reason(code=ReasonCode.UNREADABLE, subject=key, detail=detail),)
    if isinstance(seen, Instances):  # instances of instances are no document of ours
        return Verdict.ERROR, (Reason(code=ReasonCode.UNREADABLE, subject=key),)
    if holds(expected.op, seen, expected.value):
        return Verdict.PASS, ()
    if isinstance(seen, Absent):
        return Verdict.FAIL, (Reason(code=ReasonCode.ABSENT, subject=key),)
    return Verdict.FAIL, (
        Reason(code=ReasonCode.DIFFERS, subject=key, detail=show_value(seen.value)),
    )


def _reasons(
    judged: Mapping[str, tuple[Verdict, tuple[Reason, ...]]], verdict: Verdict
) -> tuple[Reason, ...]:
    return tuple(
        reason for found, reasons in judged.values() if found is verdict for reason in reasons
    )


def show_value(value: ObservedValue) -> str:
    """A value as people and reports see it: ``yes``/``no`` words stay as the device says them."""
    if isinstance(value, tuple):
        return ", ".join(show_value(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def same_everywhere(
    reads: Iterable[type[Read]], keys: Iterable[str], value: ObservedValue
) -> dict[str, Observations]:
    """The common shape of ``enforced``: one value for every key of every read."""
    shown = {key: Observed(value) for key in keys}
    return {read.id: shown for read in reads}


class ScalarSetting(Setting, ABC):
    """A setting of one value, compared with one operator and enforced with one value.

    ``enforce`` is needed when ``op`` is not equality; without it the setting is mended by hand.
    """

    op: Operator = Operator.EQUALS
    value: ObservedValue = True
    enforce: ObservedValue | None = None

    def expectation(self, read: str, key: str) -> Expectation:
        """The same operator and value for every read and key."""
        del read, key
        return Expectation(self.op, self.value)

    def enforced_value(self) -> ObservedValue | None:
        """What is put in place, or ``None`` when nothing is."""
        if self.enforce is not None:
            return self.enforce
        equality = {Operator.EQUALS, Operator.EQUAL_OR_ABSENT, Operator.EXACTLY}
        return self.value if self.op in equality else None

    def enforced(self) -> Mapping[str, Observations] | None:
        """``enforced_value`` for every key of every read."""
        value = self.enforced_value()
        if value is None:
            return None
        return {
            read.id: {key: Observed(value) for key in self.keys(read)}
            for reads in type(self).reads.values()
            for read in reads
        }

    def values_shown(self) -> str:
        """``slot op value``."""
        return f"{self.slot()} {self.op} {show_value(self.value)}"
