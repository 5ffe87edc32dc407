"""What a device holds of a change before it is made, in the words of its own journal. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from kit.model.artefact import (
    AccountArtefact,
    Artefact,
    AttributesArtefact,
    AuthorizedKeysArtefact,
    FileArtefact,
    HeldArtefact,
    LinesArtefact,
    MembershipArtefact,
    OathUserArtefact,
    PackageArtefact,
    PamArtefact,
    PinnedPackageArtefact,
    SysctlArtefact,
    UnitArtefact,
)
from kit.model.plan import Change
from kit.planning.schedule import key_of
from kit.reads.sysctl_names import every_interface


@dataclass(frozen=True)
class Held:
    """One target: its name in the device's journal, its kind there, and one or two words."""

    target: str
    id: str
    kind: str
    first: str
    second: str = ""

    def line(self) -> str:
        """As the device is told it."""
        return " ".join(part for part in (self.id, self.kind, self.first, self.second) if part)


def held_of(change: Change) -> Held | None:
    """What is held of a change; ``None`` for a reload, which has no state of its own."""
    words = _words(change.artefact)
    if words is None:
        return None
    key = key_of(change)
    return Held(key, hashlib.sha256(key.encode()).hexdigest()[:16], *words)


_Named = PackageArtefact | UnitArtefact | AccountArtefact | PamArtefact | OathUserArtefact


def _words(artefact: Artefact) -> tuple[str, ...] | None:
    if isinstance(artefact, FileArtefact | LinesArtefact):
        return artefact.kind, artefact.path
    if isinstance(artefact, AttributesArtefact):
        return "attributes", artefact.type, artefact.path
    if isinstance(artefact, _Named):
        return artefact.kind, artefact.name
    if isinstance(artefact, PinnedPackageArtefact):
        return "pinned", artefact.name
    if isinstance(artefact, SysctlArtefact):
        every = every_interface(artefact.name)
        if every:
            return "every", f"/proc/sys/{every[0]}", every[1]
        return "sysctl", "/proc/sys/" + artefact.name.translate(str.maketrans("./", "/."))
    if isinstance(artefact, MembershipArtefact):
        return "membership", artefact.group
    if isinstance(artefact, AuthorizedKeysArtefact):
        return "authorized_keys", artefact.account
    if isinstance(artefact, HeldArtefact):
        return artefact.of, artefact.first, artefact.second
    return None
