"""This machine as the one that collects from and acts on the devices of a site."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from kit.app.opening import OpenSite
from kit.app.running import now
from kit.app.secret_sources import secret_resolver
from kit.collectors.controller import Controller
from kit.redaction import Redactor


def controller_of(site: OpenSite, redactor: Redactor) -> Controller:
    """Its clock, its randomness, its keys, and the secrets of the site."""
    return Controller(
        clock=now,
        nonces=lambda: secrets.token_hex(16),
        secrets=secret_resolver(site.workspace, site.loaded.site.id, redactor).resolve,
        redactor=redactor,
        workspace=site.workspace.root,
        home=Path.home(),
        agent=os.environ.get("SSH_AUTH_SOCK", ""),
    )
