"""Nobody is given another's rights by a file that is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from kit.model.meta import Phase
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass
from kit.reads.privileged_files import PrivilegedFiles
from kit.resources.observed_only import ObservedOnly


class PrivilegedFilesKnown(ObservedOnly):
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

    def keys(self, read: ReadClass) -> frozenset[str]:
        """All of the device."""
        del read
        return frozenset({f"{self.by} /"})

    def expectation(self, read: str, key: str) -> Expectation:
        """Nothing on it."""
        del read, key
        return Expectation(Operator.EMPTY, ())

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()
