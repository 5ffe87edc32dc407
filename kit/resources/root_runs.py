"""Nobody but root can change what root runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from kit.model.meta import Phase
from kit.model.platform import Platform
from kit.model.setting import ReadClass
from kit.reads.root_runs import CHANGEABLE, RootRuns
from kit.resources.observed_only import NothingListed


class RootRunsOwn(NothingListed):
    """Programs, units, tables of cron and start-up files of root are root's to change. Only read.

    .. code-block:: yaml

        {type: root_runs, state: own}

    Mended by hand: a program in somebody's home is moved and looked at before it is trusted.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (RootRuns,)}
    phase: ClassVar[Phase] = Phase.ACCESS
    type: Literal["root_runs"]
    state: Literal["own"]

    def slot(self) -> str:
        """There is one answer for a device."""
        return f"{self.type}:{self.state}"

    def listed(self) -> str:
        """The key of the list."""
        return CHANGEABLE

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()
