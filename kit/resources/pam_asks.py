"""Every way in asks for something."""

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
from kit.reads.pam_stack import UNASKED, PamStack


class PamAsks(Setting):
    """No service of PAM lets a person in, or makes root of one, without asking. Only read.

    .. code-block:: yaml

        {type: pam_asks, state: always}

    Judged on the resolved stacks, for people of every group a condition names that has members:
    ``nopasswdlogin`` opens nothing while nobody is in it. Mended by hand: whoever came in so must
    know a password first.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (PamStack,)}
    type: Literal["pam_asks"]
    state: Literal["always"]

    def slot(self) -> str:
        """There is one answer for a device."""
        return f"{self.type}:{UNASKED}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The one list."""
        del read
        return frozenset({UNASKED})

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
        """The slot and the state."""
        return f"{self.slot()} {self.state}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """Never called: there is no target."""
        del settings
        raise ValueError(target.key)
