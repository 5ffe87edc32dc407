"""Pinned keys: which key a device showed, when, how it was compared, by whom."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from kit.i18n import _
from kit.model.identifiers import DeviceId, PlainText
from kit.model.record import Record

KeyAlgorithm = Annotated[str, StringConstraints(pattern=r"^[a-z0-9@.-]{3,60}$")]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]


class KeyKind(StrEnum):
    """What is pinned."""

    SSH_HOST_KEY = "ssh_host_key"
    TLS_CERTIFICATE = "tls_certificate"


class PinnedHow(StrEnum):
    """How the key was known to be the device's own."""

    COMPARED = "compared"  # somebody compared the fingerprint with the device's screen
    ADOPTED = "adopted"  # the device itself recorded it at first contact
    IMPORTED = "imported"  # taken over from another known_hosts file
    LAB = "lab"  # a test host made on this machine


def fingerprint(key: bytes) -> str:
    """``SHA256:`` and unpadded base64, as ``ssh-keygen -l`` prints it."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode("ascii")
    return "SHA256:" + digest.rstrip("=")


class PinnedKey(Record):
    """One key of one device. ``key`` is base64: an SSH public key blob or a DER certificate."""

    device: DeviceId
    kind: KeyKind = KeyKind.SSH_HOST_KEY
    algorithm: KeyAlgorithm
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=16384)]
    fingerprint: Fingerprint
    pinned_at: datetime
    how: PinnedHow
    by: PlainText

    @model_validator(mode="after")
    def _fingerprint_of_key(self) -> PinnedKey:
        try:
            blob = base64.b64decode(self.key, validate=True)
        except (binascii.Error, ValueError):
            blob = b""
        if fingerprint(blob) != self.fingerprint:
            raise ValueError(_("the fingerprint is not that of the key."))
        return self


def certificate_sha256(pins: Iterable[PinnedKey], device: str) -> str:
    """SHA-256 of the certificate pinned for a device, 64 hexadecimal digits; ``""`` without one.

    Two of them would be a choice nobody has made: there is one, or none.
    """
    found = {
        hashlib.sha256(base64.b64decode(pin.key)).hexdigest()
        for pin in pins
        if pin.device == device and pin.kind is KeyKind.TLS_CERTIFICATE
    }
    return found.pop() if len(found) == 1 else ""


class FormerKey(Record):
    """A pinned key that was replaced, with who said so, when, and why."""

    device: DeviceId
    kind: KeyKind = KeyKind.SSH_HOST_KEY
    algorithm: KeyAlgorithm
    fingerprint: Fingerprint
    pinned_at: datetime
    how: PinnedHow
    by: PlainText
    replaced_at: datetime
    replaced_by: PlainText
    reason: PlainText


def replaced(key: PinnedKey, at: datetime, by: str, reason: str) -> FormerKey:
    """What is kept of a key when another one takes its place."""
    kept = key.model_dump(exclude={"key"})
    return FormerKey(**kept, replaced_at=at, replaced_by=by, reason=reason)


class KnownHosts(Record):
    """The document ``known_hosts.yaml`` of a site; ``former`` keys are trusted no more."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    keys: tuple[PinnedKey, ...] = ()
    former: tuple[FormerKey, ...] = ()
