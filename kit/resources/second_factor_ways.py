"""Ways into a post past the second factor: SSH keys, other log-in screens, sessions that open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from kit.model.device import AccountName
from kit.model.enrolment import PamService
from kit.model.meta import Phase
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass
from kit.reads.automatic_logins import EVERY, AutomaticLogins
from kit.reads.pam_stack import PamStack
from kit.reads.sshd_loaded import DAEMON_KEY, SshdLoaded
from kit.reads.sshd_ways import SshdWays
from kit.reads.sudoers import Sudoers
from kit.resources.observed_only import ObservedOnly

_AT_THE_POST: Final = frozenset({"gdm-password", "lightdm", "login"})
# With the first three sudo has PAM ask root, or whoever else it is to become, whom nobody asks for
# a code; with the others it calls PAM by a name the code may not be asked by (sudoers(5)).
_SUDO: Final = {
    **{
        name: Expectation(Operator.EQUAL_OR_ABSENT, value=False)
        for name in ("rootpw", "runaspw", "targetpw")
    },
    "pam_askpass_service": Expectation(Operator.EQUAL_OR_ABSENT, "sudo"),
    "pam_login_service": Expectation(Operator.EQUAL_OR_ABSENT, "sudo-i"),
    "pam_service": Expectation(Operator.EQUAL_OR_ABSENT, "sudo"),
}
_UP_TO_DATE: Final = ("loaded", "on_demand", "stopped")


class SecondFactorWays(ObservedOnly):
    """No way past the code for those who are asked for one. Only read, beside ``pam_policy``.

    .. code-block:: yaml

        type: second_factor_ways
        services: [login, sshd, sudo]
        group: kit-2fa           # its members are asked; without it everybody but `exempt`
        exempt: [esms, kit-secours]
        if_none: not_applicable  # of sshd, where there is none

    Where sshd asks for a code: nobody of them has a key, or another proof, with which sshd lets in
    without asking PAM. Where the post itself does: no other log-in screen lets in with less than
    two factors (a fingerprint is one, a card with its PIN two), and none opens a session by itself.
    Where sudo does: neither polkit nor doas makes root of one of them with less, and no option of
    sudo has somebody else asked, or PAM called by another name.

    Mended by hand. A key is somebody's, and whoever opens a session with it must know a password
    and have a code before it goes; the management account is ``exempt``, and nothing here may shut
    it out.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {
        Platform.LINUX: (AutomaticLogins, PamStack, SshdLoaded, SshdWays, Sudoers)
    }
    phase: ClassVar[Phase] = Phase.ACCESS
    type: Literal["second_factor_ways"]
    services: Annotated[tuple[PamService, ...], Field(min_length=1)]
    group: AccountName | None = None
    exempt: Annotated[tuple[AccountName, ...], Field(min_length=1, max_length=20)]

    def slot(self) -> str:
        """There is one policy on a device."""
        return f"{self.type}:esms-kit"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """What is asked of sshd, and of the post itself."""
        return frozenset(self._expected().get(read.id, {}))

    def expectation(self, read: str, key: str) -> Expectation:
        """Nothing found; and sshd has read the files that say so."""
        return self._expected()[read][key]

    def _expected(self) -> dict[str, dict[str, Expectation]]:
        nothing = Expectation(Operator.EMPTY, ())
        spared = ",".join(sorted(self.exempt))
        found: dict[str, dict[str, Expectation]] = {}
        if "sshd" in self.services:
            who = f"group {self.group}" if self.group else "anyone"
            found[SshdWays.id] = {f"{who} except {spared}": nothing}
            found[SshdLoaded.id] = {DAEMON_KEY: Expectation(Operator.ONE_OF, _UP_TO_DATE)}
        if _AT_THE_POST & set(self.services):
            who = f"member {self.group}" if self.group else "anyone"
            found[PamStack.id] = {f"doors {who} except {spared}": nothing}
            found[AutomaticLogins.id] = {EVERY: nothing}
        if "sudo" in self.services:
            who = f"member {self.group}" if self.group else "anyone"
            found.setdefault(PamStack.id, {})[f"root doors {who} except {spared}"] = nothing
            found[Sudoers.id] = {f"default {name}": one for name, one in _SUDO.items()}
        return found

    def values_shown(self) -> str:
        """``second_factor_ways:esms-kit login, sshd (kit-2fa), not: esms``."""
        asked = f"{', '.join(self.services)} ({self.group or '*'})"
        return f"{self.slot()} {asked}, not: {', '.join(self.exempt)}"
