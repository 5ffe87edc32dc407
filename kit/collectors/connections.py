"""SSH connections to devices whose host keys are pinned, directly or through a jump host.

There is no trust on first use: without a pinned key nothing is sent, and a key that is not among
the pinned ones ends the connection before any login. Files of OpenSSH (configuration, known
hosts, certificate bundles) play no part.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

import asyncssh

from kit.collectors.failures import Failure
from kit.collectors.identities import Identities
from kit.collectors.limits import Limits
from kit.collectors.routes import Route
from kit.model.known_host import KeyKind, PinnedKey
from kit.model.snapshot import Outcome

# The first one both sides know is taken. Curve25519 costs either side about 1 ms; what OpenSSH
# itself prefers since 8.5 (sntrup761) cost it 80 ms more when measured.
KEY_EXCHANGES: Final = (
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
)
CIPHERS: Final = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes128-ctr",
)
# Signatures a host key may be proven with (SHA-1 is none of them), and the kind of key of each.
SIGNATURES: Final = {
    "ssh-ed25519": "ssh-ed25519",
    "ecdsa-sha2-nistp256": "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384": "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521": "ecdsa-sha2-nistp521",
    "rsa-sha2-512": "ssh-rsa",
    "rsa-sha2-256": "ssh-rsa",
}
CLIENT_VERSION: Final = "esms-kit"
GOODBYE_SECONDS: Final = 2


def common_options() -> dict[str, Any]:
    """What every login has: keys only, nothing from the surroundings, no forwarding."""
    return {
        "config": None,
        "x509_trusted_certs": None,
        "kex_algs": KEY_EXCHANGES,
        "encryption_algs": CIPHERS,
        "compression_algs": ("none",),
        "gss_kex": False,
        "gss_auth": False,
        "preferred_auth": "publickey",
        "agent_forwarding": False,
        "login_timeout": 0,  # kept here, by stage
        "keepalive_interval": 15,
        "client_version": CLIENT_VERSION,
    }


class _Watcher(asyncssh.SSHClient):
    """Notices that something listens at the other end."""

    def __init__(self) -> None:
        self.met = False

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        del conn
        self.met = True


class Connections:
    """Opens connections of one collection; jump hosts are connected to once and shared."""

    def __init__(self, pins: Iterable[PinnedKey], identities: Identities, limits: Limits) -> None:
        """``pins`` of the whole site; certificates among them are not looked at."""
        self._pins: Mapping[str, list[PinnedKey]] = defaultdict(list)
        for pin in pins:
            if pin.kind is KeyKind.SSH_HOST_KEY:
                self._pins[pin.device].append(pin)
        self._identities = identities
        self._limits = limits
        self._jumps: dict[Route, asyncio.Task[asyncssh.SSHClientConnection]] = {}

    @contextlib.asynccontextmanager
    async def opened(self, route: Route) -> AsyncIterator[asyncssh.SSHClientConnection]:
        """A connection that is logged in; raises ``Failure`` with what went wrong.

        It is closed on leaving, and cut off at once when the block was cancelled.
        """
        connection = await self._open(route)
        try:
            yield connection
        except BaseException:
            connection.abort()
            raise
        connection.close()
        with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await connection.wait_closed()
        connection.abort()

    async def close(self) -> None:
        """End the connections to jump hosts; nothing is opened any more."""
        for task in self._jumps.values():
            if task.done() and not task.cancelled() and task.exception() is None:
                task.result().abort()
            else:
                task.cancel()
        await asyncio.gather(*self._jumps.values(), return_exceptions=True)

    async def through(self, route: Route) -> asyncssh.SSHClientConnection | None:
        """The connection to the route's jump host, shared; ``None`` when there is none."""
        if route.jump is None:
            return None
        if route.jump not in self._jumps:
            self._jumps[route.jump] = asyncio.create_task(self._open(route.jump))
        try:
            # Shielded: the first device to be cancelled must not take the way from the others.
            return await asyncio.shield(self._jumps[route.jump])
        except Failure as failure:
            detail = f"jump host {route.jump.device}: {failure.detail}"
            raise Failure(failure.outcome, detail) from failure

    async def _open(self, route: Route) -> asyncssh.SSHClientConnection:
        trusted = self._trusted(route.device)
        keys = await self._identities.keys(route.identity_file)
        tunnel = await self.through(route)
        watcher = _Watcher()
        options = common_options() | {
            "client_factory": lambda: watcher,
            "username": route.user,
            "known_hosts": lambda *_address: (trusted, [], []),
            "host_key_alias": route.device,
            "server_host_key_algs": _wanted_algorithms(trusted),
            "client_keys": keys,
            "agent_path": None,
        }
        sock = None if tunnel else await reach(route.address, route.port, self._limits)
        try:
            async with asyncio.timeout(self._limits.login_seconds):
                return await asyncssh.connect(
                    route.address, route.port, sock=sock, tunnel=tunnel or (), **options
                )
        except TimeoutError as error:
            outcome = Outcome.TIMEOUT if watcher.met else Outcome.NOT_REACHED
            detail = f"no login within {self._limits.login_seconds:g} s"
            raise Failure(outcome, detail) from error
        except Exception as error:
            failure = failure_of(error)
            if sock is not None and isinstance(error, OSError):
                # The connection stood: what was there hung up, in whatever way it did.
                failure = Failure(Outcome.BROKEN, failure.detail)
            raise failure from error
        finally:
            if sock is not None and not watcher.met:
                sock.close()

    def _trusted(self, device: str) -> list[asyncssh.SSHKey]:
        keys = []
        for pin in self._pins.get(device, ()):
            with contextlib.suppress(asyncssh.KeyImportError):
                blob = base64.b64decode(pin.key)
                keys.append(asyncssh.import_public_key(_openssh(pin.algorithm, blob)))
        if not keys:
            raise Failure(Outcome.NOT_TRUSTED, f"no usable host key is pinned for {device}")
        return keys


