"""The sealed account: not checked until declared, and then by the day of each post."""

from __future__ import annotations

from datetime import date, time

import pytest
from pydantic import ValidationError

from kit.desired.break_glass import DAY, PRESENT, SEALED, break_glass_settings
from kit.model.break_glass import BreakGlass, Sealing
from kit.model.contribution import Source
from kit.model.device import Device

POSTS = tuple(
    Device.model_validate_json(
        f'{{"id": "{name}", "device_class": "desktop", "platform": "linux", "os": "debian12"}}'
    )
    for name in ("pc-01", "pc-02")
)


def test_nothing_is_known_of_what_nobody_declared():
    assert break_glass_settings(POSTS, None).given(Source.BREAK_GLASS, "pc-01", SEALED) is None


def test_each_post_has_its_own_secret_and_its_own_day():
    declared = BreakGlass(
        account="secours", sealed=(Sealing(device="pc-01", sealed_on=date(2026, 11, 20)),)
    )
    given = break_glass_settings(POSTS, declared)
    for post, day in (("pc-01", "2026-11-20"), ("pc-02", {"parameter": DAY})):
        account, grant = given.given(Source.BREAK_GLASS, post, PRESENT)
        assert account["secret"] == {"secret": f"break-glass/{post}"}
        assert grant == {"type": "sudoers", "grant": "secours"}
        (sealed,) = given.given(Source.BREAK_GLASS, post, SEALED)
        assert sealed["sealed_on"] == day
    assert given.sign("pc-01") != given.sign("pc-02")


def test_a_moment_the_kit_knows_is_judged_to_the_second():
    one = Sealing(device="pc-01", sealed_on=date(2026, 11, 20), at=time(14, 5), reason="code perdu")
    declared = BreakGlass(account="secours").with_one(one)
    assert declared.with_one(one).sealed == (one,)
    assert Sealing.model_validate_json(one.model_dump_json()) == one
    given = break_glass_settings(POSTS, declared)
    (sealed,) = given.given(Source.BREAK_GLASS, "pc-01", SEALED)
    assert sealed["sealed_on"] == "2026-11-20T14:05:00Z"
    with pytest.raises(ValidationError):
        Sealing.model_validate_json(
            '{"device": "pc-01", "sealed_on": "2026-11-20", "at": "14:05:00+01:00"}'
        )


def test_a_device_has_one_day():
    one = Sealing(device="pc-01", sealed_on=date(2026, 11, 20))
    with pytest.raises(ValidationError):
        BreakGlass(account="secours", sealed=(one, one))
