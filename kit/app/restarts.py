"""``--reboot``: devices that wait for a restart, when it may be, and the reading after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from kit.app.opening import OpenSite
from kit.collectors.failures import Failure
from kit.collectors.routes import find_route
from kit.loop.applying import Applied, Send, merged
from kit.loop.reading import Collect, read_site
from kit.loop.restarting import Boot, Restart, RestartEnding, look, restart, waiting
from kit.model.device import Device
from kit.model.maintenance import next_opening, open_at, serving
from kit.planning.planning import Selects


class Reboot(StrEnum):
    """When a device that waits for a restart is restarted."""

    NEVER = "never"
    WINDOW = "window"  # in a maintenance window of its post role, with nobody logged in
    NOW = "now"  # whoever is logged in, once somebody has said so


RestartAgreed = Callable[[Mapping[str, int]], bool]
"""Asked with device -> people logged in, before anything is restarted at once."""


def restart_waiting(
    site: OpenSite,
    applied: Applied,
    reboot: Reboot,
    *,
    send: Send,
    collect: Collect,
    selects: Selects,
    agreed: RestartAgreed,
    clock: Callable[[], datetime],
) -> tuple[Applied, tuple[Restart, ...]]:
    """Restart what waits for it, and read it again: what was pending is settled by that reading."""
    names = waiting(applied.after.findings())
    devices = [one for one in site.loaded.devices if one.id in names]
    if reboot is Reboot.NEVER or not devices:
        return applied, ()
    told: dict[str, Restart] = {}
    if reboot is Reboot.WINDOW:
        told |= _outside(site, devices, clock())
    accounts = _accounts(site, devices)
    boots = look([one for one in devices if one.id not in told], accounts, send)
    if reboot is Reboot.WINDOW:
        told |= {
            name: Restart(device=name, ending=RestartEnding.IN_USE, sessions=boot.sessions)
            for name, boot in boots.items()
            if boot.sessions
        }
    elif boots and not agreed(_sessions(boots)):
        told |= {name: Restart(device=name, ending=RestartEnding.DECLINED) for name in boots}
    ready = [one for one in devices if one.id not in told]
    if ready:
        told |= restart(ready, accounts, send, force=reboot is Reboot.NOW)
    back = [one for one in ready if told[one.id].ending is RestartEnding.RESTARTED]
    if back:
        second = read_site(site.context(clock()), back, site.profiles, collect, selects)
        applied = replace(applied, after=merged(applied.after, second))
    return applied, tuple(told[name] for name in sorted(told))


def _outside(site: OpenSite, devices: Sequence[Device], at: datetime) -> dict[str, Restart]:
    """The devices no maintenance window is open for at this moment."""
    found = {}
    zone = site.loaded.site.timezone
    for one in devices:
        windows = serving(site.loaded.site.maintenance, one.post_role)
        if not open_at(windows, at, zone):
            found[one.id] = Restart(
                device=one.id,
                ending=RestartEnding.OUTSIDE_WINDOW,
                opens_at=next_opening(windows, at, zone),
            )
    return found


def _accounts(site: OpenSite, devices: Sequence[Device]) -> dict[str, str]:
    found = {}
    for one in devices:
        try:
            route = find_route(one, site.loaded.devices, site.loaded.site.management.account)
        except Failure:
            continue
        found[one.id] = route.user
    return found


def _sessions(boots: Mapping[str, Boot]) -> dict[str, int]:
    return {name: boot.sessions for name, boot in sorted(boots.items())}
