"""Options of apt, in a file of the kit that apt reads last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from kit.model.artefact import Artefact, FileArtefact
from kit.model.facts import Facts
from kit.model.meta import Meta, Phase
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import ReadClass, ScalarSetting, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.apt_options import NAME, AptOptions
from kit.resources.generated_header import header

DROP_IN: Final = "/etc/apt/apt.conf.d/zz-esms-kit"
"""Files of that folder are read by name, and the last line about an option counts."""

Text = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,200}$")]


class AptOption(ScalarSetting):
    """One option of apt.

    .. code-block:: yaml

        {type: apt_option, name: "APT::Periodic::Unattended-Upgrade", value: 1}
        {type: apt_option, name: "APT::Periodic::Enable", op: equal_or_absent, value: 1}

    A number is written without quotes. Judged on what apt makes of all its files.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (AptOptions,)}
    owns: ClassVar[Mapping[Platform, tuple[str, ...]]] = {Platform.LINUX: (DROP_IN,)}
    type: Literal["apt_option"]
    name: Annotated[str, Field(pattern=NAME.pattern.replace(r"\Z", "$"))]
    op: Literal[Operator.EQUALS, Operator.EQUAL_OR_ABSENT] = Operator.EQUALS
    value: int | Text

    def slot(self) -> str:
        """``apt_option:NAME``."""
        return f"{self.type}:{self.name}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The option."""
        del read
        return frozenset({self.name})

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The kit's file."""
        del facts
        return (Target(ArtefactKind.FILE, DROP_IN, AptOptions.id),)

    def meta(self, facts: Facts) -> Meta:
        """A file; apt reads it at its next start."""
        del facts
        return Meta(phase=Phase.FILES)

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """One line an option."""
        values = {one.name: one.enforced_value() for one in settings if isinstance(one, AptOption)}
        lines = [f'{name} "{value}";\n' for name, value in sorted(values.items())]
        return FileArtefact(path=target.id, content=header() + "".join(lines))
