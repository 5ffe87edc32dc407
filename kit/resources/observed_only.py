"""What is looked at and never changed: what such types of settings share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from kit.model.artefact import Artefact
from kit.model.facts import Facts
from kit.model.meta import Fix, Meta, Phase
from kit.model.observation import Observations
from kit.model.operators import Operator
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import Target


class ObservedOnly(Setting):
    """A setting that somebody mends by hand: no target, no artefact. ``phase``: what it is of."""

    phase: ClassVar[Phase]

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
        return Meta(phase=self.phase, fix=Fix.BY_HAND)

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """Never called: there is no target."""
        del settings
        raise ValueError(target.key)


class NothingListed(ObservedOnly):
    """A list of what is wrong, which a read gives under one key and which must be empty."""

    @abstractmethod
    def listed(self) -> str:
        """The key of the list."""

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The one list."""
        del read
        return frozenset({self.listed()})

    def expectation(self, read: str, key: str) -> Expectation:
        """Nothing on it."""
        del read, key
        return Expectation(Operator.EMPTY, ())
