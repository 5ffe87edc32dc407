"""No way in lets in an account that has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from kit.model.meta import Phase
from kit.model.platform import Platform
from kit.model.setting import ReadClass
from kit.reads.pam_stack import LETS_ENDED, PamStack
from kit.resources.observed_only import NothingListed


class PamRefuses(NothingListed):
    """No service of PAM lets in, or makes root of, an account whose last day is over. Only read.

    .. code-block:: yaml

        {type: pam_refuses, whom: ended}

    Judged on the resolved account phases: that an account has ended is written in /etc/shadow, and
    holds where pam_unix is asked for it. Mended by hand: a line that spares somebody the question
    has an author.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (PamStack,)}
    phase: ClassVar[Phase] = Phase.ACCESS
    type: Literal["pam_refuses"]
    whom: Literal["ended"]

    def slot(self) -> str:
        """There is one answer for a device."""
        return f"{self.type}:{self.whom}"

    def listed(self) -> str:
        """The key of the list."""
        return LETS_ENDED

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()
