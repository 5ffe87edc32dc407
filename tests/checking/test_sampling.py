"""A sample anybody can draw again, and how often hand and kit disagree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.checking.sampling import (
    REMOVED,
    Hand,
    Item,
    Looked,
    agreement,
    draw,
    interval,
    population,
)
from kit.model.device import Device, DeviceClass, DeviceState
from kit.model.platform import Platform
from kit.model.verdict import Verdict
from tests.checking.test_drift import finding

P, F, E, N = Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.NOT_CHECKED


def device(name: str, state: DeviceState = DeviceState.ADOPTED) -> Device:
    kind = DeviceClass.SERVER if name.startswith("srv") else DeviceClass.DESKTOP
    return Device(id=name, device_class=kind, platform=Platform.LINUX, state=state)


def items():
    devices = [device("pc-1"), device("pc-2"), device("srv-1"), device("old", DeviceState.REMOVED)]
    verdicts = {"pc-1": [P, P, P, F], "pc-2": [P, E, P, N], "srv-1": [P, F, P, P]}
    findings = {
        name: [finding(name, f"rule_{index}", verdict) for index, verdict in enumerate(all_)]
        for name, all_ in verdicts.items()
    }
    return population(devices, findings)


def test_every_class_and_verdict_is_a_stratum_removed_devices_too() -> None:
    found = {one.stratum for one in items()}
    assert found == {
        "desktop/pass", "desktop/fail", "desktop/error", "desktop/not_checked",
        "desktop/removed", "server/pass", "server/fail",
    }  # fmt: skip


@given(st.integers(1, 30), st.text(max_size=5))
def test_each_stratum_is_in_a_sample_that_is_large_enough(count: int, seed: str) -> None:
    sample = draw(items(), count, seed, "run")
    assert len(sample.items) == min(count, sample.population)
    assert len(set(sample.items)) == len(sample.items)
    assert sum(sample.drawn.values()) == len(sample.items)
    assert all(sample.drawn[name] <= size for name, size in sample.strata.items())
    assert bool(sample.unseen) == (count < len(sample.strata))


def test_the_same_seed_draws_the_same_whatever_the_order() -> None:
    sample = draw(items(), 8, "a", "run")
    assert draw(tuple(reversed(items())), 8, "a", "run") == sample
    assert {draw(items(), 8, str(seed), "run").items for seed in range(9)} != {sample.items}


def looked(verdict: Verdict | None, hand: Hand | None) -> Looked:
    rule = REMOVED if verdict is None else "rule_a"
    item = Item(device="pc", device_class=DeviceClass.DESKTOP, rule=rule, verdict=verdict)
    return Looked(item=item, hand=hand)


def test_what_the_kit_did_not_know_is_no_disagreement() -> None:
    found = agreement(
        [
            looked(P, Hand.HOLDS), looked(P, Hand.FAILS), looked(F, Hand.FAILS),
            looked(N, Hand.HOLDS), looked(E, Hand.FAILS), looked(None, Hand.FAILS),
            looked(P, Hand.IMPOSSIBLE), looked(P, None),
        ]
    )  # fmt: skip
    assert (found.items, found.looked_at, found.impossible) == (8, 7, 1)
    assert (found.compared, found.disagreeing, found.false_passes) == (4, 2, 1)
    assert found.settled == {Hand.HOLDS: 1, Hand.FAILS: 1}
    assert found.by_stratum["desktop/removed"] == (1, 1)


def test_nothing_compared_gives_no_rate() -> None:
    found = agreement([looked(N, Hand.HOLDS), looked(P, None)])
    assert (found.rate, found.low, found.high) == (None, None, None)


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        # Exact intervals as published in tables of the binomial distribution.
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (0, 60, 0.0, 0.0596),
        (3, 100, 0.0062, 0.0852),
    ],
)
def test_the_interval_is_the_exact_one(hits, count, low, high) -> None:
    assert interval(hits, count) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
