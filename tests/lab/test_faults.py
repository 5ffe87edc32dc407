"""Each fault is what a controller sees of such a host, and a reset mends it."""

from __future__ import annotations

import socket

import pytest

from tests.lab import faults
from tests.lab.bench import Lab
from tests.lab.cache import LabError
from tests.lab.hosts import Host


def test_power_off(lab: Lab, host: Host) -> None:
    faults.power_off(host)
    with pytest.raises(OSError):  # noqa: PT011 - no route or time-out, as the neighbour table has it
        lab.call(socket.create_connection, (host.address, 22), 1)


def test_changed_host_key(host: Host) -> None:
    faults.change_host_key(host)
    refused = host.ssh("true")
    assert refused.returncode == 255
    assert b"REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.stderr
    host.reset()
    assert host.ssh("true").returncode == 0


def test_refused_sudo(host: Host) -> None:
    faults.refuse_sudo(host)
    assert host.ssh("true").returncode == 0
    assert b"a password is required" in host.ssh("sudo -n true").stderr


def test_refused_login(host: Host) -> None:
    faults.refuse_login(host)
    assert b"Permission denied" in host.ssh("true").stderr


def test_hanging_command(host: Host) -> None:
    faults.hang(host)
    assert host.ssh("true", user="tech").returncode == 0
    with pytest.raises(LabError, match="no end after"):
        host.ssh("true", timeout=3)


def test_frozen_sshd(lab: Lab, host: Host) -> None:
    faults.freeze(host)

    def greeting() -> bytes:
        with socket.create_connection((host.address, 22), 1) as connection:
            return connection.recv(64)

    with pytest.raises(TimeoutError):
        lab.call(greeting)


def test_babble(host: Host) -> None:
    faults.babble(host, 5_000_000)
    done = host.ssh("id")
    assert done.returncode == 0
    assert done.stdout == b"x" * 5_000_000


def test_no_python(host: Host) -> None:
    faults.lose_python(host)
    assert host.ssh("python3 -V").returncode == 127


def test_full_disk(lab: Lab) -> None:
    host = lab.host(megabytes=64)
    try:
        faults.fill_disk(host)
        with pytest.raises(LabError, match="No space left on device"):
            host.write("/etc/more", "x" * 100_000)
    finally:
        lab.discard(host)
