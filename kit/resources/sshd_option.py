"""An option of sshd: what holds for everybody from everywhere, and in the running daemon."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal, Self, TypeVar

from pydantic import field_validator, model_validator

from kit.i18n import _
from kit.model.artefact import Artefact, FileArtefact, ReloadArtefact
from kit.model.facts import Facts
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import (
    Absent,
    Instances,
    Observations,
    Observed,
    ObservedValue,
    Unread,
    Unreadable,
)
from kit.model.operators import Operator, holds
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass, ScalarSetting, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.sshd_effective import DROP_IN_KEY, SshdEffective
from kit.reads.sshd_files import DROP_IN, MAIN
from kit.reads.sshd_loaded import DAEMON_KEY, SshdLoaded
from kit.reads.sshd_options import KEYWORDS, Kind, SshdKeyword
from kit.resources.contributions import LIST_OPERATORS, as_list, united
from kit.resources.generated_header import header

_INCLUDED: Final = "included"
_UP_TO_DATE: Final = ("loaded", "on_demand", "stopped")
_NUMBERS: Final = frozenset({Kind.INTEGER, Kind.SECONDS})
_LISTS: Final = frozenset({Kind.ALGORITHMS, Kind.NAMES})
# One word of a configuration file: no blank, quote, comment or line end can come in.
_WORD: Final = re.compile(r"[A-Za-z0-9@%:,._/*?+=-]{1,200}")
_ALGORITHM: Final = re.compile(r"[A-Za-z0-9@._*?][A-Za-z0-9@._*?-]{0,100}")

_AGAIN: Final = """
# The same once more, so that no Match block of another file undoes it.
Match all
"""


class SshdOption(ScalarSetting):
    """One option of sshd, judged for several people from several places.

    .. code-block:: yaml

        type: sshd_option
        name: PermitRootLogin
        value: "no"

        type: sshd_option
        name: MaxAuthTries
        op: at_most
        value: 4
        enforce: 4

        type: sshd_option
        name: Ciphers
        op: subset_of          # contributions of several rules are intersected
        value: [aes256-gcm@openssh.com, aes128-gcm@openssh.com]
    """

    reads: ClassVar = {Platform.LINUX: (SshdEffective, SshdLoaded)}
    owns: ClassVar = {Platform.LINUX: (DROP_IN,)}
    type: Literal["sshd_option"]
    name: str

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        found = KEYWORDS.get(name.lower())
        if found is None or found.name != name:
            known = ", ".join(sorted(one.name for one in KEYWORDS.values()))
            raise ValueError(
                _("“{name}” is no option of sshd this kit knows: {known}.").format(
                    name=name, known=known
                )
            )
        return name

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        """Numbers for numbers, lists for lists; words that a file can hold."""
        kind = self.keyword.kind
        if (self.op in LIST_OPERATORS) is not (kind in _LISTS):
            raise ValueError(
                _("{name}: the operator {op} does not fit its kind of value.").format(
                    name=self.name, op=self.op.value
                )
            )
        given = [self.value] if self.op not in _VALUELESS else []
        given += [self.enforce] if self.enforce is not None else []
        for value in given:
            for item in as_list(value):
                number = isinstance(item, int) and not isinstance(item, bool)
                form = _ALGORITHM if kind is Kind.ALGORITHMS else _WORD
                word = isinstance(item, str) and form.fullmatch(item) is not None
                if not (number if kind in _NUMBERS else word):
                    raise ValueError(
                        _("{name}: “{value}” cannot be its value.").format(
                            name=self.name, value=item
                        )
                    )
        return self

    @property
    def keyword(self) -> SshdKeyword:
        """What is known of this option."""
        return KEYWORDS[self.name.lower()]

    def slot(self) -> str:
        """``sshd_option:Name``."""
        return f"{self.type}:{self.name}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The option, and whether sshd reads the kit's own file; of the daemon, one key."""
        if read is SshdLoaded:
            return frozenset({DAEMON_KEY})
        return frozenset({self.keyword.key, DROP_IN_KEY})

    def expectation(self, read: str, key: str) -> Expectation:
        """Where the kit's file stands is told, and asked for only when the file is needed."""
        if read == SshdLoaded.id:
            return Expectation(Operator.ONE_OF, _UP_TO_DATE)
        if key == DROP_IN_KEY:
            return Expectation(Operator.EQUAL_OR_ABSENT, _INCLUDED)
        return Expectation(self.op, self.value)

    def enforced_value(self) -> ObservedValue | None:
        """Lists are enforced as a list, whatever is asked of them; never as an empty one."""
        if self.keyword.kind not in _LISTS:
            return super().enforced_value()
        value = self.enforce
        if value is None and self.op not in {*_VALUELESS, Operator.CONTAINS_NONE}:
            value = self.value
        return None if value is None else tuple(sorted(as_list(value), key=str))

    def enforced(self) -> Mapping[str, Observations] | None:
        """The value wherever it is asked, in a file sshd reads and has read."""
        value = self.enforced_value()
        return None if value is None else _shown(self.keyword, value)

    @classmethod
    def combined(cls, settings: Sequence[Self]) -> Mapping[str, Observations]:
        """Lists unite or intersect; anything else must be the same."""
        keyword = settings[0].keyword
        if keyword.kind not in _LISTS:
            return super().combined(settings)
        return _shown(keyword, _together(settings)) if _enforcing(settings) else {}

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The kit's file beside sshd's own, and the daemon."""
        del facts
        return (
            Target(ArtefactKind.FILE, DROP_IN, SshdEffective.id),
            Target(ArtefactKind.RELOAD, "ssh", SshdLoaded.id),
        )

    def meta(self, facts: Facts) -> Meta:
        """May cut SSH where a value of this option can lock somebody out."""
        del facts
        cuts = frozenset({Path.SSH}) if self.keyword.cuts else frozenset()
        return Meta(phase=Phase.ACCESS, may_cut=cuts, requires=self._required())

    def _required(self) -> tuple[str, ...]:
        """Who is let in by name or group is there, and in the group, before others are not."""
        slot = {"AllowGroups": "membership", "AllowUsers": "account"}.get(self.name)
        value = self.enforced_value()
        if slot is None or value is None:
            return ()
        return tuple(f"{slot}:{item}" for item in as_list(value) if "*" not in str(item))

    @classmethod
    def fitted(
        cls, target: Target, settings: Sequence[Self], seen: Mapping[str, Observations]
    ) -> Sequence[Self]:
        """What is accepted stays as it is; of several values that are, the strictest.

        The file speaks to everybody: one that is stricter for some of them is it for all.
        """
        if target.kind is not ArtefactKind.FILE:
            return settings
        slots: dict[str, list[Self]] = {}
        for one in settings:
            slots.setdefault(one.name, []).append(one)
        return [one for _name, slot in sorted(slots.items()) for one in _kept(slot, seen)]

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """One line an option; those a Match block could change once more under ``Match all``."""
        if target.kind is ArtefactKind.RELOAD:
            return ReloadArtefact(action="ssh")
        return FileArtefact(
            path=DROP_IN, content=_content(settings), mode="0600", validator="sshd", reload="ssh"
        )

    def other_manager(self, observations: Mapping[str, Observations]) -> str:
        """A line that sshd reads before the kit's file, or a main file that does not include it."""
        seen = observations.get(SshdEffective.id, {})
        item = seen.get(self.keyword.key, Unreadable(Unread.NOT_COLLECTED))
        if isinstance(item, Instances):
            for name, found in sorted(item.items.items()):
                wrong = isinstance(found, Unreadable) or (
                    isinstance(found, Observed | Absent) and not holds(self.op, found, self.value)
                )
                if wrong and name.startswith("before "):
                    return name.removeprefix("before ")
        if isinstance(seen.get(DROP_IN_KEY), Absent):
            return MAIN
        return ""


