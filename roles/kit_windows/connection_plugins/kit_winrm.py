"""WinRM over HTTPS to a host whose certificate is pinned, and to no other.

Ansible's own ``winrm`` asks for a certificate of an authority that names the address. A post shows
one that it has made itself at first contact: what proves that it is this post is that very
certificate, wherever it answers today.
"""

from __future__ import annotations

import os
import re
from typing import Any

DOCUMENTATION = r"""
name: kit_winrm
short_description: WinRM over HTTPS, the certificate of the host pinned
description:
  - As ansible.builtin.winrm, over HTTPS and with NTLM. The host must show the certificate whose
    SHA-256 is given; no authority, no name and no date counts in its place. Without one
    nothing is sent.
author: esms-kit
extends_documentation_fragment:
  - connection_pipelining
requirements:
  - pywinrm (python library)
options:
  remote_addr:
    description: Address of the host.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
  remote_user:
    description: The account to log in as.
    type: str
    vars:
      - name: ansible_user
    keyword:
      - name: remote_user
  remote_password:
    description: Its password.
    type: str
    vars:
      - name: ansible_password
  port:
    description: Port of the HTTPS listener.
    type: integer
    default: 5986
    vars:
      - name: ansible_port
    keyword:
      - name: port
  certificate_sha256:
    description: SHA-256 of the certificate (DER) that the host must show, 64 hexadecimal digits.
    type: str
    vars:
      - name: kit_winrm_certificate_sha256
  connection_timeout:
    description: Seconds one operation may take on the host before it is asked for again.
    type: integer
    default: 20
    vars:
      - name: kit_winrm_operation_seconds
  timeout:
    description: Seconds until the host must have taken the connection.
    type: integer
    default: 10
    ini:
      - section: defaults
        key: timeout
    env:
      - name: ANSIBLE_TIMEOUT
    vars:
      - name: kit_winrm_connect_seconds
"""

from ansible.errors import AnsibleConnectionFailure  # noqa: E402 - after what documents it
from ansible.plugins.connection.winrm import Connection as WinrmConnection  # noqa: E402

try:
    import requests
    from urllib3.exceptions import SSLError as TlsError
    from winrm.exceptions import InvalidCredentialsError
    from winrm.protocol import Protocol
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

    class PinnedAdapter(requests.adapters.HTTPAdapter):
        """Speaks to one certificate only, directly: over no proxy."""

        def __init__(self, sha256: str, connect_seconds: int) -> None:
            self._sha256 = sha256
            self._connect_seconds = connect_seconds
            super().__init__()

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            # urllib3 compares after the handshake, before a byte of ours is sent.
            super().init_poolmanager(*args, assert_fingerprint=self._sha256, **kwargs)

        def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as requests has it
            if not request.url.startswith("https://"):
                raise requests.exceptions.InvalidSchema(request.url)
            seconds = (self._connect_seconds, kwargs.get("timeout"))
            # No authority is asked: the pin says more than one could.
            return super().send(
                request, **{**kwargs, "verify": False, "proxies": {}, "timeout": seconds}
            )


PIN = re.compile(r"[0-9a-f]{64}\Z")
NOT_PINNED = "kit_winrm: no certificate is pinned for this host: esms-kit trust"
CHANGED = (
    "kit_winrm: the host shows another certificate than the pinned one. Find out why (reinstalled? "
    "another machine?) before pinning the new one: esms-kit trust --rekey"
)
REFUSED = "kit_winrm: the account or its password is refused"
NO_PASSWORD = "kit_winrm: no password is given for the account"  # noqa: S105 - a message


def pinned_protocol(
    host: str, port: int, user: str, password: str, sha256: str, *, connect: int, operation: int
) -> Protocol:
    """A client of WS-Management that speaks to nobody but the holder of the pinned certificate."""
    address = f"[{host}]" if ":" in host else host
    protocol = Protocol(
        f"https://{address}:{port}/wsman",
        transport="ntlm",
        username=user,
        password=password,
        # What would not go through the adapter has no authority to trust, and fails.
        server_cert_validation="validate",
        ca_trust_path=os.devnull,
        proxy=None,
        operation_timeout_sec=operation,
        read_timeout_sec=operation + 10,
    )
    session = protocol.transport.build_session()
    session.trust_env = False
    session.max_redirects = 0
    session.mount("https://", PinnedAdapter(sha256, connect))
    session.mount("http://", PinnedAdapter(sha256, connect))
    return protocol


def meaning(error: Exception) -> str:
    """What went wrong on the way to a shell, in a form that esms-kit knows again."""
    said = str(error)
    if isinstance(error, InvalidCredentialsError):
        return REFUSED
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"kit_winrm: Connection timed out: {said}"
    if isinstance(error, requests.exceptions.SSLError | TlsError):
        return CHANGED if "ingerprint" in said else f"kit_winrm: no TLS: {said}"
    return f"kit_winrm: {said}"


class Connection(WinrmConnection):
    """Ansible's own connection, but for how it is opened."""

    transport = "kit_winrm"
    allow_extras = False

    def _build_winrm_kwargs(self) -> None:
        if MISSING is not None:
            raise AnsibleConnectionFailure(f"kit_winrm: pywinrm is not installed: {MISSING}")
        self._winrm_host = self.get_option("remote_addr")
        self._winrm_user = self.get_option("remote_user") or ""

    def _winrm_connect(self) -> Protocol:
        sha256 = str(self.get_option("certificate_sha256") or "")
        password = self.get_option("remote_password")
        if not PIN.match(sha256):
            raise AnsibleConnectionFailure(NOT_PINNED)
        if not password:
            raise AnsibleConnectionFailure(NO_PASSWORD)
        try:
            protocol = pinned_protocol(
                self._winrm_host,
                self.get_option("port"),
                self._winrm_user,
                str(password),
                sha256,
                connect=self.get_option("timeout"),
                operation=self.get_option("connection_timeout"),
            )
            if not self.shell_id:
                self.shell_id = protocol.open_shell(codepage=65001)  # UTF-8
        except Exception as error:
            raise AnsibleConnectionFailure(meaning(error)) from error
        return protocol
