from datetime import date

import pytest

from kit.model.device import Device, DeviceClass, DeviceState, PostRole
from kit.model.facts import Fact, Facts
from kit.model.observation import Absent, Observed, Unread, Unreadable
from kit.model.platform import Platform
from kit.sites.equipment import (
    Criterion,
    EquipmentAction,
    Fitness,
    equipment_state,
    equipment_table,
)
from kit.sites.hardware import load_profiles

PROFILES = load_profiles()
AT = date(2026, 11, 2)
GOOD = {
    Fact.OS: Observed("debian13"),
    Fact.TPM: Observed("2.0"),
    Fact.SECURE_BOOT: Observed("on"),
    Fact.MEMORY_MIB: Observed(15_800),
    Fact.STORAGE_GIB: Observed(476),
}


def post(**more):
    values = {
        "id": "pc",
        "device_class": DeviceClass.DESKTOP,
        "platform": Platform.LINUX,
        "hardware_profile": "desktop/lenovo-thinkcentre-m70q-gen4",
        "post_role": PostRole.OFFICE,
        "purchased_on": date(2025, 6, 1),
        **more,
    }
    return Device(**values)


def row(device, facts=None):
    read = {device.id: Facts(facts)} if facts is not None else {}
    return equipment_state([device], PROFILES, read, AT).rows[0]


def fitness(found, criterion):
    return next(j.fitness for j in found.judgements if j.criterion is criterion)


def test_a_good_post_is_fit():
    found = row(post(), GOOD)
    assert found.fitness is Fitness.FIT
    assert found.action is EquipmentAction.KEEP
    assert found.age_years == 1.4


def test_nothing_known_is_never_fit():
    found = row(post(purchased_on=None))
    assert found.fitness is Fitness.UNKNOWN
    assert found.action is EquipmentAction.LOOK


@pytest.mark.parametrize(
    ("changes", "device", "criterion", "action"),
    [
        ({Fact.TPM: Observed("none")}, {}, Criterion.TPM, EquipmentAction.REPLACE),
        ({Fact.TPM: Observed("1.2")}, {}, Criterion.TPM, EquipmentAction.REPLACE),
        ({Fact.SECURE_BOOT: Observed("off")}, {}, Criterion.SECURE_BOOT, EquipmentAction.CONFIGURE),
        ({Fact.MEMORY_MIB: Observed(3_900)}, {}, Criterion.MEMORY, EquipmentAction.EXTEND),
        ({Fact.STORAGE_GIB: Observed(58)}, {}, Criterion.STORAGE, EquipmentAction.EXTEND),
        ({Fact.OS: Observed("debian11")}, {}, Criterion.OS_SUPPORT, EquipmentAction.REINSTALL),
        ({}, {"purchased_on": date(2018, 1, 1)}, Criterion.AGE, EquipmentAction.REPLACE),
    ],
)
def test_each_floor(changes, device, criterion, action):
    found = row(post(**device), {**GOOD, **changes})
    assert fitness(found, criterion) is Fitness.UNFIT
    assert found.action is action


@pytest.mark.parametrize("fact", [Fact.TPM, Fact.SECURE_BOOT, Fact.MEMORY_MIB, Fact.STORAGE_GIB])
@pytest.mark.parametrize("seen", [Unreadable(Unread.DENIED), Absent(), None])
def test_what_was_not_read_is_unknown(fact, seen):
    facts = {key: value for key, value in GOOD.items() if key is not fact}
    found = row(post(), {**facts, fact: seen} if seen else facts)
    assert found.fitness is Fitness.UNKNOWN


def test_eight_gib_as_a_system_shows_them_are_eight():
    assert fitness(row(post(), {**GOOD, Fact.MEMORY_MIB: Observed(7_650)}), Criterion.MEMORY) is (
        Fitness.FIT
    )


def test_a_disk_sold_as_128_gb_is_one():
    """128,035,676,160 bytes are 119 GiB; one sold as 64 GB has half of it."""
    small = {**GOOD, Fact.STORAGE_GIB: Observed(119)}
    assert fitness(row(post(), small), Criterion.STORAGE) is Fitness.FIT
    assert fitness(row(post(), {**GOOD, Fact.STORAGE_GIB: Observed(59)}), Criterion.STORAGE) is (
        Fitness.UNFIT
    )


def test_support_of_tablets_and_what_is_not_published():
    active = post(
        device_class=DeviceClass.TABLET,
        platform=Platform.ANDROID,
        hardware_profile="tablet/samsung-galaxy-tab-s6-lite",
    )
    assert fitness(row(active), Criterion.HARDWARE_SUPPORT) is Fitness.UNFIT
    assert row(active).action is EquipmentAction.REPLACE
    ipad = post(
        device_class=DeviceClass.TABLET,
        platform=Platform.IPADOS,
        hardware_profile="tablet/apple-ipad-a16",
    )
    assert fitness(row(ipad), Criterion.HARDWARE_SUPPORT) is Fitness.UNPUBLISHED
    assert row(ipad).fitness is Fitness.FIT


def test_shares_count_every_device_that_is_there():
    devices = [
        post(id="a"), post(id="b", purchased_on=date(2015, 1, 1)),
        post(id="c", state=DeviceState.REMOVED),
    ]  # fmt: skip
    state = equipment_state(devices, PROFILES, {"a": Facts(GOOD)}, AT)
    assert len(state.rows) == 2
    assert state.share(Fitness.UNFIT) == 0.5
    assert [found.device.id for found in state.to_replace] == ["b"]
    assert equipment_state([], PROFILES, {}, AT).share(Fitness.FIT) is None


def test_the_table_covers_every_class_and_role():
    table = equipment_table()
    assert set(table.ages) == set(DeviceClass)
    assert set(table.floors) == set(PostRole)
