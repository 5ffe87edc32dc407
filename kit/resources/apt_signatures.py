"""No package without a signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from kit.model.meta import Phase
from kit.model.platform import Platform
from kit.model.setting import ReadClass
from kit.reads.apt_sources import UNSIGNED, AptSources
from kit.resources.observed_only import NothingListed


class AptSignatures(NothingListed):
    """Nothing spares apt the signature of what it installs. Only read.

    .. code-block:: yaml

        {type: apt_signatures, state: required}

    Mended by hand: whoever serves packages without a signature has to sign them first.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (AptSources,)}
    phase: ClassVar[Phase] = Phase.FILES
    type: Literal["apt_signatures"]
    state: Literal["required"]

    def slot(self) -> str:
        """There is one answer for a device."""
        return f"{self.type}:{UNSIGNED}"

    def listed(self) -> str:
        """The key of the list."""
        return UNSIGNED

    def values_shown(self) -> str:
        """The slot and the state."""
        return f"{self.slot()} {self.state}"
