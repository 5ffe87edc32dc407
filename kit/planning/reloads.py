"""What each reload action does on a Debian device run by systemd. Every engine reads this list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from kit.model.artefact import ReloadAction, Validator
from kit.model.record import Record

FIREWALL_UNIT: Final = "esms-kit-firewall.service"


class Reload(Record):
    """``systemctl VERB UNIT``, after ``validator`` has accepted the whole configuration.

    ``reload`` leaves a unit that does not run alone: it takes its files in when it starts.
    """

    verb: Literal["reload", "reload-or-restart", "restart", "daemon-reload", "nothing"]
    unit: str = ""
    validator: Validator | None = None


RELOADS: Final[Mapping[ReloadAction, Reload]] = {
    # First: the others may be about units whose files have just been written.
    "systemd": Reload(verb="daemon-reload"),
    "sysctl": Reload(verb="nothing"),  # live values are targets of their own
    "journald": Reload(verb="restart", unit="systemd-journald.service"),
    "ssh": Reload(verb="reload", unit="ssh.service", validator="sshd"),
    "firewall": Reload(verb="reload-or-restart", unit=FIREWALL_UNIT),
}
"""In the order they happen when several are due."""
