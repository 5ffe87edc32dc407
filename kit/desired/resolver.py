"""Desired states remembered: devices of one kind whose facts agree share one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from kit.desired.resolution import Desired, resolve
from kit.model.catalogue import Catalogue
from kit.model.contribution import NOTHING_ADDED, Contributions
from kit.model.device import Device
from kit.model.facts import Fact, Facts
from kit.model.observation import Observation
from kit.model.rule import Baseline
from kit.model.site import Site


class _Watched(Mapping[Fact, Observation]):
    """Facts that note which of them were asked for, the ones that are not there included."""

    def __init__(self, values: Mapping[Fact, Observation]) -> None:
        self._values = values
        self.asked: dict[Fact, Observation | None] = {}

    def __getitem__(self, fact: Fact) -> Observation:
        found = self._values.get(fact)
        self.asked[fact] = found
        if found is None:
            raise KeyError(fact)
        return found

    def __iter__(self) -> Iterator[Fact]:
        for fact in self._values:
            self.asked[fact] = self._values[fact]
            yield fact

    def __len__(self) -> int:
        return len(self._values)


@dataclass
class Resolver:
    """Resolves the devices of one site.

    A state found once is given again to a device of the same platform, class and post role on
    which every fact that was asked for on the way is the same, and that is given the same settings.
    """

    catalogue: Catalogue
    baseline: Baseline
    site: Site
    contributions: Contributions = NOTHING_ADDED
    _known: dict[
        tuple[str, str, str | None, str], list[tuple[dict[Fact, Observation | None], Desired]]
    ] = field(default_factory=lambda: defaultdict(list), repr=False)

    def resolve(self, device: Device, facts: Facts) -> Desired:
        """As ``kit.desired.resolution.resolve``."""
        given = self.contributions.sign(device.id)
        known = self._known[device.platform, device.device_class, device.post_role, given]
        for asked, found in known:
            if all(facts.values.get(fact) == value for fact, value in asked.items()):
                return replace(found, device=device)
        watched = _Watched(facts.values)
        desired = resolve(
            self.catalogue, self.baseline, self.site, device, Facts(watched), self.contributions
        )
        known.append((watched.asked, desired))
        return desired
