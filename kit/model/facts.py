"""Facts of a device, from the same snapshot as everything else. A fact may be unreadable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from kit.model.observation import Absent, Observation, Observed, Scalar, Unread, Unreadable
from kit.model.record import Record


class Fact(StrEnum):
    """The closed list of facts that ``when`` and resource types may use."""

    OS = "os"  # id + version without dots: debian12, ubuntu2404
    OS_FAMILY = "os_family"  # debian | other
    ARCHITECTURE = "architecture"  # uname -m
    INIT = "init"  # systemd | other
    DESKTOP = "desktop"  # true when a graphical session is installed
    CONTAINER = "container"  # true when the kernel is shared with a host
    SERIAL = "serial"  # SMBIOS system serial
    MODEL = "model"  # SMBIOS product name
    TPM = "tpm"  # "none", "1.2" or "2.0"
    SECURE_BOOT = "secure_boot"  # "on", "off", "unsupported"
    MEMORY_MIB = "memory_mib"
    CHROMIUM = "chromium"  # true when Chromium is installed
    CHROME = "chrome"  # true when Google Chrome is installed
    FIREFOX = "firefox"  # true when Firefox is installed
    STORAGE_GIB = "storage_gib"  # the disk that holds the root file system, rounded down


class FactUnreadable(LookupError):
    """A fact was asked for that this snapshot could not give."""

    def __init__(self, fact: Fact, why: Unreadable) -> None:
        """Keep which fact and why."""
        super().__init__(fact)
        self.fact = fact
        self.why = why


@dataclass(frozen=True)
class Facts:
    """What is known of a device; asking for an unknown fact raises ``FactUnreadable``."""

    values: Mapping[Fact, Observation] = field(default_factory=dict)

    def value(self, fact: Fact) -> Scalar | None:
        """The fact; ``None`` when it is proven absent."""
        found = self.values.get(fact, Unreadable(Unread.NOT_COLLECTED))
        if isinstance(found, Observed) and not isinstance(found.value, tuple):
            return found.value
        if isinstance(found, Absent):
            return None
        why = found if isinstance(found, Unreadable) else Unreadable(Unread.UNPARSABLE)
        raise FactUnreadable(fact, why)


class When(Record):
    """The condition of a variant: every part that is given must hold. Facts only."""

    os: tuple[str, ...] | None = None
    architecture: tuple[str, ...] | None = None
    desktop: bool | None = None
    container: bool | None = None
    init: tuple[str, ...] | None = None
    browser: tuple[Literal["chromium", "chrome", "firefox"], ...] | None = None  # any of them

    def holds(self, facts: Facts) -> bool:
        """Raises ``FactUnreadable`` when a part cannot be decided."""
        wanted: tuple[tuple[Fact, tuple[str, ...] | bool | None], ...] = (
            (Fact.OS, self.os),
            (Fact.ARCHITECTURE, self.architecture),
            (Fact.DESKTOP, self.desktop),
            (Fact.CONTAINER, self.container),
            (Fact.INIT, self.init),
        )
        for fact, allowed in wanted:
            if allowed is None:
                continue
            value = facts.value(fact)
            if isinstance(allowed, bool):
                if value is not allowed:
                    return False
            elif value not in allowed:
                return False
        return self.browser is None or any(facts.value(Fact(name)) is True for name in self.browser)
