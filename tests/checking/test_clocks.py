"""When devices put the clock of the computer that checks in doubt."""

from __future__ import annotations

import pytest

from kit.checking.clocks import contradicting

YEAR = 365 * 86_400


@pytest.mark.parametrize(
    ("offsets", "count"),
    [
        ([], 0),
        ([None, None], 0),
        ([-YEAR], 0),  # one alone may be the one that is wrong
        ([-YEAR, None], 0),
        ([-YEAR, -YEAR], 2),
        ([-YEAR, -YEAR - 7, 0], 2),
        ([-YEAR, -YEAR, 0, 0], 0),  # not most of them
        ([-YEAR, YEAR], 0),  # each wrong in a way of its own
        ([-YEAR, YEAR, YEAR], 2),
        ([60, -60, 30], 0),
        ([61, 61], 2),
    ],
)
def test_the_clock_is_in_doubt_when_most_devices_contradict_it_in_one_direction(
    offsets: list[int | None], count: int
) -> None:
    assert contradicting(offsets) == count
