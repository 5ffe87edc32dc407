"""What sudo lets whom do, and how it behaves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.artefact import AccountName, Artefact, FileArtefact
from kit.model.facts import Facts
from kit.model.meta import Fix, Meta, Path, Phase
from kit.model.observation import Absent, Instances, Observation, Observations, Observed, Scalar
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.sudoers import ALL, ALL_FREELY, DROP_IN, DROP_IN_KEY, EVERYBODY, Sudoers
from kit.resources.generated_header import header

Option = Literal[
    "env_reset", "ignore_dot", "logfile", "noexec", "timestamp_timeout", "umask", "use_pty"
]
Whom = Annotated[str, Field(pattern=r"^%?[a-z_][a-z0-9_-]{0,31}$")]

_FLAGS: Final = frozenset({"env_reset", "ignore_dot", "noexec", "use_pty"})
_WORDS: Final[Mapping[str, re.Pattern[str]]] = {
    "logfile": re.compile(r"/[A-Za-z0-9_./-]{1,200}\Z"),
    "umask": re.compile(r"0[0-7]{3}\Z"),
}
_INCLUDED: Final = "included"
_MAIN: Final = "/etc/sudoers"


class SudoRule(Setting):
    """One thing about sudo, in one of three ways.

    .. code-block:: yaml

        {type: sudoers, option: use_pty, value: true}

        type: sudoers
        option: timestamp_timeout        # minutes
        op: between
        value: [0, 15]
        enforce: 15

        {type: sudoers, grant: esms, ask_password: false}     # everything, as anybody

        {type: sudoers, without_password: [esms]}             # nobody else; mended by hand

    The kit writes a file of its own, which sudo reads last; ``visudo`` has checked it, alone and
    with all others, before it is there. A device without sudo, proven, has nothing to judge when
    the rule says ``if_none: not_applicable``.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (Sudoers,)}
    owns: ClassVar[Mapping[Platform, tuple[str, ...]]] = {Platform.LINUX: (DROP_IN,)}
    type: Literal["sudoers"]
    option: Option | None = None
    op: Operator = Operator.EQUALS
    value: Scalar | tuple[int, int] | None = None
    enforce: Scalar | None = None
    grant: AccountName | None = None
    ask_password: bool = True
    without_password: tuple[Whom, ...] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [one is not None for one in (self.option, self.grant, self.without_password)]
        if sum(ways) != 1 or (self.option is None) is not (self.value is None):
            raise ValueError(_("give an option and its value, or a grant, or without_password."))
        value = self.enforced_value()
        if self.option is not None and value is not None and not _fits(self.option, value):
            raise ValueError(
                _("{name}: “{value}” cannot be its value.").format(name=self.option, value=value)
            )
        return self

    def enforced_value(self) -> Scalar | None:
        """What the kit's file sets the option to; ``None`` when nothing."""
        if self.enforce is not None:
            return self.enforce
        equality = {Operator.EQUALS, Operator.EQUAL_OR_ABSENT}
        single = None if isinstance(self.value, tuple) else self.value
        return single if self.op in equality else None

    def slot(self) -> str:
        """``sudoers:OPTION``, ``sudoers:grant:ACCOUNT`` or ``sudoers:without_password``."""
        if self.option is not None:
            return f"{self.type}:{self.option}"
        return f"{self.type}:{f'grant:{self.grant}' if self.grant else 'without_password'}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The one thing; and whether the kit's file is read, where one is written."""
        del read
        return frozenset({self._key(), *([DROP_IN_KEY] if self._writes() else [])})

    def _key(self) -> str:
        if self.option is not None:
            return f"default {self.option}"
        return f"grant {self.grant}" if self.grant else "without_password"

    def _writes(self) -> bool:
        return self.grant is not None or self.enforced_value() is not None

    def expectation(self, read: str, key: str) -> Expectation:
        """Of everybody the same."""
        del read
        if key == DROP_IN_KEY:
            return Expectation(Operator.EQUAL_OR_ABSENT, _INCLUDED)
        if self.option is not None and self.value is not None:
            return Expectation(self.op, self.value)
        if self.grant is not None:
            return Expectation(Operator.EQUALS, ALL if self.ask_password else ALL_FREELY)
        if not self.without_password:
            return Expectation(Operator.EMPTY, ())
        return Expectation(Operator.SUBSET_OF, self.without_password)

    def enforced(self) -> Mapping[str, Observations] | None:
        """As sudo's own parser shows it."""
        if not self._writes():
            return None
        shown: dict[str, Observation] = {DROP_IN_KEY: Observed(_INCLUDED)}
        value = self.enforced_value()
        if self.grant is not None:
            shown[self._key()] = Observed(ALL if self.ask_password else ALL_FREELY)
        elif value is not None:
            items = {EVERYBODY: Observed(value)}
            shown[self._key()] = Instances(complete=True, items=items)
        return {Sudoers.id: shown}

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The kit's file."""
        del facts
        return (Target(ArtefactKind.FILE, DROP_IN, Sudoers.id),) if self._writes() else ()

    def meta(self, facts: Facts) -> Meta:
        """One wrong word in it, and sudo does nothing for anybody."""
        del facts
        requires = (f"account:{self.grant}",) if self.grant else ()
        fix = Fix.REMOTE if self._writes() else Fix.BY_HAND
        cuts = frozenset({Path.SUDO})
        return Meta(phase=Phase.ACCESS, may_cut=cuts, requires=requires, fix=fix)

    def values_shown(self) -> str:
        """What is set, or granted."""
        if self.option is not None:
            return f"{self.slot()} {self.op} {self.value}"
        if self.grant is not None:
            return f"{self.slot()} {ALL if self.ask_password else ALL_FREELY}"
        return f"{self.slot()} {', '.join(self.without_password or ()) or '-'}"

    def other_manager(self, observations: Mapping[str, Observations]) -> str:
        """sudo's own file, where it does not include ours."""
        seen = observations.get(Sudoers.id, {}).get(DROP_IN_KEY)
        return _MAIN if self._writes() and isinstance(seen, Absent) else ""

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """One line each, options first."""
        given = [one for one in settings if isinstance(one, SudoRule)]
        lines = sorted({_line(one) for one in given if one._writes()})
        content = header() + "".join(f"{line}\n" for line in lines)
        return FileArtefact(path=target.id, content=content, mode="0440", validator="sudoers")


def _fits(option: str, value: Scalar) -> bool:
    """Whether a line of sudo's files can hold it."""
    if option in _FLAGS:
        return isinstance(value, bool)
    if option in _WORDS:
        return isinstance(value, str) and _WORDS[option].match(value) is not None
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1440


def _line(one: SudoRule) -> str:
    if one.grant is not None:
        tag = "" if one.ask_password else "NOPASSWD: "
        return f"{one.grant} ALL=(ALL:ALL) {tag}ALL"
    value = one.enforced_value()
    if isinstance(value, bool):
        return f"Defaults {'' if value else '!'}{one.option}"
    text = f'"{value}"' if isinstance(value, str) and value.startswith("/") else value
    return f"Defaults {one.option}={text}"
