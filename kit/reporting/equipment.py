"""The state of the equipment in a report: what every device is judged by, counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from kit.model.device import Device, DeviceClass, PostRole
from kit.model.facts import Facts
from kit.model.hardware import HardwareProfile, Tpm
from kit.model.identifiers import DeviceId
from kit.model.record import Record
from kit.reporting.cutting import cut_text
from kit.sites.equipment import (
    DEFAULT_ROLE,
    Criterion,
    EquipmentAction,
    EquipmentRow,
    Fitness,
    equipment_state,
    equipment_table,
)

FLOORS: Final = (Criterion.TPM, Criterion.SECURE_BOOT, Criterion.MEMORY, Criterion.STORAGE)
"""What a post role asks for."""


class JudgementSheet(Record):
    """One criterion of one device; ``until``: the last day of the support in question.

    ``found`` and ``needed`` as in the table of equipment: years, GiB, versions, ISO dates; an empty
    ``found`` is not known.
    """

    criterion: Criterion
    fitness: Fitness
    found: str
    needed: str
    until: date | None


class EquipmentDevice(Record):
    """One device. ``age_years`` is unset without a purchase date."""

    id: DeviceId
    model: str
    device_class: DeviceClass
    post_role: PostRole | None
    age_years: float | None
    fitness: Fitness
    action: EquipmentAction
    judgements: tuple[JudgementSheet, ...]


class CriterionCount(Record):
    """How many devices are fit, unfit, unknown by one criterion; ``counts`` has every word."""

    criterion: Criterion
    counts: dict[Fitness, int]


class RoleFloors(Record):
    """What a post role needs, and how its posts stand; memory and storage in GiB as sold.

    A post without a role is counted where it is judged: as an office post.
    """

    post_role: PostRole
    memory: int
    storage: int
    tpm: Tpm
    secure_boot: bool
    devices: int
    counts: dict[Fitness, int]
    criteria: tuple[CriterionCount, ...]


class EquipmentSheet(Record):
    """All devices that are not removed. ``shares`` (0 to 1) are of all of them, unknown ones too.

    A device is fit when all is known and nothing is below what is needed; unset shares: no device.
    """

    at: date
    counts: dict[Fitness, int]
    shares: dict[Fitness, float | None]
    criteria: tuple[CriterionCount, ...]
    roles: tuple[RoleFloors, ...]
    to_replace: tuple[DeviceId, ...]
    devices: tuple[EquipmentDevice, ...]


_DEVICE_FITNESS: Final = (Fitness.FIT, Fitness.UNFIT, Fitness.UNKNOWN)


def equipment_sheet(
    devices: Iterable[Device],
    profiles: Mapping[str, HardwareProfile],
    facts: Mapping[str, Facts],
    at: date,
) -> EquipmentSheet:
    """The equipment as its deliveries, models and ``facts`` (by device) show it on a day."""
    state = equipment_state(devices, profiles, facts, at)
    return EquipmentSheet(
        at=at,
        counts={one: state.count(one) for one in _DEVICE_FITNESS},
        shares={one: state.share(one) for one in _DEVICE_FITNESS},
        criteria=tuple(_criterion(one, state.rows) for one in Criterion),
        roles=tuple(_roles(state.rows)),
        to_replace=tuple(row.device.id for row in state.to_replace),
        devices=tuple(_device(row) for row in state.rows),
    )


def _criterion(criterion: Criterion, rows: Iterable[EquipmentRow]) -> CriterionCount:
    found = [j.fitness for row in rows for j in row.judgements if j.criterion is criterion]
    return CriterionCount(criterion=criterion, counts={one: found.count(one) for one in Fitness})


def _roles(rows: Sequence[EquipmentRow]) -> Iterator[RoleFloors]:
    """The roles in use; only what is judged by the floors of one is a post."""
    posts = [row for row in rows if any(j.criterion in FLOORS for j in row.judgements)]
    for role in PostRole:
        own = [row for row in posts if (row.device.post_role or DEFAULT_ROLE) is role]
        if not own:
            continue
        floor = equipment_table().floors[role]
        yield RoleFloors(
            post_role=role,
            memory=floor.memory,
            storage=floor.storage,
            tpm=floor.tpm,
            secure_boot=floor.secure_boot,
            devices=len(own),
            counts={one: sum(row.fitness is one for row in own) for one in _DEVICE_FITNESS},
            criteria=tuple(_criterion(one, own) for one in FLOORS),
        )


def _device(row: EquipmentRow) -> EquipmentDevice:
    return EquipmentDevice(
        id=row.device.id,
        model=row.model,
        device_class=row.device.device_class,
        post_role=row.device.post_role,
        age_years=row.age_years,
        fitness=row.fitness,
        action=row.action,
        judgements=tuple(
            JudgementSheet(
                criterion=one.criterion,
                fitness=one.fitness,
                found=cut_text(one.found),
                needed=one.needed,
                until=one.until,
            )
            for one in row.judgements
        ),
    )
