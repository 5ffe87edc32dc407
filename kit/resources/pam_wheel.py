"""A command that makes somebody else of people, for the members of one group only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from kit.model.artefact import AccountName, Artefact, LinesArtefact
from kit.model.facts import Facts
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.file_text import FileText
from kit.reads.pam_stack import REFUSED, PamStack

_FOLDER: Final = "/etc/pam.d"
_PRESENT: Final = "present"
Service = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


class PamWheel(Setting):
    """Services of PAM that let nobody in but the members of a group, whatever is known.

    .. code-block:: yaml

        {type: pam_wheel, services: [su, su-l], group: sudo}

    A line of pam_wheel stands in the file of the first service; the others include that file. That
    it is there is not enough: what the resolved stack of each service does with somebody outside
    of the group is judged as well.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {
        Platform.LINUX: (FileText, PamStack)
    }
    type: Literal["pam_wheel"]
    services: Annotated[tuple[Service, ...], Field(min_length=1, max_length=4)]
    group: AccountName

    def slot(self) -> str:
        """``pam_wheel:SERVICE``, the first one."""
        return f"{self.type}:{self.services[0]}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The line, and what becomes of an outsider."""
        return frozenset(self._expected()[read.id])

    def expectation(self, read: str, key: str) -> Expectation:
        """Of each key its own."""
        return self._expected()[read][key]

    def _expected(self) -> dict[str, dict[str, Expectation]]:
        line = f"line {self._path()} {self._line()}"
        refused = Expectation(Operator.EQUAL_OR_ABSENT, REFUSED)
        return {
            FileText.id: {line: Expectation(Operator.EQUALS, _PRESENT)},
            PamStack.id: {f"{one} outsider {self.group}": refused for one in self.services},
        }

    def _path(self) -> str:
        return f"{_FOLDER}/{self.services[0]}"

    def _line(self) -> str:
        return f"auth required pam_wheel.so use_uid group={self.group}"

    def enforced(self) -> Mapping[str, Observations]:
        """Just what is asked for."""
        return {
            read: {key: Observed(one.value) for key, one in keys.items()}
            for read, keys in self._expected().items()
        }

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The file of the first service, shown by its line and by what holds."""
        del facts
        return tuple(
            Target(ArtefactKind.LINES, self._path(), read.id) for read in (FileText, PamStack)
        )

    def meta(self, facts: Facts) -> Meta:
        """A broken line there, and nobody becomes anybody."""
        del facts
        return Meta(phase=Phase.FILES, may_cut=frozenset({Path.LOGIN}))

    def values_shown(self) -> str:
        """The services and the group."""
        return f"{self.slot()} {', '.join(self.services)}: {self.group}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The line, beside whatever else stands in the file."""
        lines = {one._line() for one in settings if isinstance(one, PamWheel)}
        return LinesArtefact(path=target.id, present=tuple(sorted(lines)))
