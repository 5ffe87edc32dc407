"""Services that are scripts in /etc/init.d: read, switched off and on, on a real host."""

from __future__ import annotations

import pytest

from kit.model.artefact import UnitArtefact
from kit.model.observation import Observed
from kit.model.read import Form, Raw
from kit.reads.services import Services
from tests.engines.works import run_engine, work
from tests.lab.hosts import Host

pytestmark = pytest.mark.lab
SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides: {name}
# Required-Start: $remote_fs
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
case $1 in
start) setsid sleep 1000 </dev/null >/dev/null 2>&1 & ;;
esac
"""
NAMES = ("everyd", "halfd", "fived", "offd")
LINKS = """
for level in 2 3 4 5; do ln -s ../init.d/everyd /etc/rc$level.d/S01everyd; done
ln -s ../init.d/halfd /etc/rc3.d/S01halfd
ln -s ../init.d/fived /etc/rc5.d/S01fived
ln -s ../init.d/offd /etc/rc2.d/K01offd
chmod 755 /etc/init.d/*d
systemctl daemon-reload
"""


def seen(host: Host) -> dict[str, object]:
    """Script -> what the read says of it, and what systemd would start at boot."""
    read, keys = Services(), frozenset(f"{name}.service:enabled" for name in NAMES)
    done = host.run(["sh", "-c", read.command(keys, Form.POSIX).text])
    raw = Raw(Form.POSIX, done.stdout, done.stderr, done.returncode, ended=True)
    found = read.parse(raw, keys)
    assert {type(one) for one in found.values()} == {Observed}
    return {name: found[f"{name}.service:enabled"].value for name in NAMES}  # type: ignore[union-attr]


def wanted_at_boot(host: Host) -> set[str]:
    done = host.run(["systemctl", "show", "--value", "-p", "Wants", "multi-user.target"])
    return {name for name in NAMES if f"{name}.service" in done.stdout.decode().split()}


def test_scripts_of_old_are_read_and_switched(lab, host) -> None:
    for name in NAMES:
        host.write(f"/etc/init.d/{name}", SCRIPT.format(name=name).encode())
    host.run(["sh", "-c", LINKS])
    assert seen(host) == {
        "everyd": "enabled", "halfd": "enabled", "fived": "generated", "offd": "disabled"
    }  # fmt: skip
    assert wanted_at_boot(host) == {"everyd", "halfd"}

    off = [
        UnitArtefact(name=f"{name}.service", enabled="disabled", active=False) for name in NAMES[:3]
    ]
    on = UnitArtefact(name="offd.service", enabled="enabled", active=True)
    for wanted in ("done", "unchanged"):
        states = run_engine(lab, [work(host, [*off, on])]).states(host.name)
        assert set(states.values()) == {wanted}
    host.run(["systemctl", "daemon-reload"])
    assert seen(host) == {
        "everyd": "disabled", "halfd": "disabled", "fived": "disabled", "offd": "enabled"
    }  # fmt: skip
    assert wanted_at_boot(host) == {"offd"}
