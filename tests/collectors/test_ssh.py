"""Collecting from a real sshd, and everything that can stand in its place."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.collectors.controller import Controller
from kit.collectors.limits import Limits
from kit.collectors.ssh import Order, Surroundings, collect
from kit.model.device import Device
from kit.model.known_host import PinnedKey
from kit.model.observation import Unread
from kit.model.snapshot import Outcome, Snapshot
from tests.collectors import made_up, sshd
from tests.collectors.made_up import READS
from tests.collectors.sshd import SHORT, Sshd, device, make_key, running

pytestmark = pytest.mark.skipif(sshd.SSHD is None, reason="openssh-server is not installed")


def one(
    target: Device,
    pins: tuple[PinnedKey, ...],
    controller: Controller,
    limits: Limits = SHORT,
    neighbours: tuple[Device, ...] = (),
) -> Snapshot:
    surroundings = Surroundings(pins=pins, neighbours=neighbours)
    found = collect([Order(target, READS)], surroundings, controller, limits)
    assert list(found) == [target.id]
    return found[target.id]


def test_one_connection_one_answer(server: Sshd, identity: Path, controller: Controller) -> None:
    logins = server.log().count("Accepted publickey")
    snapshot = one(device("pc-1", server.port, identity), (server.pin("pc-1"),), controller)
    assert (snapshot.outcome, snapshot.detail) == (Outcome.DONE, "")
    assert (snapshot.collector, snapshot.account) == ("ssh", sshd.ACCOUNT)
    assert snapshot.taken_at == sshd.AT
    assert snapshot.device_clock is not None
    assert abs(snapshot.device_clock.timestamp() - time.time()) < 5
    clock, facts = snapshot.answers
    assert facts.stdout == f"linux\n{sshd.ACCOUNT}\n".encode()
    assert (clock.stderr, clock.exit_status, clock.ended) == (b"tick\n", 3, True)
    assert server.log().count("Accepted publickey") == logins + 1


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_any_pinned_kind_of_key_will_do(
    kind: str, server: Sshd, identity: Path, controller: Controller
) -> None:
    snapshot = one(device("pc-1", server.port, identity), (server.pin("pc-1", kind),), controller)
    assert snapshot.outcome is Outcome.DONE


def test_a_changed_host_key_ends_it_before_any_login(
    server: Sshd, identity: Path, controller: Controller, folder: Path
) -> None:
    logins = server.log().count("Accepted")
    other = make_key(folder / "other_host")
    pin = sshd.pin("pc-1", other.with_name("other_host.pub"))
    snapshot = one(device("pc-1", server.port, identity), (pin,), controller)
    assert snapshot.outcome is Outcome.KEY_CHANGED
    assert snapshot.answers == ()
    # A device that has lost its pinned kind of key altogether has changed as well.
    lost = make_key(folder / "lost_host", "ecdsa")
    pin = sshd.pin("pc-1", lost.with_name("lost_host.pub"))
    snapshot = one(device("pc-1", server.port, identity), (pin,), controller)
    assert snapshot.outcome is Outcome.KEY_CHANGED
    assert server.log().count("Accepted") == logins


def test_the_key_of_another_device_proves_nothing(
    server: Sshd, identity: Path, controller: Controller
) -> None:
    """Keys are pinned by device, not by address."""
    pins = (server.pin("pc-2"),)
    snapshot = one(device("pc-1", server.port, identity), pins, controller)
    assert snapshot.outcome is Outcome.NOT_TRUSTED
    assert "pc-1" in snapshot.detail


def test_an_unknown_device_is_not_even_called(
    server: Sshd, identity: Path, controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = controller.home / ".ssh"
    known.mkdir(parents=True)
    line = f"[127.0.0.1]:{server.port} {server.host_keys['ed25519'].read_text()}"
    (known / "known_hosts").write_text(line)
    (known / "config").write_text("Host *\n  StrictHostKeyChecking no\n")
    monkeypatch.setenv("HOME", str(controller.home))
    connections = server.log().count("Connection")
    snapshot = one(device("pc-1", server.port, identity), (), controller)
    assert snapshot.outcome is Outcome.NOT_TRUSTED
    assert server.log().count("Connection") == connections


def test_a_wrong_user_key_is_refused(server: Sshd, controller: Controller, folder: Path) -> None:
    stranger = make_key(folder / "stranger")
    snapshot = one(device("pc-1", server.port, stranger), (server.pin("pc-1"),), controller)
    assert snapshot.outcome is Outcome.LOGIN_REFUSED
    missing = one(
        device("pc-1", server.port, folder / "nowhere"), (server.pin("pc-1"),), controller
    )
    assert missing.outcome is Outcome.LOGIN_REFUSED
    assert "nowhere" in missing.detail
    nothing = one(device("pc-1", server.port, None), (server.pin("pc-1"),), controller)
    assert nothing.outcome is Outcome.LOGIN_REFUSED


def test_an_agent_holds_the_key(server: Sshd, identity: Path, tmp_path: Path, folder: Path) -> None:
    locked = folder / "locked"
    for suffix in ("", ".pub"):
        path = Path(f"{identity}{suffix}")
        locked.with_name(f"locked{suffix}").write_bytes(path.read_bytes())
    locked.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "pass phrase", "-f", locked], check=True)
    target = device("pc-1", server.port, locked)
    alone = one(target, (server.pin("pc-1"),), made_up.controller(tmp_path))
    assert alone.outcome is Outcome.LOGIN_REFUSED
    assert "Passphrase" in alone.detail
    with agent(tmp_path, identity) as path:
        helped = made_up.controller(tmp_path, agent=path)
        assert one(target, (server.pin("pc-1"),), helped).outcome is Outcome.DONE
        unnamed = device("pc-1", server.port, None)
        assert one(unnamed, (server.pin("pc-1"),), helped).outcome is Outcome.DONE


@contextmanager
def agent(folder: Path, identity: Path) -> Iterator[str]:
    path = folder / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 10
        while not path.exists() and time.monotonic() < until:
            time.sleep(0.02)
        environment = os.environ | {"SSH_AUTH_SOCK": str(path)}
        subprocess.run(["ssh-add", "-q", identity], env=environment, check=True)
        yield str(path)
    finally:
        process.terminate()
        process.wait(10)


def test_the_usual_keys_of_the_home_are_tried(
    server: Sshd, identity: Path, controller: Controller
) -> None:
    (controller.home / ".ssh").mkdir(parents=True)
    (controller.home / ".ssh" / "id_ed25519").write_bytes(identity.read_bytes())
    relative = controller.workspace / "keys" / "id"
    relative.parent.mkdir()
    relative.write_bytes(identity.read_bytes())
    for named in (None, Path("keys/id"), Path("~/.ssh/id_ed25519")):
        snapshot = one(device("pc-1", server.port, named), (server.pin("pc-1"),), controller)
        assert snapshot.outcome is Outcome.DONE, named


def test_a_device_that_is_off(server: Sshd, identity: Path, controller: Controller) -> None:
    closed = one(device("pc-1", sshd.free_port(), identity), (server.pin("pc-1"),), controller)
    assert closed.outcome is Outcome.NOT_REACHED
    assert "refused" in closed.detail
    nowhere = device("pc-1", 22, identity)
    assert nowhere.connection is not None
    nowhere = nowhere.model_copy(
        update={"connection": nowhere.connection.model_copy(update={"address": "nohost.invalid"})}
    )
    assert one(nowhere, (server.pin("pc-1"),), controller).outcome is Outcome.NOT_REACHED


def test_something_else_listens_there(server: Sshd, identity: Path, controller: Controller) -> None:
    pins = (server.pin("pc-1"),)
    begun = time.monotonic()
    with listening(b"") as port:
        assert one(device("pc-1", port, identity), pins, controller).outcome is Outcome.TIMEOUT
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n", hang_up=True) as port:
        assert one(device("pc-1", port, identity), pins, controller).outcome is Outcome.BROKEN
    with listening(b"SSH-2.0-x\r\n" + b"\xff" * 4000) as port:
        assert one(device("pc-1", port, identity), pins, controller).outcome is Outcome.BROKEN
    with listening(b"x" * 50_000_000) as port:
        outcome = one(device("pc-1", port, identity), pins, controller).outcome
        assert outcome in (Outcome.BROKEN, Outcome.TIMEOUT)
    assert time.monotonic() - begun < 20


@contextmanager
def listening(greeting: bytes, *, hang_up: bool = False) -> Iterator[int]:
    """A TCP service that says one thing and then nothing more."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        try:
            while True:
                sock, _address = listener.accept()
                kept.append(sock)
                try:
                    sock.sendall(greeting)
                except OSError:
                    continue
                if hang_up:
                    sock.close()
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for sock in kept:
            sock.close()
        thread.join(5)


