"""Updates that install themselves are those of security, at least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from kit.model.artefact import Artefact
from kit.model.facts import Facts
from kit.model.meta import Fix, Meta, Phase
from kit.model.observation import Absent, Instances, Observation, Observations
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Detail, Expectation, Question, ReadClass, Setting
from kit.model.target import Target
from kit.model.verdict import Verdict
from kit.reads.apt_options import SECURITY_ORIGINS, AptOptions


class SecurityUpdates(Setting):
    """Where unattended-upgrades takes updates from: the security archive is among it.

    .. code-block:: yaml

        {type: security_updates, state: taken}

    Not installed, it takes nothing, which its package is judged by. Only read: which archives a
    post follows is the site's choice.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (AptOptions,)}
    type: Literal["security_updates"]
    state: Literal["taken"]

    def slot(self) -> str:
        """There is one answer for a device."""
        return f"{self.type}:{self.state}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """How many archives it takes have to do with security."""
        del read
        return frozenset({SECURITY_ORIGINS})

    def expectation(self, read: str, key: str) -> Expectation:
        """One at least."""
        del read, key
        return Expectation(Operator.AT_LEAST, 1)

    def _judge_key(self, asked: Question, seen: Observation) -> Detail:
        """Without the program there is nothing to judge."""
        if isinstance(seen, Absent):
            return replace(
                super()._judge_key(asked, Instances(complete=True)), verdict=Verdict.NOT_APPLICABLE
            )
        return super()._judge_key(asked, seen)

    def enforced(self) -> Mapping[str, Observations] | None:
        """Nothing."""
        return None

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """None."""
        del facts
        return ()

    def meta(self, facts: Facts) -> Meta:
        """Mended by hand."""
        del facts
        return Meta(phase=Phase.FILES, fix=Fix.BY_HAND)

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """Never called: there is no target."""
        del settings
        raise ValueError(target.key)
