"""Who is asked for a second factor at login, and when an account is locked, through PAM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.artefact import Artefact, PamArtefact, PamProfile
from kit.model.device import AccountName
from kit.model.enrolment import PamService
from kit.model.facts import Facts
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import Observation, Observations, Observed, ObservedValue
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Detail, Expectation, Question, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.file_text import FileText
from kit.reads.pam_lockout import NO_LOCKOUT
from kit.reads.pam_stack import CARD, CODE, PASSWORD, PamStack

FOLDER: Final = "/usr/share/pam-configs"
USERS_FILE: Final = "/etc/users.oath"
ANNOUNCE: Final = "esms-kit-lockout"
COUNT: Final = "esms-kit-lockout-count"
ASK: Final = "esms-kit-second-factor"
_ALSO: Final[Mapping[str, tuple[str, ...]]] = {"sudo": ("sudo", "sudo-i")}
# First of the "Primary" block of common-auth, last of it, first of the "Additional" block.
_FIRST, _LAST, _AFTER = 1024, 0, 512


class PamPolicy(Setting):
    """What PAM asks of whom on a post.

    .. code-block:: yaml

        type: pam_policy
        services: [login, sshd, sudo]
        group: kit-2fa           # only its members are asked; without it everybody but `exempt`
        exempt: [esms, kit-secours]
        never_locked: [kit-secours]

    ``exempt`` accounts (the management account, the break-glass account) are never asked for a
    code; a code is one of TOTP, checked by pam_oath. After ``attempts`` failures within
    ``interval`` seconds, of the password or of the code, an account is locked for ``unlock``
    seconds, but for ``never_locked`` ones.

    It is laid out as profiles of pam-auth-update. What holds is judged on the resolved stack of
    each service; a service that is not installed is left out.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {
        Platform.LINUX: (FileText, PamStack)
    }
    type: Literal["pam_policy"]
    services: Annotated[tuple[PamService, ...], Field(min_length=1)]
    group: AccountName | None = None
    exempt: Annotated[tuple[AccountName, ...], Field(min_length=1, max_length=20)]
    never_locked: Annotated[tuple[AccountName, ...], Field(max_length=20)] = ()
    attempts: Annotated[int, Field(ge=3, le=20)] = 4
    interval: Annotated[int, Field(ge=60, le=3600)] = 900
    unlock: Annotated[int, Field(ge=60, le=3600)] = 900
    window: Annotated[int, Field(ge=0, le=3)] = 1

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for names in (self.services, self.exempt, self.never_locked):
            if len(set(names)) != len(names):
                raise ValueError(_("a name stands twice in this list."))
        return self

    def slot(self) -> str:
        """There is one policy on a device."""
        return f"{self.type}:esms-kit"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """Our profiles, and what each service asks of each kind of person."""
        return frozenset(self._wanted().get(read.id, {}))

    def expectation(self, read: str, key: str) -> Expectation:
        """Of a profile its text; of a service what it must ask, unless it is not there."""
        value = self._wanted()[read][key]
        op = Operator.EQUALS if read == FileText.id else Operator.EQUAL_OR_ABSENT
        return Expectation(op, value)

    def _judge_key(self, asked: Question, seen: Observation) -> Detail:
        """A card and its PIN are two factors as well as a password and a code."""
        if asked.expected.value == CODE and seen == Observed(CARD):
            asked = replace(asked, expected=Expectation(asked.expected.op, CARD))
        return super()._judge_key(asked, seen)

    def enforced(self) -> Mapping[str, Observations]:
        """Just what is asked for."""
        return {
            read: {key: Observed(value) for key, value in keys.items()}
            for read, keys in self._wanted().items()
        }

    def _wanted(self) -> dict[str, dict[str, ObservedValue]]:
        texts = {f"text {FOLDER}/{one.name}": one.content for one in self.profiles()}
        asked: dict[str, ObservedValue] = {}
        for service in self._called():
            who = f"member {self.group}" if self.group else "anyone"
            asked[f"{service} {who}"] = CODE
            asked[f"{service} lockout"] = (
                f"deny={self.attempts}",
                f"fail_interval={self.interval}",
                f"unlock_time={self.unlock}",
            )
            asked |= {f"{service} account {name}": PASSWORD for name in self.exempt}
            asked |= {f"{service} lockout-account {n}": NO_LOCKOUT for n in self.never_locked}
        return {FileText.id: dict(texts), PamStack.id: asked}

    def _called(self) -> tuple[str, ...]:
        """The names programs call PAM by: ``sudo -i`` has one of its own."""
        return tuple(name for one in self.services for name in _ALSO.get(one, (one,)))

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The kit's part of PAM, shown by its profiles and by what holds."""
        del facts
        return tuple(Target(ArtefactKind.PAM, "esms-kit", read.id) for read in (FileText, PamStack))

    def meta(self, facts: Facts) -> Meta:
        """Whatever goes wrong here, nobody gets in."""
        del facts
        return Meta(
            phase=Phase.ACCESS,
            may_cut=frozenset({Path.SSH, Path.LOGIN, Path.SUDO}),
            requires=("package:libpam-oath",),
        )

    def values_shown(self) -> str:
        """``pam_policy:esms-kit login, sshd: password and code (kit-2fa), not: esms``."""
        who = self.group or "*"
        asked = f"{', '.join(self.services)}: {CODE} ({who})"
        return f"{self.slot()} {asked}, not: {', '.join(self.exempt)}"

    def profiles(self) -> tuple[PamProfile, ...]:
        """The kit's profiles, byte-stable."""
        limits = f"deny={self.attempts} fail_interval={self.interval} unlock_time={self.unlock}"
        spared = _unless("user in", self.never_locked, 1)
        count = f"[default=die] pam_faillock.so authfail {limits}"
        before = (*spared, f"requisite pam_faillock.so preauth {limits}")
        return (
            _profile(
                ANNOUNCE, "lock-out, announced", _FIRST, "Primary", before, ("pam_faillock.so",)
            ),
            _profile(COUNT, "lock-out, counted", _LAST, "Primary", (*spared, count)),
            _profile(ASK, "second factor", _AFTER, "Additional", self._asking(count)),
        )

    def _asking(self, count: str) -> tuple[str, ...]:
        """Who is not concerned jumps over the rest; a wrong code counts as a failure."""
        ask = (
            f"[success=2 default=ignore] pam_oath.so usersfile={USERS_FILE}"
            f" window={self.window} digits=6"
        )
        asking = (ask, count, "requisite pam_deny.so")
        conditions = [("service notin", self._called()), ("user in", self.exempt)]
        if self.group:
            conditions.append(("user notingroup", (self.group,)))
        lines: list[str] = []
        for left, (condition, names) in zip(
            range(len(conditions) - 1, -1, -1), conditions, strict=True
        ):
            lines += _unless(condition, names, left + len(asking))
        return (*lines, *asking)

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The one policy of the device, as profiles."""
        del target
        policies = [one for one in settings if isinstance(one, PamPolicy)]
        return PamArtefact(profiles=policies[0].profiles())


def _unless(condition: str, names: Sequence[str], jump: int) -> tuple[str, ...]:
    if not names:
        return ()
    listed = ":".join(sorted(names))
    return (f"[success={jump} default=ignore] pam_succeed_if.so quiet {condition} {listed}",)


def _profile(
    name: str,
    title: str,
    priority: int,
    block: str,
    auth: Sequence[str],
    account: Sequence[str] = (),
) -> PamProfile:
    lines = [
        f"Name: esms-kit: {title}",
        "Default: yes",
        f"Priority: {priority}",
        f"Auth-Type: {block}",
        "Auth:",
        *(f"\t{line}" for line in auth),
    ]
    if account:
        lines += ["Account-Type: Primary", "Account:", *(f"\trequired {one}" for one in account)]
    return PamProfile(name=name, content="\n".join(lines) + "\n")
