"""From a device's record to a pyinfra connection whose host key is one of the pinned ones."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import paramiko
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.ssh_util import load_key_with_certificate

from kit.engines.base import Ending, Limits, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import Hop, NotConnected, device_hop, jump_hop, known_hosts
from kit.model.known_host import PinnedKey

KEEPALIVE_SECONDS: Final = 15
DEAD_AFTER_MILLISECONDS: Final = 40_000
"""Unanswered data for this long means that the device is gone, not slow."""


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


def inventory_data(work: Work, folder: Path) -> dict[str, Any]:
    """What pyinfra is told about a device. Its files in ``folder`` (private) are made here."""
    hop = device_hop(work)
    pins = folder / f"{work.device}.known_hosts"
    _write_private(pins, known_hosts(hop))
    config = folder / "ssh_config"
    if not config.exists():
        _write_private(config, "")  # the operator's own must not decide where this connects
    data: dict[str, Any] = {
        "ssh_hostname": hop.address,
        "ssh_port": hop.port,
        "ssh_user": hop.account,
        "ssh_config_file": str(config),
        "ssh_known_hosts_file": str(pins),
        "ssh_strict_host_key_checking": "yes",
        "ssh_forward_agent": False,
    }
    identity = usable_identity(work)
    if identity is not None:
        data["ssh_key"] = identity
    elif work.connection.identity_file is not None:
        data["ssh_look_for_keys"] = False  # its key is in the agent
    return data


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def usable_identity(work: Work) -> str | None:
    """The identity file, or ``None`` to use the agent and the account's own keys.

    A file with a passphrase counts as in the agent. Raises ``NotConnected``.
    """
    name = work.connection.identity_file
    if name is None:
        return None
    try:
        load_key_with_certificate(name, allow_prompt=False)
    except (PyinfraError, OSError, paramiko.SSHException) as error:
        if "encrypted" in str(error) and os.environ.get("SSH_AUTH_SOCK"):
            return None
        raise NotConnected(
            Ending.FAILED,
            Failure(code=FailureCode.IDENTITY_UNUSABLE, subject=name, detail=str(error)),
        ) from error
    return name


def connect(host: Host, work: Work, limits: Limits) -> paramiko.Transport:
    """Connect ``host``, through the jump host if there is one; raises ``NotConnected``."""
    hop = device_hop(work)
    if not hop.keys:
        raise NotConnected(
            Ending.FAILED, Failure(code=FailureCode.NOT_TRUSTED, subject=work.device)
        )
    connector = host.connector
    if not isinstance(connector, SSHConnector):
        raise NotConnected(Ending.FAILED, Failure(code=FailureCode.UNSUPPORTED, subject="ssh"))
    jump = jump_hop(work)
    line = _through(jump, hop, work, limits) if jump else _socket(hop, limits)
    connector.data["ssh_paramiko_connect_kwargs"] = {
        "sock": line,
        "banner_timeout": limits.connect_seconds,
        "auth_timeout": limits.login_seconds,
        "channel_timeout": limits.login_seconds,
        "disabled_algorithms": refused_algorithms(hop.keys),
    }
    try:
        host.connect(show_errors=False, raise_exceptions=True)
    except (PyinfraError, paramiko.SSHException, OSError, EOFError) as error:
        line.close()
        raise _translated(error, hop) from error
    transport = connector.client.get_transport() if connector.client else None
    if transport is None:
        raise NotConnected(Ending.FAILED, Failure(code=FailureCode.NO_ANSWER, subject=hop.name))
    transport.set_keepalive(KEEPALIVE_SECONDS)
    return transport


def _socket(hop: Hop, limits: Limits) -> socket.socket:
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


def _logged_in(jump: Hop, work: Work, limits: Limits) -> paramiko.SSHClient:
    """A session on the jump host, shown by one of its pinned keys."""
    if not jump.keys:
        raise NotConnected(Ending.FAILED, Failure(code=FailureCode.NOT_TRUSTED, subject=jump.name))
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    for line in known_hosts(jump).splitlines():
        entry = paramiko.hostkeys.HostKeyEntry.from_line(line)
        if entry is not None:
            client.get_host_keys().add(jump.name, entry.key.get_name(), entry.key)
    identity = usable_identity(work)
    try:
        client.connect(
            jump.address,
            jump.port,
            username=jump.account,
            key_filename=identity,
            allow_agent=identity is None,
            look_for_keys=work.connection.identity_file is None,
            sock=_socket(jump, limits),
            banner_timeout=limits.connect_seconds,
            auth_timeout=limits.login_seconds,
            disabled_algorithms=refused_algorithms(jump.keys),
        )
    except (paramiko.SSHException, OSError, EOFError) as error:
        client.close()
        raise _translated(error, jump) from error
    return client


def _through(jump: Hop, hop: Hop, work: Work, limits: Limits) -> paramiko.Channel:
    """A line to ``hop`` that the jump host opens; it keeps the session on the jump host alive."""
    client = _logged_in(jump, work, limits)
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


def _translated(error: BaseException, hop: Hop) -> NotConnected:
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
