"""Nothing keeps updates away from a package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal

from kit.model.meta import Phase
from kit.model.platform import Platform
from kit.model.setting import ReadClass
from kit.reads.update_holds import HELD, PINNED, RANKED, REFUSED, UpdateHolds
from kit.resources.observed_only import NothingListed

_KEYS: Final = {
    "dpkg": HELD,
    "pin": PINNED,
    "rank": RANKED,
    "unattended_upgrades": REFUSED,
}


class UpdateHold(NothingListed):
    """No package is held back, by one of four means. Only read.

    .. code-block:: yaml

        {type: update_hold, by: dpkg}                 # apt-mark hold
        {type: update_hold, by: pin}                  # a pin of some packages
        {type: update_hold, by: rank}                 # the archive of security, below others
        {type: update_hold, by: unattended_upgrades}  # its list of what it leaves out

    Mended by hand: somebody held the package for a reason, and is to be asked for it.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (UpdateHolds,)}
    phase: ClassVar[Phase] = Phase.FILES
    type: Literal["update_hold"]
    by: Literal["dpkg", "pin", "rank", "unattended_upgrades"]

    def slot(self) -> str:
        """``update_hold:MEANS``."""
        return f"{self.type}:{self.by}"

    def listed(self) -> str:
        """The key of the list."""
        return _KEYS[self.by]

    def values_shown(self) -> str:
        """The slot."""
        return self.slot()
