"""What an engine touches: a file, a unit, a live value. Touched whole or not at all (law 5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ArtefactKind(StrEnum):
    """The closed list of things engines know how to bring about."""

    FILE = "file"  # a whole file: content, owner, mode
    ATTRIBUTES = "attributes"  # owner and mode of existing files, content untouched
    LINES = "lines"  # lines of a file that belongs to somebody else
    PACKAGE = "package"
    PINNED_PACKAGE = "pinned_package"  # a package from one file, known by its hash
    UNIT = "unit"  # a systemd unit: enabled, active, masked
    SYSCTL = "sysctl"  # a value of the running kernel
    ACCOUNT = "account"  # a local account: there or not, shell, password, expiry
    MEMBERSHIP = "membership"  # who is in a local group
    AUTHORIZED_KEYS = "authorized_keys"  # the SSH keys that open an account
    RELOAD = "reload"  # a daemon takes its files in again
    OATH_USER = "oath_user"  # one account's second factor
    PAM = "pam"  # the kit's part of what PAM asks
    HELD = "held"  # whatever it is, as the device held it before a run touched it


@dataclass(frozen=True, order=True)
class Target:
    """One thing to touch. ``answers`` is the id of the read that shows its state."""

    kind: ArtefactKind
    id: str
    answers: str

    @property
    def key(self) -> str:
        """``kind:id``: the same thing whichever read shows it."""
        return f"{self.kind}:{self.id}"
