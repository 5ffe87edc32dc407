"""Several systemd units that do the same work: exactly one of them is to do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.artefact import Artefact, UnitArtefact, UnitName
from kit.model.facts import Facts
from kit.model.meta import Meta, Phase
from kit.model.observation import Instances, Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Expectation, Quantifier, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.services import Services

# Aspect -> what it is on the one unit, and on all others, once enforced.
_ON_AND_OFF: Final[Mapping[str, tuple[str, str]]] = {
    "active": ("active", "inactive"),
    "state": ("enabled active", "disabled inactive"),
}


class ServiceChoice(Setting):
    """Units of which exactly one runs, and is enabled for the next boot.

    .. code-block:: yaml

        {type: service_choice, names: [systemd-timesyncd.service, chrony.service]}

    Any of them will do. Where none runs, or several, the first is enabled and the others disabled.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (Services,)}
    type: Literal["service_choice"]
    names: Annotated[tuple[UnitName, ...], Field(min_length=2, max_length=8)]
    quantifier: Literal[Quantifier.EXACTLY_ONE] = Quantifier.EXACTLY_ONE

    @model_validator(mode="after")
    def _each_once(self) -> ServiceChoice:
        if len(set(self.names)) != len(self.names):
            raise ValueError(_("a unit stands twice in this choice."))
        return self

    def _joined(self) -> str:
        return "|".join(sorted(self.names))

    def slot(self) -> str:
        """``service_choice:UNIT|UNIT``, sorted."""
        return f"service_choice:{self._joined()}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """What runs now, and what runs and is enabled."""
        del read
        return frozenset(f"{self._joined()}:{aspect}" for aspect in _ON_AND_OFF)

    def expectation(self, read: str, key: str) -> Expectation:
        """What exactly one of the units must meet."""
        del read
        return Expectation(Operator.EQUALS, _ON_AND_OFF[key.rpartition(":")[2]][0])

    def enforced(self) -> Mapping[str, Observations]:
        """The first unit on, the others off."""
        return {
            Services.id: {
                f"{self._joined()}:{aspect}": Instances(
                    complete=True,
                    items={
                        name: Observed(on if name == self.names[0] else off) for name in self.names
                    },
                )
                for aspect, (on, off) in _ON_AND_OFF.items()
            }
        }

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """Every unit of the choice."""
        del facts
        return tuple(Target(ArtefactKind.UNIT, name, Services.id) for name in self.names)

    def meta(self, facts: Facts) -> Meta:
        """As for any service."""
        del facts
        return Meta(phase=Phase.SERVICES)

    def values_shown(self) -> str:
        """``one of UNIT, UNIT`` in the order of preference."""
        return f"service_choice:{'|'.join(self.names)}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The first unit on, any other off."""
        first = {one.names[0] for one in settings if isinstance(one, ServiceChoice)}
        on = target.id in first
        return UnitArtefact(name=target.id, enabled="enabled" if on else "disabled", active=on)
