"""Maintenance windows: by the clock on the wall, over midnight, over the nights clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from kit.model.device import PostRole
from kit.model.maintenance import Day, MaintenanceWindow, next_opening, open_at, serving

PARIS = "Europe/Paris"
NIGHT = MaintenanceWindow(start="22:00", end="05:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-27T20:59:59", False),  # 21:59:59 in Paris
        ("2026-11-27T21:00:00", True),
        ("2026-11-28T03:59:59", True),
        ("2026-11-28T04:00:00", False),
        ("2026-07-01T19:59:59", False),  # two hours ahead in summer
        ("2026-07-01T20:00:00", True),
    ],
)
def test_the_clock_on_the_wall_decides(moment: str, is_open: bool) -> None:
    assert open_at([NIGHT], at(moment), PARIS) is is_open


def test_a_window_belongs_to_the_day_it_begins_on() -> None:
    friday = MaintenanceWindow(days=(Day.FRIDAY,), start="22:00", end="02:00")
    assert open_at([friday], at("2026-11-28T00:30:00"), PARIS)  # Saturday, 01:30
    assert not open_at([friday], at("2026-11-27T00:30:00"), PARIS)


def test_the_night_clocks_go_back_the_hour_comes_twice() -> None:
    window = MaintenanceWindow(start="02:15", end="02:45")
    assert open_at([window], at("2026-10-25T00:30:00"), PARIS)
    assert open_at([window], at("2026-10-25T01:30:00"), PARIS)
    assert not open_at([window], at("2026-10-25T01:00:00"), PARIS)


def test_the_night_clocks_go_forward_an_hour_is_not_there() -> None:
    window = MaintenanceWindow(start="02:15", end="02:45")
    moments = [
        at(f"2026-03-29T0{hour}:{minute:02}:00") for hour in range(3) for minute in range(60)
    ]
    assert not any(open_at([window], moment, PARIS) for moment in moments)
    assert next_opening([window], at("2026-03-28T12:00:00"), PARIS) == at("2026-03-30T00:15:00")


def test_the_next_opening() -> None:
    assert next_opening([NIGHT], at("2026-11-27T12:00:00"), PARIS) == at("2026-11-27T21:00:00")
    assert next_opening([NIGHT], at("2026-11-27T22:00:00"), PARIS) == at("2026-11-28T21:00:00")
    assert next_opening([], at("2026-11-27T12:00:00"), PARIS) is None


def test_windows_are_of_post_roles() -> None:
    care = MaintenanceWindow(post_roles=(PostRole.SHARED_CARE_POST,), start="03:00", end="04:00")
    assert serving([care, NIGHT], PostRole.SHARED_CARE_POST) == (care, NIGHT)
    assert serving([care, NIGHT], None) == (NIGHT,)


def test_a_window_that_is_never_open_is_a_mistake() -> None:
    with pytest.raises(ValidationError):
        MaintenanceWindow(start="22:00", end="22:00")
