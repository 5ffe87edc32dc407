"""Updates of security: those that install themselves are among them, and apt knows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.meta import Phase
from kit.model.observation import Absent, Instances, Observation
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Detail, Expectation, Question, ReadClass
from kit.model.verdict import Verdict
from kit.reads.apt_lists import SECURITY_AGE, AptLists
from kit.reads.apt_options import SECURITY_ORIGINS, AptOptions
from kit.resources.observed_only import ObservedOnly


class SecurityUpdates(ObservedOnly):
    """What of the security archive reaches a post.

    .. code-block:: yaml

        {type: security_updates, state: taken}           # by unattended-upgrades
        {type: security_updates, state: known, days: 30} # by apt, from an index no older

    unattended-upgrades that is not installed takes nothing, which its package is judged by. Only
    read: which archives a post follows is the site's choice, and how it reaches them its network.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {
        Platform.LINUX: (AptLists, AptOptions)
    }
    phase: ClassVar[Phase] = Phase.FILES
    type: Literal["security_updates"]
    state: Literal["taken", "known"]
    days: Annotated[int, Field(ge=1, le=366)] | None = None

    @model_validator(mode="after")
    def _days_of_what_is_known(self) -> Self:
        if (self.days is not None) is not (self.state == "known"):
            raise ValueError(_("“days” goes with “known”, and with nothing else."))
        return self

    def slot(self) -> str:
        """There is one answer for a device."""
        return f"{self.type}:{self.state}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """How many archives of security are taken, or how old what is known of them is."""
        own = {"taken": (AptOptions, SECURITY_ORIGINS), "known": (AptLists, SECURITY_AGE)}
        asked, key = own[self.state]
        return frozenset({key} if read is asked else ())

    def expectation(self, read: str, key: str) -> Expectation:
        """One at least; no older than that."""
        del read, key
        if self.days is not None:
            return Expectation(Operator.AT_MOST, self.days)
        return Expectation(Operator.AT_LEAST, 1)

    def _judge_key(self, asked: Question, seen: Observation) -> Detail:
        """Without the program there is nothing to judge."""
        if isinstance(seen, Absent) and self.state == "taken":
            return replace(
                super()._judge_key(asked, Instances(complete=True)), verdict=Verdict.NOT_APPLICABLE
            )
        return super()._judge_key(asked, seen)

    def values_shown(self) -> str:
        """The slot, and the days."""
        return self.slot() if self.days is None else f"{self.slot()} {self.days}"
