"""Pin the host keys of devices after somebody has compared them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kit.app.controllers import controller_of
from kit.app.opening import OpenSite
from kit.collectors.hostkeys import Comparison, ShownKey, ShownKeys, compare, show_host_keys
from kit.collectors.limits import Limits
from kit.collectors.ssh import Surroundings
from kit.errors import UsageError
from kit.i18n import _
from kit.loop.reading import collectable
from kit.model.device import Device, DeviceState
from kit.model.known_host import PinnedHow, replaced
from kit.redaction import Redactor
from kit.sites.loading import load_site
from kit.sites.saving import hold_site, save_known_hosts


@dataclass(frozen=True)
class Candidate:
    """What one device shows beside what is pinned for it."""

    shown: ShownKeys
    comparison: Comparison

    @property
    def new_keys(self) -> tuple[ShownKey, ...]:
        """The keys that would be pinned; none when nothing is new."""
        return () if self.comparison is Comparison.SAME else self.shown.keys


def look(
    site: OpenSite, *, limit: str | None, jobs: int, redactor: Redactor
) -> Mapping[str, Candidate]:
    """The keys every chosen device shows now, by device id; nothing is logged into."""
    loaded = site.loaded
    controller = controller_of(site, redactor)
    surroundings = Surroundings(loaded.known_hosts, loaded.devices, loaded.site.management.account)
    chosen = [one for one in site.devices(limit) if shows_a_key(one)]
    shown = show_host_keys(chosen, surroundings, controller, Limits(jobs=jobs))
    return {
        device: Candidate(keys, compare(keys.keys, loaded.keys_of(device)))
        for device, keys in shown.items()
    }


def shows_a_key(device: Device) -> bool:
    """Whether it has an address, and is ours to administer."""
    ours = device.managed_by is None and device.state is not DeviceState.REMOVED
    return device.connection is not None and (collectable(device) or (ours and device.over_winrm))


def pin(
    site: OpenSite, chosen: Mapping[str, tuple[ShownKey, ...]], *, at: datetime, by: str
) -> int:
    """Pin these keys as compared by ``by``; returns how many keys were written.

    A device whose pinned key has changed is refused: that is for ``repin``. Raises ``UsageError``.
    """
    name = site.loaded.site.id
    with hold_site(site.workspace, name):
        loaded = load_site(site.workspace, name)
        kept = list(loaded.known_hosts)
        written = 0
        for device, keys in sorted(chosen.items()):
            mine = loaded.keys_of(device)
            if compare(keys, mine) is Comparison.CHANGED:
                raise UsageError(
                    _("this device shows another key than the one pinned."),
                    where=device,
                    remedy=_(
                        "Find out why first; then: trust --rekey {device} --reason “…”."
                    ).format(device=device),
                )
            known = {one.key for one in mine}
            new = [
                key.pinned(device, at, PinnedHow.COMPARED, by)
                for key in keys
                if key.key not in known
            ]
            kept += new
            written += len(new)
        save_known_hosts(site.workspace, name, kept, loaded.former_keys)
    return written


def repin(
    site: OpenSite, device: str, keys: tuple[ShownKey, ...], *, at: datetime, by: str, reason: str
) -> int:
    """Pin these keys in the place of all of their kind; returns how many were replaced.

    The former ones are kept, with who replaced them, when, and why (1 to 120 printable
    characters). Raises ``UsageError``.
    """
    _check_reason(reason)
    name = site.loaded.site.id
    with hold_site(site.workspace, name):
        loaded = load_site(site.workspace, name)
        kinds = {key.kind for key in keys}
        old = [one for one in loaded.keys_of(device) if one.kind in kinds]
        kept = [one for one in loaded.known_hosts if one not in old]
        kept += [key.pinned(device, at, PinnedHow.COMPARED, by) for key in keys]
        shown = {key.key for key in keys}
        gone = [one for one in old if one.key not in shown]
        former = [replaced(one, at, by, reason) for one in gone]
        save_known_hosts(site.workspace, name, kept, (*loaded.former_keys, *former))
    return len(gone)


def _check_reason(reason: str) -> None:
    if not 1 <= len(reason) <= 120 or not reason.isprintable() or reason != reason.strip():
        raise UsageError(
            _("the reason is one line of 1 to 120 characters."),
            where="--reason",
            remedy=_("Say why the key has changed: --reason “reinstalled”."),
        )
