"""What a site's account of last resort asks of its posts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from kit.model.break_glass import SECRETS, BreakGlass
from kit.model.contribution import Contributions, Given, Source
from kit.model.device import Device
from kit.model.platform import Platform

PRESENT: Final = "break_glass_account_present"
SEALED: Final = "break_glass_account_sealed"
DAY: Final = "break_glass_sealed_on"
"""The parameter that stands where no day was declared: the rule is then not checked."""
_SHELL: Final = "/bin/bash"


def break_glass_settings(devices: Iterable[Device], declared: BreakGlass | None) -> Contributions:
    """The settings of every Linux post; without a declaration nothing is known of any."""
    if declared is None:
        return Contributions()
    given = {
        device.id: _settings(device.id, declared)
        for device in devices
        if device.platform is Platform.LINUX
    }
    return Contributions({Source.BREAK_GLASS: given})


def _settings(device: str, declared: BreakGlass) -> Given:
    account: dict[str, Any] = {
        "type": "account", "name": declared.account, "shell": _SHELL, "expires": "never",
        "password": "set", "secret": {"secret": f"{SECRETS}/{device}"},
    }  # fmt: skip
    grant: dict[str, Any] = {"type": "sudoers", "grant": declared.account}
    sealing = declared.sealing(device)
    sealed: dict[str, Any] = {
        "type": "sealed_account",
        "name": declared.account,
        "sealed_on": sealing.since if sealing is not None else {"parameter": DAY},
    }
    return {PRESENT: (account, grant), SEALED: (sealed,)}
