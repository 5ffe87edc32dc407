"""Nobody is made root unasked by doas or polkit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from kit.model.artefact import Artefact
from kit.model.facts import Facts
from kit.model.meta import Fix, Meta, Phase
from kit.model.observation import Observations
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import Target
from kit.reads.root_grants import RootGrants


class RootGrant(Setting):
    """Rules of another program than sudo that make root of people without a password. Only read.

    .. code-block:: yaml

        {type: root_grant, by: doas}
        {type: root_grant, by: polkit}

    Mended by hand: somebody wrote such a rule for something that works today.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (RootGrants,)}
    type: Literal["root_grant"]
    by: Literal["doas", "polkit"]

    def slot(self) -> str:
        """``root_grant:PROGRAM``."""
        return f"{self.type}:{self.by}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The one list."""
        del read
        return frozenset({self.by})

    def expectation(self, read: str, key: str) -> Expectation:
        """Nothing on it."""
        del read, key
        return Expectation(Operator.EMPTY, ())

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
        return Meta(phase=Phase.ACCESS, fix=Fix.BY_HAND)

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """Never called: there is no target."""
        del settings
        raise ValueError(target.key)