def _wanted_algorithms(trusted: Iterable[asyncssh.SSHKey]) -> list[str]:
    """Those of the pinned keys first, then the others.

    A device that has lost its pinned key then shows another one and is seen to have changed; if
    only pinned kinds were offered it would hang up without a word.
    """
    kinds = {key.get_algorithm() for key in trusted}
    return sorted(SIGNATURES, key=lambda name: SIGNATURES[name] not in kinds)


def _openssh(algorithm: str, blob: bytes) -> str:
    return f"{algorithm} {base64.b64encode(blob).decode('ascii')}"


async def reach(host: str, port: int, limits: Limits) -> socket.socket:
    """A TCP connection, addresses tried in order; raises ``Failure(NOT_REACHED)``."""
    loop = asyncio.get_running_loop()
    said = f"no address is known for {host}"
    try:
        async with asyncio.timeout(limits.connect_seconds):
            found = await _addresses(host, port)
    except TimeoutError:
        found, said = [], f"no address for {host} within {limits.connect_seconds:g} s"
    except OSError as error:
        found, said = [], f"{host}: {_reason(error)}"
    for family, kind, protocol, _name, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(limits.connect_seconds / len(found)):
                await loop.sock_connect(sock, address)
        except TimeoutError:
            sock.close()
            said = f"{address[0]} port {port}: no answer within {limits.connect_seconds:g} s"
        except OSError as error:
            sock.close()
            said = f"{address[0]} port {port}: {_reason(error)}"
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise Failure(Outcome.NOT_REACHED, said)


async def _addresses(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    try:
        # An address needs no resolver, and no thread that waits for one.
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _reason(error: OSError) -> str:
    """The system's words; asyncio puts its own in their place."""
    if error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno)
    return error.strerror or str(error) or type(error).__name__


def failure_of(error: Exception) -> Failure:
    """What an exception of the transport means; a hostile device may cause any of them."""
    said = str(error) or type(error).__name__
    if isinstance(error, Failure):
        return error
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return Failure(Outcome.KEY_CHANGED, "the device shows a host key that is not pinned")
    if isinstance(error, asyncssh.PermissionDenied):
        return Failure(Outcome.LOGIN_REFUSED, said)
    if isinstance(error, asyncssh.ChannelOpenError):
        return Failure(Outcome.NOT_REACHED, said)
    if isinstance(error, OSError):
        return Failure(Outcome.NOT_REACHED, _reason(error))
    if not isinstance(error, asyncssh.Error):
        said = f"{type(error).__name__}: {said}"
    return Failure(Outcome.BROKEN, said)
