"""Nobody is given another's rights by a file that is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from kit.model.meta import Phase
from kit.model.platform import Platform
from kit.model.setting import ReadClass
from kit.reads.privileged_files import PrivilegedFiles
from kit.resources.observed_only import NothingListed


class PrivilegedFilesKnown(NothingListed):
    """Programs with setuid, setgid or capabilities: those of the distribution, and no others.

    .. code-block:: yaml

        {type: privileged_files, by: bits}
        {type: privileged_files, by: capabilities}

    Only read: a program that loses such a right stops doing what it is there for. One of an editor
    that needs it is waived, with a reason and an end.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (PrivilegedFiles,)}
    phase: ClassVar[Phase] = Phase.FILES
    type: Literal["privileged_files"]
    by: Literal["bits", "capabilities"]

    def slot(self) -> str:
        """``privileged_files:MEANS``."""
        return f"{self.type}:{self.by}"

    def listed(self) -> str:
        """The key of the list."""
        return f"{self.by} /"

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()
