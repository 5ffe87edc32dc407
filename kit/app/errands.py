"""Errands to the devices of a site, with everything they need from this controller."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from kit.app.opening import OpenSite
from kit.app.running import now
from kit.app.secret_sources import secret_resolver
from kit.collectors.controller import Controller
from kit.collectors.limits import Limits
from kit.collectors.ssh import Surroundings
from kit.loop.applying import Errand, Report, Send, send_errands
from kit.redaction import Redactor


def sender_for(site: OpenSite, *, jobs: int, redactor: Redactor) -> Send:
    """Sends errands over SSH, ``jobs`` at once, over the routes and keys collection uses."""

    def send(errands: Sequence[Errand]) -> Mapping[str, Report]:
        loaded = site.loaded
        controller = Controller(
            clock=now,
            nonces=lambda: secrets.token_hex(16),
            secrets=secret_resolver(site.workspace, loaded.site.id, redactor).resolve,
            redactor=redactor,
            workspace=site.workspace.root,
            home=Path.home(),
            agent=os.environ.get("SSH_AUTH_SOCK", ""),
        )
        account = loaded.site.management.account
        surroundings = Surroundings(loaded.known_hosts, loaded.devices, account)
        return send_errands(errands, surroundings, controller, Limits(jobs=jobs))

    return send
