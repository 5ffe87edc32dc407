"""Who is at work on a real host: the words of its own loginctl, and ours is nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from kit.app.errands import sender_for
from kit.app.opening import open_site
from kit.loop.applying import Errand, Report
from kit.loop.restarting import RestartEnding, look, restart
from kit.redaction import Redactor
from kit.sites.workspace import load_workspace
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE

pytestmark = pytest.mark.lab


def test_what_we_are_here_by_is_nobody_and_everybody_else_is_somebody(make_site: MakeSite) -> None:
    site = make_site(1)
    (host,) = site.hosts
    opened = open_site(load_workspace(site.root), SITE)
    over_ssh = sender_for(opened, jobs=4, redactor=Redactor())

    def send(errands: Sequence[Errand]) -> Mapping[str, Report]:
        return site.lab.call(over_ssh, errands)

    devices = opened.loaded.devices
    assert look(devices, {host.name: "esms"}, send)[host.name].sessions == 0
    # The same session as if it were somebody else's: no terminal, and in no list of "who".
    assert host.run(["who"]).stdout == b""
    refused = restart(devices, {host.name: "tech"}, send, force=False)[host.name]
    assert (refused.ending, refused.sessions) == (RestartEnding.IN_USE, 1)
