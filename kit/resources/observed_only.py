"""What is looked at and never changed: the half of a setting that such types share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from kit.model.artefact import Artefact
from kit.model.facts import Facts
from kit.model.meta import Fix, Meta, Phase
from kit.model.observation import Observations
from kit.model.setting import Setting
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
