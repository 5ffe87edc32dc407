"""Nobody is made root unasked by doas or polkit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from kit.model.meta import Phase
from kit.model.platform import Platform
from kit.model.setting import ReadClass
from kit.reads.root_grants import RootGrants
from kit.resources.observed_only import NothingListed


class RootGrant(NothingListed):
    """Rules of another program than sudo that make root of people without a password. Only read.

    .. code-block:: yaml

        {type: root_grant, by: doas}
        {type: root_grant, by: polkit}

    Mended by hand: somebody wrote such a rule for something that works today.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (RootGrants,)}
    phase: ClassVar[Phase] = Phase.ACCESS
    type: Literal["root_grant"]
    by: Literal["doas", "polkit"]

    def slot(self) -> str:
        """``root_grant:PROGRAM``."""
        return f"{self.type}:{self.by}"

    def listed(self) -> str:
        """The key of the list."""
        return self.by

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()
