"""No session opens by itself when the device starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from kit.model.meta import Phase
from kit.model.platform import Platform
from kit.model.setting import ReadClass
from kit.reads.automatic_logins import EVERY, AutomaticLogins
from kit.resources.observed_only import NothingListed


class AutomaticLogin(NothingListed):
    """No log-in screen and no terminal lets anybody in without asking. Only read.

    .. code-block:: yaml

        {type: automatic_login, state: absent}

    Mended by hand: a post that opens by itself may be somebody's choice (a display in the hall),
    and who works there must know a password before it stops.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (AutomaticLogins,)}
    phase: ClassVar[Phase] = Phase.ACCESS
    type: Literal["automatic_login"]
    state: Literal["absent"]

    def slot(self) -> str:
        """There is one answer for a device."""
        return f"{self.type}:{EVERY}"

    def listed(self) -> str:
        """The key of the list."""
        return EVERY

    def values_shown(self) -> str:
        """The slot and the state."""
        return f"{self.slot()} {self.state}"
