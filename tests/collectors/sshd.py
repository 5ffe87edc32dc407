"""A real sshd of this machine on a loopback port, with keys and configuration of its own."""

from __future__ import annotations

import base64
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kit.collectors.limits import Limits
from kit.model.device import Connection, Device, DeviceClass, Sudo
from kit.model.known_host import PinnedHow, PinnedKey, fingerprint
from kit.model.platform import Platform
from kit.model.secret import SecretReference

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ACCOUNT = getpass.getuser()
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
# For a daemon on this machine: what does not answer is given up soon.
SHORT = Limits(connect_seconds=2, login_seconds=4, answer_seconds=3, device_seconds=2)


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def pin(device: str, public: Path) -> PinnedKey:
    algorithm, key = public.read_text().split()[:2]
    return PinnedKey(
        device=device,
        algorithm=algorithm,
        key=key,
        fingerprint=fingerprint(base64.b64decode(key)),
        pinned_at=AT,
        how=PinnedHow.LAB,
        by="tests",
    )


def device(
    name: str,
    port: int,
    identity: Path | None,
    *,
    user: str = ACCOUNT,
    sudo: Sudo = Sudo.ROOT,
    password: SecretReference | None = None,
    jump: str | None = None,
) -> Device:
    return Device(
        id=name,
        device_class=DeviceClass.DESKTOP,
        platform=Platform.LINUX,
        connection=Connection(
            address="127.0.0.1",
            port=port,
            user=user,
            sudo=sudo,
            sudo_password=password,
            proxy_jump=jump,
            identity_file=str(identity) if identity else None,
        ),
    )


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@dataclass
class Sshd:
    """One running daemon. ``host_keys``: its public keys by kind."""

    folder: Path
    port: int
    host_keys: dict[str, Path]
    process: subprocess.Popen[bytes] = field(repr=False)

    def pin(self, name: str, kind: str = "ed25519") -> PinnedKey:
        return pin(name, self.host_keys[kind])

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


@contextmanager
def running(
    folder: Path,
    authorized: Path,
    *options: str,
    kinds: tuple[str, ...] = ("ed25519",),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Sshd]:
    """An sshd that lets the current user in with the key of ``authorized``.

    HOME is the sshd's folder: the profile of whoever runs the tests plays no part.
    """
    assert SSHD is not None
    folder.mkdir(parents=True)
    port = free_port()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants it, empty
    keys = {kind: make_key(folder / f"host_{kind}", kind) for kind in kinds}
    config = folder / "config"
    shown = {"HOME": str(folder), **(environment or {})}
    lines = [
        f"ListenAddress 127.0.0.1:{port}",
        *(f"HostKey {path}" for path in keys.values()),
        f"AuthorizedKeysFile {authorized}.pub",
        f"PidFile {folder}/pid",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "StrictModes no",
        "UsePAM no",
        "SetEnv " + " ".join(quoted(f"{name}={value}") for name, value in shown.items()),
        *options,
    ]
    config.write_text("\n".join(lines) + "\n")
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    try:
        _wait(port, process)
        publics = {kind: path.with_name(path.name + ".pub") for kind, path in keys.items()}
        yield Sshd(folder, port, publics, process)
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def quoted(text: str) -> str:
    """One word of sshd_config."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("sshd did not start")
