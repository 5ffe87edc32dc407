"""The state of the equipment (*rattrapage*): age, support, floors per post role. Pure.

What is not known is said unknown; it is never counted as fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from kit.model.device import Device, DeviceClass, DeviceState, OsLabel, PostRole
from kit.model.facts import Fact, Facts, FactUnreadable
from kit.model.hardware import HardwareProfile, Tpm
from kit.model.identifiers import PlainText
from kit.model.observation import Scalar
from kit.model.platform import Platform
from kit.model.record import Record

_TABLE: Final = Path(__file__).parent / "data" / "equipment.yaml"
_DAYS_OF_A_YEAR: Final = 365.25
_MIB: Final = 1024
_GB_IN_GIB: Final = 0.9  # a disk sold as 128 GB has 119 GiB, 93 %; some makers keep a little more
_POSTS: Final = frozenset({Platform.LINUX, Platform.WINDOWS})
DEFAULT_ROLE: Final = PostRole.OFFICE


class Criterion(StrEnum):
    """What a device is judged by."""

    AGE = "age"
    OS_SUPPORT = "os_support"
    HARDWARE_SUPPORT = "hardware_support"
    TPM = "tpm"
    SECURE_BOOT = "secure_boot"
    MEMORY = "memory"
    STORAGE = "storage"


class Fitness(StrEnum):
    """``unpublished``: no date of the maker is known, so that nothing can be said against it."""

    FIT = "fit"
    UNFIT = "unfit"
    UNKNOWN = "unknown"
    UNPUBLISHED = "unpublished"


class EquipmentAction(StrEnum):
    """What to do with a device, the gravest first."""

    REPLACE = "replace"
    REINSTALL = "reinstall"  # another version of the system
    EXTEND = "extend"  # more memory or storage
    CONFIGURE = "configure"  # Secure Boot in the firmware
    LOOK = "look"  # something is not known yet
    KEEP = "keep"


_ACTIONS: Final[Mapping[Criterion, EquipmentAction]] = {
    Criterion.AGE: EquipmentAction.REPLACE,
    Criterion.HARDWARE_SUPPORT: EquipmentAction.REPLACE,
    Criterion.TPM: EquipmentAction.REPLACE,
    Criterion.OS_SUPPORT: EquipmentAction.REINSTALL,
    Criterion.MEMORY: EquipmentAction.EXTEND,
    Criterion.STORAGE: EquipmentAction.EXTEND,
    Criterion.SECURE_BOOT: EquipmentAction.CONFIGURE,
}


class Floor(Record):
    """The least a post role needs; memory and storage in GiB."""

    memory: Annotated[int, Field(ge=1)]
    storage: Annotated[int, Field(ge=1)]
    tpm: Tpm
    secure_boot: bool


class SystemSupport(Record):
    """The last day of security updates of a system."""

    os: OsLabel
    until: date
    note: PlainText | None = None
    source: PlainText


class EquipmentTable(Record):
    """``data/equipment.yaml``."""

    schema_: Literal[1] = Field(alias="schema")
    floors: Mapping[PostRole, Floor]
    memory_tolerance: Annotated[int, Field(ge=0, le=50)]
    ages: Mapping[DeviceClass, Annotated[int, Field(ge=1)]]
    systems: tuple[SystemSupport, ...]


@cache
def equipment_table() -> EquipmentTable:
    """The floors, ages and dates the kit is delivered with."""
    return validate(EquipmentTable, read_yaml(_TABLE))


@dataclass(frozen=True)
class Judgement:
    """One criterion of one device: what was found, what is needed, both as shown.

    ``until``: the last day of the support in question, where it is known; ``found`` ends with it.
    """

    criterion: Criterion
    fitness: Fitness
    found: str
    needed: str
    until: date | None = None


@dataclass(frozen=True)
class EquipmentRow:
    """One device. ``age_years`` is ``None`` without a purchase date."""

    device: Device
    model: str
    age_years: float | None
    judgements: tuple[Judgement, ...]

    @property
    def fitness(self) -> Fitness:
        """Unfit when anything is; fit only when everything is known."""
        found = {judgement.fitness for judgement in self.judgements}
        if Fitness.UNFIT in found:
            return Fitness.UNFIT
        return Fitness.UNKNOWN if Fitness.UNKNOWN in found else Fitness.FIT

    @property
    def action(self) -> EquipmentAction:
        """The gravest thing to do."""
        needed = {_ACTIONS[j.criterion] for j in self.judgements if j.fitness is Fitness.UNFIT}
        if self.fitness is Fitness.UNKNOWN:
            needed.add(EquipmentAction.LOOK)
        return next(
            (action for action in EquipmentAction if action in needed), EquipmentAction.KEEP
        )


@dataclass(frozen=True)
class EquipmentState:
    """All devices of a site; shares are of all that are there, unknown ones included."""

    at: date
    rows: tuple[EquipmentRow, ...]

    def count(self, fitness: Fitness) -> int:
        """How many devices are fit, unfit or unknown."""
        return sum(row.fitness is fitness for row in self.rows)

    def share(self, fitness: Fitness) -> float | None:
        """The share from 0 to 1; ``None`` when there is no device."""
        return self.count(fitness) / len(self.rows) if self.rows else None

    @property
    def to_replace(self) -> tuple[EquipmentRow, ...]:
        """Devices that no setting and no part will make fit."""
        return tuple(row for row in self.rows if row.action is EquipmentAction.REPLACE)


def equipment_state(
    devices: Iterable[Device],
    profiles: Mapping[str, HardwareProfile],
    facts: Mapping[str, Facts],
    at: date,
) -> EquipmentState:
    """Judge every device that is not removed.

    ``facts`` are those of the devices' last snapshots, by name; a device without any is judged by
    what its delivery and its model say.
    """
    rows = []
    for device in sorted(devices, key=lambda device: device.id):
        if device.state is DeviceState.REMOVED:
            continue
        profile = profiles.get(device.hardware_profile or "")
        read = facts.get(device.id, Facts())
        rows.append(
            EquipmentRow(
                device,
                profile.label if profile else device.hardware_profile or "",
                _age(device, at),
                tuple(_judge(device, profile, read, at)),
            )
        )
    return EquipmentState(at, tuple(rows))


def _age(device: Device, at: date) -> float | None:
    if device.purchased_on is None:
        return None
    return round((at - device.purchased_on).days / _DAYS_OF_A_YEAR, 1)


def _judge(
    device: Device, profile: HardwareProfile | None, facts: Facts, at: date
) -> Iterable[Judgement]:
    table = equipment_table()
    yield _judge_age(device, at, table)
    yield _judge_support(profile, at)
    if device.platform not in _POSTS:
        return
    floor = table.floors[device.post_role or DEFAULT_ROLE]
    yield _judge_system(_read(facts, Fact.OS) or device.os, at, table)
    yield _judge_tpm(_read(facts, Fact.TPM), profile, floor)
    yield _judge_secure_boot(_read(facts, Fact.SECURE_BOOT), floor)
    memory = _read(facts, Fact.MEMORY_MIB)
    least = floor.memory * (100 - table.memory_tolerance) / 100
    yield _judge_size(
        Criterion.MEMORY,
        memory / _MIB if isinstance(memory, int) else None,
        floor.memory,
        lambda size: size >= least,
    )
    storage = _read(facts, Fact.STORAGE_GIB)
    yield _judge_size(
        Criterion.STORAGE,
        storage if isinstance(storage, int) else None,
        floor.storage,
        lambda size: size >= floor.storage * _GB_IN_GIB,
    )


def _read(facts: Facts, fact: Fact) -> Scalar | None:
    """A fact, or ``None`` when it is not known."""
    try:
        return facts.value(fact)
    except FactUnreadable:
        return None


def _judge_age(device: Device, at: date, table: EquipmentTable) -> Judgement:
    most = table.ages[device.device_class]
    age = _age(device, at)
    if age is None:
        return Judgement(Criterion.AGE, Fitness.UNKNOWN, "", f"≤ {most}")
    fitness = Fitness.FIT if age <= most else Fitness.UNFIT
    return Judgement(Criterion.AGE, fitness, f"{age:.1f}", f"≤ {most}")


def _judge_support(profile: HardwareProfile | None, at: date) -> Judgement:
    if profile is None:
        return Judgement(Criterion.HARDWARE_SUPPORT, Fitness.UNKNOWN, "", f"≥ {at.isoformat()}")
    end = profile.support_end()
    if end is None:
        return Judgement(Criterion.HARDWARE_SUPPORT, Fitness.UNPUBLISHED, "", "")
    fitness = Fitness.FIT if end.until >= at else Fitness.UNFIT
    if not end.verified and fitness is Fitness.UNFIT:
        fitness = Fitness.UNKNOWN  # an unsourced date condemns nothing
    found = end.until.isoformat()
    return Judgement(Criterion.HARDWARE_SUPPORT, fitness, found, f"≥ {at.isoformat()}", end.until)


def _judge_system(os: Scalar | None, at: date, table: EquipmentTable) -> Judgement:
    needed = f"≥ {at.isoformat()}"
    known = next((system for system in table.systems if system.os == os), None)
    if known is None:
        return Judgement(Criterion.OS_SUPPORT, Fitness.UNKNOWN, str(os or ""), needed)
    fitness = Fitness.FIT if known.until >= at else Fitness.UNFIT
    found = f"{known.os} {known.until.isoformat()}"
    return Judgement(Criterion.OS_SUPPORT, fitness, found, needed, known.until)


def _judge_tpm(read: Scalar | None, profile: HardwareProfile | None, floor: Floor) -> Judgement:
    """As read on the device; a sourced absence in the model counts too, its presence does not."""
    needed = floor.tpm.value
    if read is None:
        sold = profile.capabilities.tpm if profile and profile.verified else None
        absent = sold is not None and sold is not floor.tpm
        fitness = Fitness.UNFIT if absent else Fitness.UNKNOWN
        return Judgement(Criterion.TPM, fitness, sold.value if sold else "", needed)
    fitness = Fitness.FIT if read == needed else Fitness.UNFIT
    return Judgement(Criterion.TPM, fitness, str(read), needed)


def _judge_secure_boot(read: Scalar | None, floor: Floor) -> Judgement:
    needed = "on" if floor.secure_boot else ""
    if not floor.secure_boot:
        return Judgement(Criterion.SECURE_BOOT, Fitness.FIT, str(read or ""), needed)
    if read is None:
        return Judgement(Criterion.SECURE_BOOT, Fitness.UNKNOWN, "", needed)
    fitness = Fitness.FIT if read == "on" else Fitness.UNFIT
    return Judgement(Criterion.SECURE_BOOT, fitness, str(read), needed)


def _judge_size(
    criterion: Criterion, size: float | None, floor: int, enough: Callable[[float], bool]
) -> Judgement:
    if size is None:
        return Judgement(criterion, Fitness.UNKNOWN, "", f"≥ {floor}")
    fitness = Fitness.FIT if enough(size) else Fitness.UNFIT
    return Judgement(criterion, fitness, f"{size:.1f}", f"≥ {floor}")
