"""First contact: what a bootstrap stick may do, and what a device writes back to it."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from kit.i18n import _
from kit.model.device import Access, AccountName
from kit.model.identifiers import Address, Cidr, DeviceId, Mac, PlainText, Slug
from kit.model.platform import Platform
from kit.model.record import Record

MAX_SLOTS = 500
CERTIFICATE = "x509"
"""The algorithm of an ``OfferedKey`` that is a certificate."""

TokenId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
SlotNumber = Annotated[int, Field(ge=1, le=MAX_SLOTS)]
Port = Annotated[int, Field(ge=1, le=65535)]
Printed = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,120}$")]
"""What a firmware or a system calls something: plain ASCII, shown as data only."""
FilePath = Annotated[str, StringConstraints(pattern=r"^[^{}\x00-\x1f\x7f]{1,1024}$")]


class Token(Record):
    """One stick: the site's, for ``slots`` devices, until ``expires_at``.

    Its MAC key is in the site's vault (``adoption/<id>``). Whoever finds the stick can offer a
    record, never log in.
    """

    id: TokenId
    created_at: datetime
    expires_at: datetime
    slots: SlotNumber
    account: AccountName
    sources: Annotated[tuple[Cidr, ...], Field(min_length=1)]
    identity_file: FilePath | None = None
    revoked_at: datetime | None = None


class Imported(Record):
    """A record that was taken in: never again, and its slot is that machine's."""

    token: TokenId
    slot: SlotNumber
    nonce: Nonce
    sha256: Digest
    device: DeviceId
    machine: Digest
    imported_at: datetime
    by: PlainText


class AdoptionFile(Record):
    """``inventories/<site>/adoption.yaml``."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    tokens: tuple[Token, ...] = ()
    records: tuple[Imported, ...] = ()


class Join(StrEnum):
    """Who else administers the device."""

    NONE = "none"
    DOMAIN = "domain"
    ENTRA = "entra"


def _parts(blob: bytes) -> list[bytes]:
    """The strings an SSH key's blob is made of (RFC 4251); empty when it is cut, or no blob."""
    parts = []
    while blob:
        size = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + size:
            return []
        parts.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    return parts


def _is_der_sequence(blob: bytes) -> bool:
    """Whether it is one DER sequence, whole."""
    if len(blob) < 2 or blob[0] != 0x30:
        return False
    more = blob[1] & 0x7F if blob[1] & 0x80 else 0
    size = int.from_bytes(blob[2 : 2 + more], "big") if more else blob[1]
    return len(blob) == 2 + more + size


class OfferedKey(Record):
    """A host key, or the certificate of a WinRM listener; ``key`` is base64 of its DER or blob."""

    algorithm: Annotated[str, StringConstraints(pattern=r"^[a-z0-9@.-]{3,60}$")]
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=16384)]

    @model_validator(mode="after")
    def _is_of_its_algorithm(self) -> OfferedKey:
        try:
            blob = base64.b64decode(self.key, validate=True)
        except binascii.Error:
            blob = b""
        if self.algorithm == CERTIFICATE:
            right = _is_der_sequence(blob)
        else:
            parts = _parts(blob)
            right = len(parts) > 1 and parts[0] == self.algorithm.encode()
        if not right:
            raise ValueError(_("this is not a key of the kind it says."))
        return self


class AdoptionRecord(Record):
    """What a device said about itself at first contact, as it was decrypted."""

    site: Slug
    token: TokenId
    slot: SlotNumber
    nonce: Nonce
    platform: Literal[Platform.LINUX, Platform.WINDOWS]
    access: Access
    account: AccountName
    port: Port
    serial: Printed | None = None
    uuid: Printed | None = None
    maker: Printed | None = None
    model: Printed | None = None
    os: Printed | None = None
    os_name: Printed | None = None
    os_build: Printed | None = None
    join: Join
    firewall: Printed | None = None
    written_at: datetime
    macs: Annotated[tuple[Mac, ...], Field(max_length=32)] = ()
    addresses: Annotated[tuple[Address, ...], Field(max_length=64)] = ()
    keys: Annotated[tuple[OfferedKey, ...], Field(min_length=1, max_length=8)]

    @model_validator(mode="after")
    def _keys_of_its_access(self) -> AdoptionRecord:
        certificates = [key for key in self.keys if key.algorithm == CERTIFICATE]
        if bool(certificates) != (self.access is Access.WINRM) or len(certificates) > 1:
            raise ValueError(_("the keys are not those of this way in."))
        if len({key.algorithm for key in self.keys}) != len(self.keys):
            raise ValueError(_("there are two keys of one kind."))
        return self
