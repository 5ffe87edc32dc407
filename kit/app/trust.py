"""Pin the host keys of devices after somebody has compared them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kit.app.opening import OpenSite
from kit.app.running import now
from kit.app.secret_sources import secret_resolver
from kit.collectors.controller import Controller
from kit.collectors.hostkeys import Comparison, ShownKey, ShownKeys, compare, show_host_keys
from kit.collectors.limits import Limits
from kit.collectors.ssh import Surroundings
from kit.errors import UsageError
from kit.i18n import _
from kit.loop.reading import collectable
from kit.model.known_host import PinnedHow
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
    controller = Controller(
        clock=now,
        nonces=lambda: secrets.token_hex(16),
        secrets=secret_resolver(site.workspace, loaded.site.id, redactor).resolve,
        redactor=redactor,
        workspace=site.workspace.root,
        home=Path.home(),
    )
    surroundings = Surroundings(loaded.known_hosts, loaded.devices, loaded.site.management.account)
    chosen = [one for one in site.devices(limit) if collectable(one) and one.connection]
    shown = show_host_keys(chosen, surroundings, controller, Limits(jobs=jobs))
    return {
        device: Candidate(keys, compare(keys.keys, loaded.keys_of(device)))
        for device, keys in shown.items()
    }


def pin(
    site: OpenSite,
    chosen: Mapping[str, tuple[ShownKey, ...]],
    *,
    at: datetime,
    by: str,
    rekey_reason: str = "",
) -> int:
    """Pin these keys as compared by ``by``; returns how many keys were written.

    A device whose pinned key has changed is refused without ``rekey_reason``; with it, its former
    keys are replaced. Raises ``UsageError``.
    """
    name = site.loaded.site.id
    with hold_site(site.workspace, name):
        kept = list(load_site(site.workspace, name).known_hosts)
        written = 0
        for device, keys in sorted(chosen.items()):
            mine = [one for one in kept if one.device == device]
            if compare(keys, mine) is Comparison.CHANGED:
                if not rekey_reason:
                    raise UsageError(
                        _("this device shows another key than the one pinned."),
                        where=device,
                        remedy=_("Find out why first; then: trust --rekey --reason “…”."),
                    )
                kept = [one for one in kept if one.device != device]
                mine = []
            known = {one.key for one in mine}
            by_whom = f"{by} – {rekey_reason}" if rekey_reason else by
            new = [
                key.pinned(device, at, PinnedHow.COMPARED, by_whom[:200])
                for key in keys
                if key.key not in known
            ]
            kept += new
            written += len(new)
        save_known_hosts(site.workspace, name, kept)
    return written
