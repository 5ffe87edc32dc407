"""Every way in asks for something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from kit.model.meta import Phase
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass
from kit.reads.pam_stack import UNASKED, PamStack
from kit.resources.observed_only import ObservedOnly


class PamAsks(ObservedOnly):
    """No service of PAM lets a person in, or makes root of one, without asking. Only read.

    .. code-block:: yaml

        {type: pam_asks, state: always}

    Judged on the resolved stacks, for people of every group a condition names that has members:
    ``nopasswdlogin`` opens nothing while nobody is in it. Mended by hand: whoever came in so must
    know a password first.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (PamStack,)}
    phase: ClassVar[Phase] = Phase.ACCESS
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

    def values_shown(self) -> str:
        """The slot and the state."""
        return f"{self.slot()} {self.state}"
