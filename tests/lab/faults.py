"""Hosts that are out of order, each in one way that a controller must name rightly.

Every function takes a host that is up and leaves it broken; ``host.reset()`` mends it.
"""

from __future__ import annotations

from tests.lab.hostkeys import CHANGED, hostkey_files
from tests.lab.hosts import Host

_DROP_IN = "/etc/ssh/sshd_config.d/00-lab-fault.conf"


def power_off(host: Host) -> None:
    """Nothing answers at its address any more."""
    host.stop()


def change_host_key(host: Host) -> None:
    """It has other host keys than those pinned (``host.host_key``), as after a reinstallation."""
    for path, (content, mode) in hostkey_files(CHANGED + host.keys).items():
        host.write(f"/{path}", content, mode)
    host.run(["systemctl", "restart", "ssh.service"])


def refuse_sudo(host: Host) -> None:
    """The management account logs in, and sudo refuses it."""
    host.run(["rm", f"/etc/sudoers.d/10-{host.user}"])


def refuse_login(host: Host) -> None:
    """The management account's key is no longer known."""
    host.run(["rm", f"/home/{host.user}/.ssh/authorized_keys"])


def hang(host: Host) -> None:
    """It lets the management account in, and no command ever ends."""
    _force(host, "exec sleep 86400")


def freeze(host: Host) -> None:
    """It accepts connections and says nothing, not even sshd's greeting."""
    host.run(["systemctl", "kill", "--kill-whom=main", "--signal=STOP", "ssh.service"])


def babble(host: Host, size: int = 50_000_000) -> None:
    """It answers every command with ``size`` bytes of text and exit status 0."""
    _force(host, f"head -c {size} /dev/zero | tr '\\000' x")


def lose_python(host: Host) -> None:
    """It has no Python, as a minimal installation."""
    host.run(["sh", "-c", "rm -f /usr/bin/python3*"])


def fill_disk(host: Host) -> None:
    """There is no room left on its disk. Namespace hosts only; give them few ``megabytes``."""
    host.run(["sh", "-c", "cat /dev/zero >/var/tmp/lab-fill"], check=False, timeout=300)


def _force(host: Host, command: str) -> None:
    script = "/usr/local/bin/lab-fault"
    host.write(script, f"#!/bin/sh\n{command}\n", 0o755)
    host.write(_DROP_IN, f"Match User {host.user}\n  ForceCommand {script}\n")
    host.run(["systemctl", "reload", "ssh.service"])
    host.wait()  # sshd starts itself anew and is not there for a moment
