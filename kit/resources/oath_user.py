"""The second factor of one account on a post: a TOTP seed, compared by a keyed digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal, Self

from pydantic import model_validator

from kit.i18n import _
from kit.model.artefact import Artefact, OathUserArtefact
from kit.model.device import AccountName
from kit.model.enrolment import Digest
from kit.model.facts import Facts
from kit.model.meta import Meta, Phase
from kit.model.observation import Absent, Observation, Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.secret import SecretName, SecretReference
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.oath_users import NEVER, OathUsers

KIND: Final = "HOTP/T30/6"
"""RFC 6238 with steps of 30 seconds and six digits, as liboath names it."""


class OathUser(Setting):
    """One account's line of ``/etc/users.oath``.

    .. code-block:: yaml

        type: oath_user
        account: durand
        secret: totp/p-abcdefghijkl
        digest: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

        {type: oath_user, account: martin, state: absent}

    ``secret`` is the seed's name in the vault, hexadecimal digits; ``digest`` what the read shows
    of it. pam_oath keeps in the line what makes a code good for once only: a line of the right
    seed is never written again.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (OathUsers,)}
    type: Literal["oath_user"]
    account: AccountName
    state: Literal["present", "absent"] = "present"
    secret: SecretName | None = None
    digest: Digest | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = self.secret is not None and self.digest is not None
        if (self.state == "present") != given or (self.secret is None) != (self.digest is None):
            raise ValueError(_("a secret and its digest go with “present”, and only with it."))
        return self

    def slot(self) -> str:
        """``oath_user:ACCOUNT``."""
        return f"{self.type}:{self.account}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The line, and when it was last used: what proves that the person has the factor."""
        del read
        return frozenset({f"line {self.account}", f"used {self.account}"})

    def expectation(self, read: str, key: str) -> Expectation:
        """The seed's digest; that its use can be told."""
        del read
        if self.state == "absent":
            return Expectation(Operator.ABSENT)
        if key.startswith("used "):
            return Expectation(Operator.PRESENT)
        return Expectation(Operator.EQUALS, f"{KIND} {self.digest}")

    def enforced(self) -> Mapping[str, Observations]:
        """A line that was never used, or none."""
        line, used = f"line {self.account}", f"used {self.account}"
        shown: dict[str, Observation] = {line: Absent(), used: Absent()}
        if self.state == "present":
            shown = {line: Observed(f"{KIND} {self.digest}"), used: Observed(NEVER)}
        return {OathUsers.id: shown}

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The account's line."""
        del facts
        return (Target(ArtefactKind.OATH_USER, self.account, OathUsers.id),)

    def meta(self, facts: Facts) -> Meta:
        """Before anybody is asked for a code; management accounts have none."""
        del facts
        return Meta(phase=Phase.ACCOUNTS)

    def values_shown(self) -> str:
        """``oath_user:ACCOUNT present``."""
        return f"{self.slot()} {self.state}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The line; its seed is named, not held."""
        one = next(one for one in settings if isinstance(one, OathUser))
        seed = SecretReference(secret=one.secret) if one.secret is not None else None
        return OathUserArtefact(name=target.id, state=one.state, seed=seed)
