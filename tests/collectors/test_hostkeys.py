"""Host keys shown for comparison, without logging in."""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.collectors.hostkeys import KINDS, Comparison, ShownKey, compare, show_host_keys
from kit.collectors.limits import Limits
from kit.collectors.ssh import Surroundings
from kit.model.known_host import PinnedHow, PinnedKey
from kit.model.snapshot import Outcome
from tests.collectors import made_up, sshd
from tests.collectors.sshd import AT, Sshd, device, make_key, running

needs_sshd = pytest.mark.skipif(sshd.SSHD is None, reason="openssh-server is not installed")
# A device that is off refuses at once here; one that is on may be slow on a busy machine.
LIMITS = Limits(connect_seconds=10, login_seconds=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    folder = tmp_path_factory.mktemp("hostkeys")
    with running(folder / "sshd", make_key(folder / "id"), kinds=("rsa", "ed25519")) as daemon:
        yield daemon


@needs_sshd
def test_keys_are_shown_as_openssh_shows_them(server: Sshd, tmp_path: Path) -> None:
    targets = [device("pc-1", server.port, None), device("off", sshd.free_port(), None)]
    found = show_host_keys(targets, Surroundings(), made_up.controller(tmp_path), LIMITS)
    shown = found["pc-1"]
    assert shown.outcome is Outcome.DONE
    assert [key.algorithm for key in shown.keys] == ["ssh-ed25519", "ssh-rsa"]
    for key, kind in zip(shown.keys, ("ed25519", "rsa"), strict=True):
        said = subprocess.run(
            ["ssh-keygen", "-l", "-f", server.host_keys[kind]],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert said.split()[1] == key.fingerprint
        pinned = key.pinned("pc-1", AT, PinnedHow.LAB, "tests")
        assert pinned == server.pin("pc-1", kind)
    assert (found["off"].outcome, found["off"].keys) == (Outcome.NOT_REACHED, ())
    assert "Accepted" not in server.log()
    assert "Failed" not in server.log()


def test_a_device_that_resets_is_asked_for_its_other_keys(tmp_path: Path) -> None:
    """How OpenSSH's hang-up arrives when it closes before it has read all that was sent."""
    asked: list[int] = []

    def resets(listening: socket.socket) -> None:
        for number in range(len(KINDS)):
            peer, _address = listening.accept()
            peer.recv(1)
            asked.append(number)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        thread = threading.Thread(target=resets, args=(listening,), daemon=True)
        thread.start()
        target = device("pc-1", listening.getsockname()[1], None)
        shown = show_host_keys([target], Surroundings(), made_up.controller(tmp_path), LIMITS)
        thread.join(20)
    assert asked == list(range(len(KINDS)))
    assert (shown["pc-1"].outcome, shown["pc-1"].keys) == (Outcome.BROKEN, ())


@needs_sshd
def test_nothing_is_shown_through_an_unknown_jump_host(server: Sshd, tmp_path: Path) -> None:
    identity = make_key(tmp_path / "id")
    gateway = device("gw", server.port, identity)
    target = device("pc-1", server.port, identity, jump="gw")
    surroundings = Surroundings(neighbours=(gateway,))
    controller = made_up.controller(tmp_path)
    found = show_host_keys([target], surroundings, controller, LIMITS)["pc-1"]
    assert (found.outcome, found.keys) == (Outcome.NOT_TRUSTED, ())


def shown(*pins: PinnedKey) -> list[ShownKey]:
    return [ShownKey(algorithm=pin.algorithm, key=pin.key) for pin in pins]


def test_comparison(tmp_path: Path) -> None:
    first, second, other = (
        sshd.pin("pc-1", make_key(tmp_path / name, kind).with_name(f"{name}.pub"))
        for name, kind in (("a", "ed25519"), ("b", "ed25519"), ("c", "ecdsa"))
    )
    assert compare(shown(first), []) is Comparison.UNKNOWN
    assert compare(shown(first), [first]) is Comparison.SAME
    assert compare(shown(first), [first, other]) is Comparison.SAME
    assert compare(shown(first, other), [first]) is Comparison.MORE
    assert compare(shown(second), [first]) is Comparison.CHANGED
    assert compare(shown(first, second), [first]) is Comparison.CHANGED
    assert compare(shown(other), [first]) is Comparison.CHANGED
    assert compare([], [first]) is Comparison.CHANGED
