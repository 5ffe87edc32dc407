"""No session opens by itself when the device starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from kit.model.artefact import Artefact
from kit.model.facts import Facts
from kit.model.meta import Fix, Meta, Phase
from kit.model.observation import Observations
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import Target
from kit.reads.automatic_logins import EVERY, AutomaticLogins


class AutomaticLogin(Setting):
    """No log-in screen and no terminal lets anybody in without asking. Only read.

    .. code-block:: yaml

        {type: automatic_login, state: absent}

    Mended by hand: a post that opens by itself may be somebody's choice (a display in the hall),
    and who works there must know a password before it stops.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (AutomaticLogins,)}
    type: Literal["automatic_login"]
    state: Literal["absent"]

    def slot(self) -> str:
        """There is one answer for a device."""
        return f"{self.type}:{EVERY}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The one list."""
        del read
        return frozenset({EVERY})

    def expectation(self, read: str, key: str) -> Expectation:
        """Nothing on it."""
        del read, key
        return Expectation(Operator.EMPTY, ())

    def enforced(self) -> Mapping[str, Observations] | None:
        """Nothing."""
        return None

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """None."""
        del facts
        return ()

    def meta(self, facts: Facts) -> Meta:
        """Mended by hand."""
        del facts
        return Meta(phase=Phase.ACCESS, fix=Fix.BY_HAND)

    def values_shown(self) -> str:
        """The slot and the state."""
        return f"{self.slot()} {self.state}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """Never called: there is no target."""
        del settings
        raise ValueError(target.key)