@pytest.mark.parametrize(
    ("command", "outcome", "detail"),
    [
        ("sleep 60", Outcome.TIMEOUT, "3 s"),
        ("cat", Outcome.TIMEOUT, "3 s"),  # the script itself is no answer
        ("echo This account is not available.; exit 1", Outcome.BROKEN, "not available"),
        ("exit 7", Outcome.BROKEN, "status 7"),
        ("kill -KILL $$", Outcome.BROKEN, ""),
        (r"printf '\033]0;owned\007\033[2Jred\r\nlast' >&2; exit 9", Outcome.BROKEN, "red last"),
    ],
)
def test_a_login_that_leads_elsewhere(
    command: str,
    outcome: Outcome,
    detail: str,
    folder: Path,
    identity: Path,
    controller: Controller,
    tmp_path: Path,
) -> None:
    with running(tmp_path / "sshd", identity, f"ForceCommand {command}") as daemon:
        snapshot = one(device("pc-1", daemon.port, identity), (daemon.pin("pc-1"),), controller)
    assert snapshot.outcome is outcome, snapshot.detail
    assert detail in snapshot.detail
    assert snapshot.detail.isprintable()
    assert snapshot.answers == ()


def test_a_device_that_talks_before_and_after(
    identity: Path, controller: Controller, tmp_path: Path
) -> None:
    noise = r"printf 'Bienvenue\n@@esms-kit x begin\n'; eval \"$SSH_ORIGINAL_COMMAND\"; echo bye"
    banner = tmp_path / "banner"
    banner.write_text("\x1b[2Jhello\n" * 100)
    options = (f'ForceCommand sh -c "{noise}"', f"Banner {banner}")
    with running(tmp_path / "sshd", identity, *options) as daemon:
        snapshot = one(device("pc-1", daemon.port, identity), (daemon.pin("pc-1"),), controller)
    assert snapshot.outcome is Outcome.DONE
    assert snapshot.answers[1].stdout == f"linux\n{sshd.ACCOUNT}\n".encode()


def test_one_read_of_fifty_megabytes_spoils_only_itself(
    server: Sshd, identity: Path, controller: Controller
) -> None:
    limits = Limits(read_bytes=128 * 1024, answer_seconds=60, device_seconds=50)
    requests = made_up.reads(a="echo a", large="head -c 50000000 /dev/zero", z="echo z")
    found = collect(
        [Order(device("pc-1", server.port, identity), requests)],
        Surroundings((server.pin("pc-1"),)),
        controller,
        limits,
    )["pc-1"]
    assert found.outcome is Outcome.DONE
    refusals = {answer.read: answer.raw().refusal() for answer in found.answers}
    assert refusals["a"] is refusals["z"] is None
    assert refusals["large"] is not None
    assert refusals["large"].reason is Unread.TRUNCATED
