"""How a setting may be changed: when, at what risk, by whom, with what effect."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Annotated

from pydantic import Field

from kit.model.record import Record


class Phase(IntEnum):
    """The order of change on a device; one-way values come last."""

    PACKAGES = 10
    ACCOUNTS = 20
    FILES = 30
    KERNEL = 40
    SERVICES = 50
    ACCESS = 60  # sshd, PAM, sudoers
    NETWORK = 70  # firewall
    ONE_WAY = 90


class Fix(StrEnum):
    """Who can mend a failure."""

    REMOTE = "remote"  # the kit, over the network
    AT_INSTALL = "at_install"  # only when the device is installed anew
    BY_HAND = "by_hand"  # a person at the device
    PURCHASE = "purchase"  # other equipment


class Effective(StrEnum):
    """What confirms a change."""

    NOW = "now"
    AFTER_REBOOT = "after_reboot"
    RELOGIN = "relogin"
    BY_LATER_EVIDENCE = "by_later_evidence"


class Path(StrEnum):
    """A way in that a change may cut."""

    SSH = "ssh"
    NETWORK = "network"
    LOGIN = "login"
    SUDO = "sudo"


Requirement = Annotated[str, Field(pattern=r"^[a-z0-9_]+(:\S+)?$")]
"""A rule id, or the slot of a setting (``package:nftables``)."""


class Meta(Record):
    """The facts about changing one setting."""

    phase: Phase
    may_cut: frozenset[Path] = frozenset()
    reversible: bool = True
    fix: Fix = Fix.REMOTE
    effective: Effective = Effective.NOW
    requires: tuple[Requirement, ...] = ()


class MetaOverride(Record):
    """What a rule's YAML may say about its settings; ``may_cut`` is only ever added to."""

    phase: Phase | None = None
    fix: Fix | None = None
    effective: Effective | None = None
    requires: tuple[Requirement, ...] = ()
    may_cut: frozenset[Path] = frozenset()

    def on(self, meta: Meta) -> Meta:
        """The type's default with this rule's changes."""
        return Meta(
            phase=meta.phase if self.phase is None else self.phase,
            may_cut=meta.may_cut | self.may_cut,
            reversible=meta.reversible,
            fix=self.fix or meta.fix,
            effective=self.effective or meta.effective,
            requires=tuple(dict.fromkeys((*meta.requires, *self.requires))),
        )
