"""From a device's record to a pyinfra connection whose host key is one of the pinned ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import paramiko
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.connectors.ssh import SSHConnector

from kit.engines.base import Ending, Limits, Work
from kit.engines.failures import Failure, FailureCode
from kit.engines.hops import NotConnected, device_hop, known_hosts
from kit.engines.logins import (
    KEEPALIVE_SECONDS,
    line_to,
    refused_algorithms,
    translated,
    usable_identity,
)


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


def connect(host: Host, work: Work, limits: Limits) -> paramiko.Transport:
    """Connect ``host``, through the jump host if there is one; raises ``NotConnected``."""
    hop = device_hop(work)
    connector = host.connector
    if not isinstance(connector, SSHConnector):
        raise NotConnected(Ending.FAILED, Failure(code=FailureCode.UNSUPPORTED, subject="ssh"))
    line = line_to(work, limits)
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
        raise translated(error, hop) from error
    transport = connector.client.get_transport() if connector.client else None
    if transport is None:
        raise NotConnected(Ending.FAILED, Failure(code=FailureCode.NO_ANSWER, subject=hop.name))
    transport.set_keepalive(KEEPALIVE_SECONDS)
    return transport
