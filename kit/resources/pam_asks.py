"""Every way in asks for something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from kit.model.meta import Phase
from kit.model.platform import Platform
from kit.model.setting import ReadClass
from kit.reads.pam_stack import UNASKED, PamStack
from kit.resources.observed_only import NothingListed


class PamAsks(NothingListed):
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

    def listed(self) -> str:
        """The key of the list."""
        return UNASKED

    def values_shown(self) -> str:
        """The slot and the state."""
        return f"{self.slot()} {self.state}"
