"""Who is in a local group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from kit.i18n import _
from kit.model.artefact import AccountName, Artefact, MembershipArtefact
from kit.model.facts import Facts
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import Absent, Instances, Observation, Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Conflict, Detail, Expectation, Question, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.accounts import CONFIGURED, EFFECTIVE, Accounts

_OPERATORS: Final = frozenset({Operator.CONTAINS_ALL, Operator.CONTAINS_NONE, Operator.EXACTLY})


class Membership(Setting):
    """The members of a group, those whose own group it is included.

    .. code-block:: yaml

        {type: membership, group: sudo, accounts: [esms]}                    # these at least
        {type: membership, group: sudo, op: exactly, accounts: [esms]}       # and nobody else
        {type: membership, group: docker, op: contains_none, accounts: [agent]}

    Rules that add to one group go together. ``create`` makes a missing group. Whoever is in a
    group by its own account is not taken out of it.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (Accounts,)}
    type: Literal["membership"]
    group: AccountName
    op: Operator = Operator.CONTAINS_ALL
    accounts: Annotated[tuple[AccountName, ...], Field(max_length=200)]
    create: bool = False

    @field_validator("op")
    @classmethod
    def _of_lists(cls, op: Operator) -> Operator:
        if op not in _OPERATORS:
            raise ValueError(
                _("the operator of a membership is one of: {operators}.").format(
                    operators=", ".join(sorted(_OPERATORS))
                )
            )
        return op

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.accounts and self.op is not Operator.EXACTLY:
            raise ValueError(_("a membership names at least one account."))
        return self

    def slot(self) -> str:
        """``membership:GROUP``."""
        return f"{self.type}:{self.group}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The members of the group."""
        del read
        return frozenset({self._key()})

    def _key(self) -> str:
        return f"group {self.group} members"

    def expectation(self, read: str, key: str) -> Expectation:
        """What the members must meet, in the file and as programs are told."""
        del read, key
        if self.op is Operator.EXACTLY and not self.accounts:
            return Expectation(Operator.EMPTY, ())
        return Expectation(self.op, self.accounts)

    def _judge_key(self, asked: Question, seen: Observation) -> Detail:
        """Nobody is in a group that is not there."""
        empties = not self.accounts or self.op is Operator.CONTAINS_NONE
        if isinstance(seen, Absent) and empties:
            seen = Observed(())
        return super()._judge_key(asked, seen)

    def enforced(self) -> Mapping[str, Observations]:
        """The members this rule asks for."""
        members = () if self.op is Operator.CONTAINS_NONE else self.accounts
        return {Accounts.id: {self._key(): _shown(members)}}

    def among(self, settings: Sequence[Setting]) -> Self:
        """Who is added by another rule is not too many for this one."""
        if self.op is not Operator.EXACTLY:
            return self
        return self.model_copy(update={"accounts": _members(settings)})

    @classmethod
    def combined(cls, settings: Sequence[Self]) -> Mapping[str, Observations]:
        """All that is added; an error when somebody is to be in and out."""
        members = _members(settings)
        out = {
            name for one in settings if one.op is Operator.CONTAINS_NONE for name in one.accounts
        }
        if out & set(members):
            raise Conflict(settings[0].slot())
        return {Accounts.id: {settings[0]._key(): _shown(members)}}

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The group."""
        del facts
        return (Target(ArtefactKind.MEMBERSHIP, self.group, Accounts.id),)

    def meta(self, facts: Facts) -> Meta:
        """Whoever leaves a group may lose a way in: sshd, PAM and sudo ask for groups."""
        del facts
        adds = self.op is Operator.CONTAINS_ALL
        cuts = frozenset() if adds else frozenset({Path.LOGIN, Path.SSH, Path.SUDO})
        requires = tuple(f"account:{name}" for name in self.accounts)
        return Meta(phase=Phase.ACCOUNTS, may_cut=cuts, requires=requires)

    def values_shown(self) -> str:
        """``membership:GROUP contains_all NAME, NAME``."""
        return f"{self.slot()} {self.op} {', '.join(self.accounts) or '-'}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """What all rules ask of the group together."""
        given = [one for one in settings if isinstance(one, Membership)]
        out = {name for one in given if one.op is Operator.CONTAINS_NONE for name in one.accounts}
        return MembershipArtefact(
            group=target.id,
            present=_members(given),
            absent=tuple(sorted(out)),
            exactly=any(one.op is Operator.EXACTLY for one in given),
            create=any(one.create for one in given),
        )


def _members(settings: Sequence[Setting]) -> tuple[str, ...]:
    given = [one for one in settings if isinstance(one, Membership)]
    wanted = {
        one for each in given if each.op is not Operator.CONTAINS_NONE for one in each.accounts
    }
    return tuple(sorted(wanted))


def _shown(members: Sequence[str]) -> Observation:
    seen = Observed(tuple(sorted(members)))
    return Instances(complete=True, items={CONFIGURED: seen, EFFECTIVE: seen})
