"""Restarts on hosts: nobody is surprised, another run's device is left, the wait ends with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence

import pytest

from kit.app.errands import sender_for
from kit.app.opening import open_site
from kit.loop.applying import Errand, Report
from kit.loop.restarting import RestartEnding, look, restart
from kit.redaction import Redactor
from kit.sites.workspace import load_workspace
from tests.lab.bench import wait_until
from tests.lab.hosts import Host
from tests.loop.conftest import MakeSite
from tests.loop.lab_site import SITE

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


def switch_on_again(host: Host) -> threading.Thread:
    """A namespace host goes off where a machine would start anew: switch it on again."""

    def on() -> None:
        if wait_until(lambda: not host.is_on, 60):
            host.stop()
            host.boot()

    thread = threading.Thread(target=on, daemon=True)
    thread.start()
    return thread


def test_a_host_is_restarted_when_nobody_is_surprised(make_site: MakeSite) -> None:
    site = make_site(1)
    (host,) = site.hosts
    opened = open_site(load_workspace(site.root), SITE)
    over_ssh = sender_for(opened, jobs=4, redactor=Redactor())

    def send(errands: Sequence[Errand]) -> Mapping[str, Report]:
        return site.lab.call(over_ssh, errands)

    devices, accounts = opened.loaded.devices, {host.name: "esms"}
    before = look(devices, accounts, send)[host.name]
    assert before.id == host.run(["cat", "/proc/sys/kernel/random/boot_id"]).stdout.decode().strip()
    assert before.sessions == 0, "what we are here by is nobody at work"

    # Somebody logs in as another account: left alone unless they were asked.
    talk = host.run(["systemd-run", "--quiet", "--unit=at-work", "--property=PAMName=login",
                     "--property=User=tech", "sleep", "600"], check=False)  # fmt: skip
    assert talk.returncode == 0, talk.stderr
    assert wait_until(lambda: look(devices, accounts, send)[host.name].sessions == 1, 20)
    refused = restart(devices, accounts, send, force=False)[host.name]
    assert (refused.ending, refused.sessions) == (RestartEnding.IN_USE, 1)
    host.run(["systemctl", "stop", "at-work.service"])

    # Another run is at work on it.
    host.run(["mkdir", "-p", "-m", "0700", "/run/esms-kit"])
    host.write("/run/esms-kit/lock", "99999999 elsewhere 20261127T080000Z-abcdef bob@tower\n")
    locked = restart(devices, accounts, send, force=True)[host.name]
    assert locked.ending is RestartEnding.FAILED
    assert locked.failure is not None
    assert locked.failure.code.value == "locked"
    host.run(["rm", "/run/esms-kit/lock"])

    switch_on_again(host)
    done = restart(devices, accounts, send, force=False, pause=lambda _seconds: time.sleep(0.5))
    assert done[host.name].ending in {RestartEnding.RESTARTED, RestartEnding.NOT_BACK}
    host.wait()
    assert host.run(["test", "-e", "/run/esms-kit"], check=False).returncode == 1
