"""How a file system in memory is mounted, such as /dev/shm: from the next start on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from kit.model.artefact import Artefact, LinesArtefact
from kit.model.facts import Facts
from kit.model.meta import Effective, Meta, Phase
from kit.model.observation import Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Conflict, Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.mounts_live import MountsLive
from kit.reads.mounts_persisted import MountsPersisted
from kit.reads.since_start import SinceStart

_FILE: Final = "/etc/fstab"
_SOURCE: Final = "tmpfs"


class MemoryMount(Setting):
    """Options of a file system that systemd mounts in memory before any other.

    .. code-block:: yaml

        {type: memory_mount, path: /dev/shm, options: [nodev, noexec, nosuid]}

    One line of /etc/fstab: systemd takes its options over at the next start. Until then they are
    pending: what programs have open is left as it is. Where the device was started anew since the
    file was changed, and the options are still not in use, they did not take. A line of somebody
    else that mounts something else there is not touched.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {
        Platform.LINUX: (MountsLive, MountsPersisted)
    }
    type: Literal["memory_mount"]
    path: Literal["/dev/shm"]  # noqa: S108 - a place to look at, nothing is written there
    options: Annotated[
        tuple[Literal["nodev", "noexec", "nosuid"], ...], Field(min_length=1, max_length=3)
    ]

    def slot(self) -> str:
        """``memory_mount:PATH``."""
        return f"{self.type}:{self.path}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """The options; of the file also what is mounted there."""
        options = f"options {self.path}"
        return frozenset({options, f"source {self.path}"} if read is MountsPersisted else {options})

    def expectation(self, read: str, key: str) -> Expectation:
        """All of the options, whoever has written the line."""
        del read
        if key.startswith("source "):
            return Expectation(Operator.PRESENT)
        return Expectation(Operator.CONTAINS_ALL, tuple(sorted(self.options)))

    def enforced(self) -> Mapping[str, Observations]:
        """The options, in the file and in use."""
        options = {f"options {self.path}": Observed(tuple(sorted(set(self.options))))}
        source = {f"source {self.path}": Observed(_SOURCE)}
        return {MountsLive.id: options, MountsPersisted.id: {**options, **source}}

    @classmethod
    def combined(cls, settings: Sequence[Setting]) -> Mapping[str, Observations]:
        """All options of all rules."""
        given = [one for one in settings if isinstance(one, MemoryMount)]
        if len({one.path for one in given}) != 1:
            raise Conflict(settings[0].slot())
        options = tuple(sorted({option for one in given for option in one.options}))
        return given[0].model_copy(update={"options": options}).enforced()

    def other_manager(self, observations: Mapping[str, Observations]) -> str:
        """A line that mounts something else there is somebody's own."""
        seen = observations.get(MountsPersisted.id, {}).get(f"source {self.path}")
        if isinstance(seen, Observed) and seen.value != _SOURCE:
            return f"{_FILE} ({seen.value})"
        return ""

    def watched(self, platform: Platform) -> Mapping[ReadClass, frozenset[str]]:
        """Whether the file was changed since the start."""
        return {SinceStart: frozenset({_FILE})} if platform is Platform.LINUX else {}

    def had_its_moment(self, observations: Mapping[str, Observations]) -> bool:
        """The device was started anew with the file as it is."""
        return observations.get(SinceStart.id, {}).get(_FILE) == Observed(False)

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """Lines of /etc/fstab."""
        del facts
        return (Target(ArtefactKind.LINES, _FILE, MountsPersisted.id),)

    def meta(self, facts: Facts) -> Meta:
        """Nothing is mounted anew while people work."""
        del facts
        return Meta(phase=Phase.FILES, effective=Effective.AFTER_REBOOT)

    def values_shown(self) -> str:
        """``memory_mount:PATH OPTION, OPTION``."""
        return f"{self.slot()} {', '.join(sorted(self.options))}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """One line for each place; it takes the place of the one that mounts the same there."""
        wanted: dict[str, set[str]] = {}
        for one in settings:
            if isinstance(one, MemoryMount):
                wanted.setdefault(one.path, set()).update(one.options)
        places = sorted(wanted)
        return LinesArtefact(
            path=target.id,
            present=tuple(
                f"{_SOURCE} {path} {_SOURCE} {','.join(sorted(wanted[path]))} 0 0"
                for path in places
            ),
            replaces=tuple(f"{_SOURCE} {path}" for path in places),
            create=True,
        )
