"""What was read of the sample's devices, and the deliveries they came with."""

from __future__ import annotations

from datetime import date

from kit.model.delivery import Accessory, Delivery, DeliveryLine, OrderedItem, SourceFile
from kit.model.device import DeliverySlot, DeviceClass
from kit.model.facts import Fact, Facts
from kit.model.hardware import HardwareProfile, Match
from kit.model.observation import Observation, Observed, Unread, Unreadable
from kit.model.platform import Platform

PURCHASED: dict[str, date | None] = {"til-tc-01": date(2018, 5, 14), "til-pc-06": None}
"""Devices not bought on 1 March 2024."""

_GOOD: dict[Fact, Observation] = {
    Fact.OS: Observed("debian12"),
    Fact.TPM: Observed("2.0"),
    Fact.SECURE_BOOT: Observed("on"),
    Fact.MEMORY_MIB: Observed(15_773),
    Fact.STORAGE_GIB: Observed(238),
}
_DENIED = Unreadable(Unread.DENIED)
_READ: dict[str, dict[Fact, Observation]] = {
    "good": {},
    "drifted": {Fact.SECURE_BOOT: Observed("off"), Fact.STORAGE_GIB: Observed(931)},
    "fresh": {Fact.MEMORY_MIB: Observed(3_794), Fact.STORAGE_GIB: Observed(59)},
    "half_read": {Fact.TPM: _DENIED, Fact.SECURE_BOOT: _DENIED, Fact.STORAGE_GIB: _DENIED},
    "old": {
        Fact.OS: Observed("debian11"), Fact.TPM: Observed("none"),
        Fact.SECURE_BOOT: Observed("unsupported"), Fact.MEMORY_MIB: Observed(3_790),
        Fact.STORAGE_GIB: Observed(14),
    },
}  # fmt: skip


def facts_of_situation(situation: str) -> Facts | None:
    """The facts a device of a situation gave; none when it was not read."""
    read = _READ.get(situation)
    return None if read is None else Facts({**_GOOD, **read})


def more_profiles() -> dict[str, HardwareProfile]:
    """Models that deliveries name and no device of the site has."""
    return {
        f"{kind}/{name}": HardwareProfile(
            id=f"{kind}/{name}",
            device_class=DeviceClass(kind),
            platforms=(platform,),
            maker=maker,
            model=model,
            match=Match(names=(model,), examples=(f"{maker} {model}",)),
            verified=False,
        )
        for kind, name, platform, maker, model in (
            ("tablet", "other", Platform.ANDROID, "Samsung", "Galaxy Tab A9+"),
            ("access_point", "other", Platform.NETWORK, "Ubiquiti", "U6 Lite"),
        )
    }


_NOTES: dict[str, tuple[tuple[str | None, str, str, int], ...]] = {
    "bl-2024-031": (
        ("1", "desktop/sample", "UC Lenovo TC M70q G3 i5 8Go 256Go", 9),
        ("2", "laptop/sample", "Dell Latitude 5440", 3),
        ("2", "thin_client/sample", "Dell Wyse 5070", 1),
    ),
    "bl-2024-057": (
        ("1", "tablet/sample", "SM-X306B Galaxy Tab Active5", 2),
        ("1", "tablet/other", "SM-X210 Galaxy Tab A9+", 1),
        ("2", "switch/sample", "Aruba 6100 24G PoE", 1),
        ("2", "access_point/sample", "U6-Pro", 1),
        ("2", "access_point/other", "U6-Lite", 2),
        ("2", "reader/sample", "Lecteur SCR3310v2", 2),
    ),
    "bl-2025-004": ((None, "server/sample", "PowerEdge T150", 1),),
}
_ORDERS: dict[str, tuple[tuple[str | None, str, str, int], ...]] = {
    "bl-2024-031": _NOTES["bl-2024-031"],
    "bl-2024-057": (
        ("1", "tablet/sample", "Galaxy Tab Active5", 3),
        ("2", "switch/sample", "Aruba 6100 24G PoE", 2),
        ("2", "access_point/sample", "U6-Pro", 2),
        ("2", "access_point/other", "U6-Lite", 1),
        ("2", "reader/sample", "Lecteur SCR3310v2", 1),
    ),
}


def slot_of(name: str, device_class: str) -> DeliverySlot | None:
    """The place of a device in the note its kind came with; its rank is the one of its name."""
    for note, lines in _NOTES.items():
        for number, (_lot, profile, _designation, count) in enumerate(lines, 1):
            rank = int(name[-2:])
            of_note = profile == f"{device_class}/sample" and not name.startswith("til-ipad")
            if of_note and rank <= count:
                return DeliverySlot(id=note, line=number, slot=rank)
    return None


def deliveries() -> tuple[Delivery, ...]:
    """One as ordered, one with every kind of difference, one without an order."""
    return tuple(
        Delivery(
            id=name,
            note_number=name.upper(),
            order_number=f"C-{name[-3:]}" if name in _ORDERS else None,
            supplier="Distributeur Exemple",
            dated=date(int(name[3:7]), 2, 26),
            taken_in_on=date(int(name[3:7]), 3, 1),
            source=SourceFile(name=f"{name}.csv", sha256="0" * 64),
            lines=tuple(
                DeliveryLine(
                    line=number, lot=lot, hardware_profile=profile, designation=designation,
                    received=count,
                )
                for number, (lot, profile, designation, count) in enumerate(lines, 1)
            ),
            accessories=(
                (Accessory(designation="Écran 24 pouces", quantity=9),)
                if name == "bl-2024-031"
                else ()
            ),
            order=tuple(
                OrderedItem(
                    lot=lot, hardware_profile=profile, designation=designation, quantity=count
                )
                for lot, profile, designation, count in _ORDERS[name]
            )
            if name in _ORDERS
            else None,
        )
        for name, lines in _NOTES.items()
    )  # fmt: skip
