"""Errands to the devices of a site, with everything they need from this controller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kit.app.controllers import controller_of
from kit.app.opening import OpenSite
from kit.collectors.limits import Limits
from kit.collectors.ssh import Surroundings
from kit.loop.applying import Errand, Report, Send, send_errands
from kit.redaction import Redactor


def sender_for(site: OpenSite, *, jobs: int, redactor: Redactor) -> Send:
    """Sends errands over SSH, ``jobs`` at once, over the routes and keys collection uses."""

    def send(errands: Sequence[Errand]) -> Mapping[str, Report]:
        loaded = site.loaded
        controller = controller_of(site, redactor)
        account = loaded.site.management.account
        surroundings = Surroundings(loaded.known_hosts, loaded.devices, account)
        return send_errands(errands, surroundings, controller, Limits(jobs=jobs))

    return send
