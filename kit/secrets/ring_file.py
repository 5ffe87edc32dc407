"""The operator's public keys, with since when and until when each was in use, and who vouches.

The first key is known by its fingerprint, given to the auditor beforehand. Each later one is
endorsed by the sealing key that was in use before it, so that whoever knows an old one can follow.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from pydantic import Field, StringConstraints, model_validator

from kit.i18n import _
from kit.model.record import Record

KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Pem = Annotated[str, StringConstraints(min_length=60, max_length=8192)]
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=200)]

ENDORSEMENT: Final = b"esms-kit: this key is ours\n"
"""What every endorsement begins with; nothing else that is sealed does."""


def key_digest(spki: bytes) -> str:
    """SHA-256 of a public key (DER, SubjectPublicKeyInfo), hexadecimal."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    return digest.finalize().hex()


def grouped(digest: str) -> str:
    """A digest in groups of four, as people compare it."""
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


class _Kept(Record):
    kind: str
    id: KeyId
    created_at: datetime
    retired_at: datetime | None = None
    endorsed_by: KeyId | None = None
    endorsement: Base64 | None = None

    def spki(self) -> bytes:
        raise NotImplementedError

    @property
    def digest(self) -> str:
        """The whole fingerprint."""
        return key_digest(self.spki())

    def statement(self) -> bytes:
        """What the endorsing key signs."""
        said = {
            "kind": self.kind,
            "public_key_sha256": self.digest,
            "created_at": self.created_at.astimezone(UTC).isoformat(),
        }
        return ENDORSEMENT + json.dumps(said, sort_keys=True).encode()


class SealingKey(_Kept):
    """An Ed25519 key that seals evidence."""

    kind: Literal["sealing"] = "sealing"
    public_pem: Pem

    def spki(self) -> bytes:
        """The public key, DER."""
        return self.public().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def public(self) -> Ed25519PublicKey:
        """The public key; raises ``ValueError``."""
        found = load_pem_public_key(self.public_pem.encode())
        if not isinstance(found, Ed25519PublicKey):
            # What pydantic turns into a mistake of the document.
            raise ValueError(_("this is not an Ed25519 key."))  # noqa: TRY004
        return found

    @model_validator(mode="after")
    def _named_after_itself(self) -> SealingKey:
        if self.digest[:16] != self.id:
            raise ValueError(_("the id is not that of the key."))
        return self


class EncryptionKey(_Kept):
    """A certificate that messages to the operator are encrypted to."""

    kind: Literal["encryption"] = "encryption"
    certificate_pem: Pem

    def certificate(self) -> x509.Certificate:
        """The certificate; raises ``ValueError``."""
        return x509.load_pem_x509_certificate(self.certificate_pem.encode())

    def spki(self) -> bytes:
        """The public key, DER."""
        public = self.certificate().public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @model_validator(mode="after")
    def _named_after_itself(self) -> EncryptionKey:
        if self.digest[:16] != self.id:
            raise ValueError(_("the id is not that of the key."))
        return self


@dataclass(frozen=True)
class Signature:
    """An Ed25519 signature and the id of the key that made it."""

    key_id: str
    value: bytes

    @property
    def base64(self) -> str:
        """The signature as text."""
        return base64.b64encode(self.value).decode("ascii")


class RingFile(Record):
    """``keys/ring.yaml``: everything public. Newest key last; exactly one of each is in use."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    sealing: Annotated[tuple[SealingKey, ...], Field(min_length=1)]
    encryption: Annotated[tuple[EncryptionKey, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_in_use(self) -> RingFile:
        for keys in (self.sealing, self.encryption):
            retired = [one.retired_at is not None for one in keys]
            if retired != [True] * (len(keys) - 1) + [False]:
                raise ValueError(_("the last key of each kind, and no other, is in use."))
            if len({one.id for one in keys}) != len(keys):
                raise ValueError(_("the same key stands twice."))
        return self

    def sealing_key(self, key_id: str) -> SealingKey | None:
        """One sealing key, in use or not."""
        return next((one for one in self.sealing if one.id == key_id), None)

    def verify(self, data: bytes, signature: Signature, at: datetime | None = None) -> bool:
        """Whether a key of this ring signed ``data``; with ``at``, one that was in use then."""
        key = self.sealing_key(signature.key_id)
        if key is None or not signed_by(key, data, signature.value):
            return False
        if at is None:
            return True
        return key.created_at <= at and (key.retired_at is None or at <= key.retired_at)

    def reachable_from(self, known: Iterable[str]) -> frozenset[str]:
        """The ids of all keys that the ``known`` sealing keys (ids) vouch for, themselves too.

        An auditor who was given one key trusts exactly these; a key put in by somebody else is not
        among them.
        """
        trusted = {one.id for one in self.sealing if one.id in set(known)}
        for _round in self.sealing:
            trusted |= {one.id for one in self.sealing if self._endorsed(one, trusted)}
        found = set(trusted)
        found |= {one.id for one in self.encryption if self._endorsed(one, trusted)}
        return frozenset(found)

    def _endorsed(self, key: SealingKey | EncryptionKey, trusted: set[str]) -> bool:
        by = self.sealing_key(key.endorsed_by or "")
        if by is None or by.id not in trusted or key.endorsement is None:
            return False
        try:
            value = base64.b64decode(key.endorsement, validate=True)
        except binascii.Error:
            return False
        return signed_by(by, key.statement(), value)


def signed_by(key: SealingKey, data: bytes, signature: bytes) -> bool:
    """Whether this key made this signature."""
    try:
        key.public().verify(signature, data)
    except InvalidSignature:
        return False
    return True
