"""Connections to a device past every engine: pinned keys, a new line, a new login."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import paramiko

from kit.engines.base import Ending, Limits, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import Hop, NotConnected, device_hop, jump_hop, known_hosts
from kit.model.known_host import PinnedKey

KEEPALIVE_SECONDS: Final = 15
DEAD_AFTER_MILLISECONDS: Final = 40_000
"""Unanswered data for this long means that the device is gone, not slow."""

Line = socket.socket | paramiko.Channel


def refused_algorithms(keys: Iterable[PinnedKey]) -> dict[str, list[str]]:
    """What to negotiate no host key with, so that the device shows one that is pinned.

    Otherwise a device with two keys of which one is pinned could show the other, which looks
    like an impostor.
    """
    wanted: set[str] = set()
    for pin in keys:
        # SHA-1 signatures are no proof; the same RSA key signs with SHA-2.
        rsa = pin.algorithm == "ssh-rsa"
        wanted |= {"rsa-sha2-512", "rsa-sha2-256"} if rsa else {pin.algorithm}
    known = getattr(paramiko.Transport, "_preferred_keys", ())
    return {"keys": [name for name in known if name not in wanted]}


def usable_identity(work: Work) -> str | None:
    """The identity file, or ``None`` to use the agent and the account's own keys.

    A file with a passphrase counts as in the agent. Raises ``NotConnected``.
    """
    name = work.connection.identity_file
    if name is None:
        return None
    path = Path(name).expanduser()
    said = "no private key"
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            kind.from_private_key_file(str(path))
            return str(path)
        except paramiko.PasswordRequiredException as error:
            if os.environ.get("SSH_AUTH_SOCK"):
                return None
            said = str(error)
            break
        except (OSError, ValueError, paramiko.SSHException) as error:
            said = str(error)
    failure = Failure(code=FailureCode.IDENTITY_UNUSABLE, subject=name, detail=said)
    raise NotConnected(Ending.FAILED, failure)


def open_line(hop: Hop, limits: Limits) -> socket.socket:
    """A TCP connection; raises ``NotConnected``."""
    try:
        line = socket.create_connection((hop.address, hop.port), limits.connect_seconds)
    except OSError as error:
        failure = Failure(
            code=FailureCode.NOT_REACHED, subject=hop.name, detail=error.strerror or str(error)
        )
        raise NotConnected(Ending.NOT_REACHED, failure) from error
    # paramiko leaves Nagle's algorithm on: 45 ms for each command (measured on loopback).
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER_MILLISECONDS)
    return line


def _logged_in(
    hop: Hop, subject: str, work: Work, limits: Limits, line: Line
) -> paramiko.SSHClient:
    """A login at ``hop`` over ``line``, which has to show one of its pinned keys."""
    if not hop.keys:
        line.close()
        raise NotConnected(Ending.FAILED, Failure(code=FailureCode.NOT_TRUSTED, subject=subject))
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    for pin in known_hosts(hop).splitlines():
        # A pin that is no key admits nobody; the others stay.
        with contextlib.suppress(paramiko.SSHException, ValueError):
            entry = paramiko.hostkeys.HostKeyEntry.from_line(pin)
            if entry is not None:
                client.get_host_keys().add(hop.name, entry.key.get_name(), entry.key)
    identity = usable_identity(work)
    try:
        client.connect(
            hop.address,
            hop.port,
            username=hop.account,
            key_filename=identity,
            allow_agent=identity is None,
            look_for_keys=work.connection.identity_file is None,
            sock=line,
            banner_timeout=limits.connect_seconds,
            auth_timeout=limits.login_seconds,
            disabled_algorithms=refused_algorithms(hop.keys),
        )
    except (paramiko.SSHException, OSError, EOFError) as error:
        client.close()
        line.close()
        raise translated(error, hop) from error
    return client


def line_to(work: Work, limits: Limits) -> Line:
    """A line to the device, through its jump host if it has one; raises ``NotConnected``."""
    hop, jump = device_hop(work), jump_hop(work)
    if not hop.keys:
        failure = Failure(code=FailureCode.NOT_TRUSTED, subject=work.device)
        raise NotConnected(Ending.FAILED, failure)
    return _through(jump, hop, work, limits) if jump else open_line(hop, limits)


def log_in(work: Work, limits: Limits) -> paramiko.SSHClient:
    """A new login of the management account, shared with nobody; raises ``NotConnected``."""
    client = _logged_in(device_hop(work), work.device, work, limits, line_to(work, limits))
    transport = client.get_transport()
    if transport is not None:
        transport.set_keepalive(KEEPALIVE_SECONDS)
    return client


def _through(jump: Hop, hop: Hop, work: Work, limits: Limits) -> paramiko.Channel:
    """A line to ``hop`` that the jump host opens; it keeps the session on the jump host alive."""
    client = _logged_in(jump, jump.name, work, limits, open_line(jump, limits))
    transport = client.get_transport()
    try:
        if transport is None:
            raise EOFError
        transport.set_keepalive(KEEPALIVE_SECONDS)
        line = transport.open_channel(
            "direct-tcpip",
            (hop.address, hop.port),
            ("127.0.0.1", 0),
            timeout=limits.connect_seconds,
        )
    except (paramiko.SSHException, OSError, EOFError) as error:
        client.close()
        refused = isinstance(error, paramiko.ChannelException) and error.code == 2
        code, ending = (
            (FailureCode.NOT_REACHED, Ending.NOT_REACHED)
            if refused  # the jump host let us through and found nobody
            else (FailureCode.JUMP_FAILED, Ending.FAILED)
        )
        subject = hop.name if refused else jump.name
        failure = Failure(code=code, subject=subject, detail=str(error))
        raise NotConnected(ending, failure) from error
    line.get_transport().jump_client = client  # type: ignore[attr-defined] # keeps it alive
    return line


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from; pyinfra keeps only texts in its own errors."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def translated(error: BaseException, hop: Hop) -> NotConnected:
    """What an error on the way to ``hop`` means."""
    causes = list(_causes(error))
    said = str(causes[0])
    code, subject = FailureCode.BROKEN_ANSWER, hop.name
    if any(isinstance(one, paramiko.BadHostKeyException) for one in causes) or any(
        isinstance(one, paramiko.ssh_exception.IncompatiblePeer) and "host key" in str(one)
        for one in causes
    ):
        code, said = FailureCode.KEY_CHANGED, ""
    elif "not found in known_hosts" in said:
        code = FailureCode.NOT_TRUSTED
    elif any(isinstance(one, paramiko.AuthenticationException) for one in causes) or any(
        "No authentication methods available" in str(one) for one in causes
    ):
        code, subject = FailureCode.LOGIN_REFUSED, hop.account
    elif any(isinstance(one, TimeoutError | EOFError | OSError) for one in causes) or any(
        "banner" in str(one) or "imeout" in str(one) for one in causes
    ):
        code = FailureCode.NO_ANSWER
    return NotConnected(Ending.FAILED, Failure(code=code, subject=subject, detail=said))