_VALUELESS: Final = frozenset({Operator.ABSENT, Operator.EMPTY, Operator.NOT_EMPTY})


_S = TypeVar("_S", bound=SshdOption)


def _kept(slot: Sequence[_S], seen: Mapping[str, Observations]) -> Sequence[_S]:
    """The settings of one option, with what the device has where all of them accept it."""
    found = seen.get(SshdEffective.id, {}).get(slot[0].keyword.key)
    items = found.items.values() if isinstance(found, Instances) else ()
    values = {
        item.value
        for item in items
        if isinstance(item, Observed) and all(holds(one.op, item, one.value) for one in slot)
    }
    if not values or not _enforcing(slot):
        return slot
    value = _strictest(slot, values)
    return [_with(one, value) for one in slot]


def _strictest(slot: Sequence[SshdOption], values: set[ObservedValue]) -> ObservedValue:
    """Of what is enforced and of accepted values, the strictest where there is an order."""
    own = _together(slot)
    ops = {one.op for one in slot}
    if ops == {Operator.SUBSET_OF}:
        kept = set(as_list(own)).intersection(*map(as_list, values))
        return tuple(sorted(kept, key=str)) or own
    numbers = [value for value in (own, *values) if isinstance(value, int)]
    if ops == {Operator.AT_MOST}:
        return min(numbers)
    if ops == {Operator.AT_LEAST}:
        return max(numbers)
    return values.pop() if len(values) == 1 and slot[0].keyword.kind not in _LISTS else own


def _with(one: _S, value: ObservedValue) -> _S:
    own = one.enforced_value()
    return one if own is None or own == value else one.model_copy(update={"enforce": value})


def _shown(keyword: SshdKeyword, value: ObservedValue) -> dict[str, Observations]:
    return {
        SshdEffective.id: {keyword.key: Observed(value), DROP_IN_KEY: Observed(_INCLUDED)},
        SshdLoaded.id: {DAEMON_KEY: Observed("loaded")},
    }


def _enforcing(settings: Sequence[SshdOption]) -> list[SshdOption]:
    return [one for one in settings if one.enforced_value() is not None]


def _together(settings: Sequence[SshdOption]) -> ObservedValue:
    """The value several settings of one option have together; raises ``Conflict``."""
    wanted = [(one.op, one.enforced_value()) for one in _enforcing(settings)]
    given = [(op, value) for op, value in wanted if value is not None]
    if settings[0].keyword.kind in _LISTS:
        return united(settings[0].slot(), given)
    return given[0][1]


def _content(settings: Sequence[Setting]) -> str:
    options: dict[str, list[SshdOption]] = {}
    for one in settings:
        if isinstance(one, SshdOption) and one.enforced_value() is not None:
            options.setdefault(one.name, []).append(one)
    lines = {name: _line(options[name]) for name in sorted(options)}
    again = [f"    {lines[name]}" for name in lines if KEYWORDS[name.lower()].match]
    text = header() + "".join(f"{line}\n" for line in lines.values())
    return text + (_AGAIN + "".join(f"{line}\n" for line in again) if again else "")


def _line(settings: Sequence[SshdOption]) -> str:
    value = _together(settings)
    keyword = settings[0].keyword
    between = "," if keyword.kind is Kind.ALGORITHMS else " "
    return f"{keyword.name} {between.join(str(item) for item in as_list(value))}"
