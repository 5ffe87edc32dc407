"""A sample of results to look at by hand, and how often hand and kit disagree. Pure.

Stratified by class of device and verdict, what nobody looked at and removed devices included. Which
results are drawn follows from the seed by SHA-256 alone: anybody can draw them again.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from kit.model.device import Device, DeviceClass, DeviceState
from kit.model.finding import Finding
from kit.model.record import Record
from kit.model.verdict import Verdict

REMOVED: Final = "removed"
"""What stands in the place of a rule for a device that is said to be gone."""
_STEPS: Final = 60


class Item(Record):
    """One result, or one removed device (``verdict`` unset)."""

    device: str
    device_class: DeviceClass
    rule: str
    verdict: Verdict | None

    @property
    def stratum(self) -> str:
        """Class and verdict: ``desktop/pass``."""
        return f"{self.device_class.value}/{self.verdict.value if self.verdict else REMOVED}"


class Sample(Record):
    """What was drawn. ``strata``: size of every stratum; ``drawn``: how many of each."""

    run: str
    seed: str
    population: int
    strata: dict[str, int]
    drawn: dict[str, int]
    items: tuple[Item, ...]

    @property
    def unseen(self) -> tuple[str, ...]:
        """Strata nothing was drawn of: the sample was too small for them."""
        return tuple(name for name in self.strata if not self.drawn.get(name))


def population(
    devices: Iterable[Device], findings: Mapping[str, Sequence[Finding]]
) -> tuple[Item, ...]:
    """Every result of a run and every removed device, sorted."""
    items = []
    for device in devices:
        kind = device.device_class
        if device.state is DeviceState.REMOVED:
            items.append(Item(device=device.id, device_class=kind, rule=REMOVED, verdict=None))
        for one in findings.get(device.id, ()):
            items.append(  # noqa: PERF401 - two kinds of items in one loop
                Item(device=device.id, device_class=kind, rule=one.rule, verdict=one.verdict)
            )
    return tuple(sorted(items, key=lambda one: (one.device, one.rule)))


def draw(items: Sequence[Item], count: int, seed: str, run: str) -> Sample:
    """Draw ``count`` items (all, when there are fewer).

    Each stratum gives one, the largest first, then what is left in proportion to its size.
    """
    strata: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        strata[item.stratum].append(item)
    shares = _shares({name: len(one) for name, one in strata.items()}, count)
    chosen = [
        item
        for name, number in shares.items()
        for item in sorted(strata[name], key=lambda one: _lot(seed, run, one))[:number]
    ]
    return Sample(
        run=run,
        seed=seed,
        population=len(items),
        strata={name: len(strata[name]) for name in sorted(strata)},
        drawn={name: shares.get(name, 0) for name in sorted(strata)},
        items=tuple(sorted(chosen, key=lambda one: (one.device, one.rule))),
    )


def _lot(seed: str, run: str, item: Item) -> str:
    text = f"{seed}\0{run}\0{item.device}\0{item.rule}"
    return hashlib.sha256(text.encode()).hexdigest()


def _shares(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """How many of each stratum; no more than it holds."""
    order = sorted(sizes, key=lambda name: (-sizes[name], name))
    shares = dict.fromkeys(order[:count], 1)
    left = min(count, sum(sizes.values())) - len(shares)
    while left > 0:
        # The next goes where the share is furthest below its part: largest remainder, one by one.
        name = max(
            (one for one in order if shares[one] < sizes[one]),
            key=lambda one: (sizes[one] / (shares[one] + 1), -order.index(one)),
        )
        shares[name] += 1
        left -= 1
    return shares


class Hand(StrEnum):
    """What somebody found at the device."""

    HOLDS = "holds"  # for a removed device: it is gone
    FAILS = "fails"  # for a removed device: it is still there
    IMPOSSIBLE = "impossible"  # it could not be looked at


class Looked(Record):
    """One item of a sample with what was found by hand; unset: not looked at yet."""

    item: Item
    hand: Hand | None


class Agreement(Record):
    """How a sample compares with the hand.

    ``compared``: items the kit judged and somebody looked at; ``disagreeing``: where they differ;
    ``false_passes``: of those, what the kit called compliant. ``low`` and ``high``: exact 95 %
    interval (Clopper-Pearson) of the share that disagrees. ``settled``: of what the kit did not
    know, how often the hand found it to hold or to fail.
    """

    items: int
    looked_at: int
    impossible: int
    compared: int
    disagreeing: int
    false_passes: int
    rate: float | None
    low: float | None
    high: float | None
    settled: dict[Hand, int]
    by_stratum: dict[str, tuple[int, int]]  # compared, disagreeing


def agreement(looked: Sequence[Looked]) -> Agreement:
    """How often hand and kit disagree, over what both judged."""
    compared = disagreeing = false_passes = 0
    settled: Counter[Hand] = Counter()
    strata: dict[str, tuple[int, int]] = {}
    for one in looked:
        if one.hand in {None, Hand.IMPOSSIBLE}:
            continue
        said = _said(one.item)
        if said is None:
            settled[one.hand or Hand.IMPOSSIBLE] += 1
            continue
        differs = said is not one.hand
        compared += 1
        disagreeing += differs
        false_passes += differs and one.item.verdict is Verdict.PASS
        number, bad = strata.get(one.item.stratum, (0, 0))
        strata[one.item.stratum] = (number + 1, bad + differs)
    low, high = interval(disagreeing, compared) if compared else (None, None)
    return Agreement(
        items=len(looked),
        looked_at=sum(1 for one in looked if one.hand is not None),
        impossible=sum(1 for one in looked if one.hand is Hand.IMPOSSIBLE),
        compared=compared,
        disagreeing=disagreeing,
        false_passes=false_passes,
        rate=disagreeing / compared if compared else None,
        low=low,
        high=high,
        settled={one: settled[one] for one in (Hand.HOLDS, Hand.FAILS)},
        by_stratum=dict(sorted(strata.items())),
    )


def _said(item: Item) -> Hand | None:
    """What the kit said, in the words of the hand; ``None`` when it did not know."""
    if item.verdict is None or item.verdict in {Verdict.PASS, Verdict.NOT_APPLICABLE}:
        return Hand.HOLDS
    return Hand.FAILS if item.verdict is Verdict.FAIL else None


def interval(hits: int, count: int, doubt: float = 0.05) -> tuple[float, float]:
    """The exact (Clopper-Pearson) interval of a share: never narrower than it says."""
    low = 0.0 if hits == 0 else _root(lambda p: 1 - _below(hits - 1, count, p) - doubt / 2)
    high = 1.0 if hits == count else _root(lambda p: doubt / 2 - _below(hits, count, p))
    return low, high


def _below(hits: int, count: int, share: float) -> float:
    """The chance of ``hits`` or fewer of ``count``."""
    total, term = 0.0, (1 - share) ** count
    if share >= 1:
        return 1.0 if hits >= count else 0.0
    for number in range(hits + 1):
        total += term
        term *= (count - number) / (number + 1) * share / (1 - share)
    return total


def _root(rising: Callable[[float], float]) -> float:
    """Where a rising function of a share crosses zero."""
    low, high = 0.0, 1.0
    for _step in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
