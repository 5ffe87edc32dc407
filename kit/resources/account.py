"""A local account: there or not, what it logs in to, and whether a password opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import ClassVar, Final, Literal, Self

from pydantic import model_validator

from kit.i18n import _
from kit.model.artefact import AbsolutePath, AccountArtefact, AccountName, Artefact, Expiry
from kit.model.facts import Facts
from kit.model.meta import Fix, Meta, Path, Phase
from kit.model.observation import Absent, Instances, Observation, Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.secret import SecretReference
from kit.model.setting import Conflict, Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.accounts import CONFIGURED, EFFECTIVE, Accounts

_NO_SHELLS: Final = frozenset({"nologin", "false"})
_KEYS_ONLY: Final = ("locked", "none")
_FIELDS: Final = ("home", "shell")


class Account(Setting):
    """An account of the device itself.

    .. code-block:: yaml

        type: account
        name: esms
        shell: /bin/bash
        password: none           # only keys open it; or "set", or left as it is
        expires: never           # or a day: from then on nothing opens it, keys included

        {type: account, name: guest, state: absent}

        {type: account, name: martin, state: closed, expires: "2026-10-31"}

        type: account
        name: secours
        password: set
        secret: {secret: break-glass/pc-01}      # named, never held

    ``system`` counts when it is made. What is not given is left as it is, and not judged. A
    password that must be set is put in place only when ``secret`` names one; which one it is
    cannot be read back. Its home stays when an account goes. One that is ``closed`` opens to
    nobody from that day on, its files stay; one that is not there is closed as well.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (Accounts,)}
    type: Literal["account"]
    name: AccountName
    state: Literal["present", "closed", "absent"] = "present"
    system: bool = False
    home: AbsolutePath | None = None
    shell: AbsolutePath | None = None
    password: Literal["set", "none"] | None = None
    expires: Expiry | None = None
    secret: SecretReference | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        given = (self.home, self.shell, self.password, self.expires, self.secret)
        if self.state == "absent" and any(one is not None for one in given):
            raise ValueError(_("an account that is not to be has nothing else to set."))
        if self.secret is not None and self.password != "set":  # noqa: S105 - a word of ours
            raise ValueError(_("a secret goes with “password: set”."))
        closed = self.expires not in {None, "never"} and not any(given[:3]) and not self.system
        if self.state == "closed" and not closed:
            raise ValueError(_("a closed account has the day it was closed, and no more to set."))
        return self

    def slot(self) -> str:
        """``account:NAME``."""
        return f"{self.type}:{self.name}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """What is asked of the account."""
        del read
        return frozenset(self._expected())

    def expectation(self, read: str, key: str) -> Expectation:
        """Of each key its own."""
        del read
        return self._expected()[key]

    def _expected(self) -> dict[str, Expectation]:
        start = f"account {self.name}"
        if self.state == "absent":
            return {f"{start} state": Expectation(Operator.ABSENT)}
        if self.state == "closed" and self.expires is not None:
            return {f"{start} expires": Expectation(Operator.EQUAL_OR_ABSENT, self.expires)}
        found = {f"{start} state": Expectation(Operator.EQUALS, "present")}
        for name in _FIELDS:
            if getattr(self, name) is not None:
                found[f"{start} {name}"] = Expectation(Operator.EQUALS, getattr(self, name))
        if self.system:
            found[f"{start} class"] = Expectation(Operator.EQUALS, "system")
        if self.expires is not None:
            found[f"{start} expires"] = Expectation(Operator.EQUALS, self.expires)
        if self.password is not None:
            wanted = _KEYS_ONLY if self.password == "none" else ("set",)  # noqa: S105 - as above
            found[f"{start} password"] = Expectation(Operator.ONE_OF, wanted)
        return found

    def enforced(self) -> Mapping[str, Observations] | None:
        """As the files will show it; nothing where a password is wanted that nobody names."""
        if self.password == "set" and self.secret is None:  # noqa: S105 - as above
            return None
        return {Accounts.id: {key: _shown(key, one) for key, one in self._expected().items()}}

    @classmethod
    def combined(cls, settings: Sequence[Self]) -> Mapping[str, Observations]:
        """What rules ask of different sides of one account goes together."""
        if len({one.state for one in settings}) > 1:
            raise Conflict(settings[0].slot())
        shown: dict[str, Observation] = {}
        for one in settings:
            for key, wanted in (one.enforced() or {}).get(Accounts.id, {}).items():
                if shown.setdefault(key, wanted) != wanted:
                    raise Conflict(one.slot())
        return {Accounts.id: shown}

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The account."""
        del facts
        return (Target(ArtefactKind.ACCOUNT, self.name, Accounts.id),)

    def meta(self, facts: Facts) -> Meta:
        """Whoever comes in as this account may be shut out, and lose what it may do."""
        del facts
        cuts: set[Path] = set()
        if self.state == "absent" or self.expires not in {None, "never"} or self._no_shell():
            cuts = {Path.LOGIN, Path.SSH, Path.SUDO}
        elif self.password is not None:
            cuts = {Path.LOGIN, Path.SUDO}  # a session or sudo that asks for the former password
        elif self.home is not None or self.shell is not None:
            cuts = {Path.LOGIN, Path.SSH}  # keys stand in the home; a shell may not work
        gone = self.state == "absent"
        return Meta(
            phase=Phase.ONE_WAY if gone else Phase.ACCOUNTS,
            fix=Fix.REMOTE if self.enforced() is not None else Fix.BY_HAND,
            may_cut=frozenset(cuts),
            reversible=not gone,
        )

    def _no_shell(self) -> bool:
        return self.shell is not None and PurePosixPath(self.shell).name in _NO_SHELLS

    def values_shown(self) -> str:
        """``account:NAME`` and what is wanted of it; never a secret."""
        sides = ("shell", "home", "password", "expires")
        given = [f"{name} {getattr(self, name)}" for name in sides if getattr(self, name)]
        return f"{self.slot()} {', '.join([self.state, *given])}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The account with what every rule asks of it."""
        given = [one for one in settings if isinstance(one, Account)]
        if any(one.state == "absent" for one in given):
            return AccountArtefact(name=target.id, state="absent")
        passwords = {one.password for one in given if one.password is not None}
        secrets = sorted((one.secret for one in given if one.secret is not None), key=str)
        locked = {"none": True, "set": False}.get(passwords.pop()) if passwords else None
        return AccountArtefact(
            name=target.id,
            make=any(one.state == "present" for one in given),
            system=any(one.system for one in given),
            home=next((one.home for one in given if one.home is not None), None),
            shell=next((one.shell for one in given if one.shell is not None), None),
            locked=locked,
            expires=next((one.expires for one in given if one.expires is not None), None),
            password=secrets[0] if secrets else None,
        )


def _shown(key: str, expected: Expectation) -> Observation:
    if expected.op is Operator.ABSENT:
        return Absent()
    value = expected.value
    if isinstance(value, tuple):
        return Observed(value[-1])
    if key.rpartition(" ")[2] in {*_FIELDS, "class"}:
        items = {CONFIGURED: Observed(value), EFFECTIVE: Observed(value)}
        return Instances(complete=True, items=items)
    return Observed(value)
