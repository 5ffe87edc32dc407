"""A unit of systemd that whatever starts it can start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal

from kit.model.artefact import UnitName
from kit.model.meta import Phase
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass
from kit.reads.services import Services
from kit.resources.observed_only import ObservedOnly

_CAN_START: Final = (
    *("alias", "disabled", "enabled", "enabled-runtime", "generated", "indirect", "linked"),
    *("linked-runtime", "not-found", "static", "transient"),
)


class Startable(ObservedOnly):
    """A unit that nobody has masked: a timer or a socket that is on would start nothing.

    .. code-block:: yaml

        {type: startable, name: apt-daily-upgrade.service}

    One that is not there is no matter of this: what would start it does not run either. Only read:
    who masks a unit has a reason, and is to be asked for it.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (Services,)}
    phase: ClassVar[Phase] = Phase.SERVICES
    type: Literal["startable"]
    name: UnitName

    def slot(self) -> str:
        """``startable:UNIT``."""
        return f"{self.type}:{self.name}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """What systemd says of its file."""
        del read
        return frozenset({f"{self.name}:enabled"})

    def expectation(self, read: str, key: str) -> Expectation:
        """Whatever can be started, or is not there."""
        del read, key
        return Expectation(Operator.ONE_OF, _CAN_START)

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()
