"""AppArmor: in force on the kernel that runs, and in earnest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal

from kit.model.meta import Phase
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass
from kit.reads.apparmor_state import COMPLAINING, ENABLED, ENFORCED, ApparmorState
from kit.resources.observed_only import ObservedOnly

_EXPECTED: Final[Mapping[str, Mapping[str, Expectation]]] = {
    "in_force": {
        ENABLED: Expectation(Operator.EQUALS, "yes"),
        ENFORCED: Expectation(Operator.AT_LEAST, 1),
    },
    "in_earnest": {
        ENABLED: Expectation(Operator.EQUALS, "yes"),
        COMPLAINING: Expectation(Operator.EMPTY, ()),
    },
}


class Apparmor(ObservedOnly):
    """What the kernel itself says of AppArmor. Only read.

    .. code-block:: yaml

        {type: apparmor, state: in_force}       # enabled, at least one profile holds
        {type: apparmor, state: in_earnest}     # enabled, no profile that only complains

    Mended by hand: an option of the boot and a restart, or a look at what a profile would refuse.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (ApparmorState,)}
    phase: ClassVar[Phase] = Phase.KERNEL
    type: Literal["apparmor"]
    state: Literal["in_force", "in_earnest"]

    def slot(self) -> str:
        """``apparmor:STATE``."""
        return f"{self.type}:{self.state}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """What shows it."""
        del read
        return frozenset(_EXPECTED[self.state])

    def expectation(self, read: str, key: str) -> Expectation:
        """Of each key its own."""
        del read
        return _EXPECTED[self.state][key]

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()
