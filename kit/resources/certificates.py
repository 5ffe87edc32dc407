"""Certificates of authorities as rules and packs write them: base64 of DER, on one line."""

from __future__ import annotations

import base64
import binascii
import hashlib

from kit.i18n import _
from kit.reads.web_reach import AUTHORITY_FOLDER


def check_certificate(text: str) -> None:
    """One X.509 certificate, written in one way; raises ``ValueError`` (translated)."""
    try:
        der = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        der = b""
    # A certificate is a SEQUENCE with a long length: "MII...".
    if der[:2] != b"\x30\x82" or base64.b64encode(der).decode() != text:
        raise ValueError(_("this is not a certificate: base64 of DER, on one line."))


def authority_file(certificate: str) -> str:
    """Where the certificate lies on a device; named by its content."""
    digest = hashlib.sha256(base64.b64decode(certificate)).hexdigest()
    return f"{AUTHORITY_FOLDER}/{digest[:32]}.pem"


def authority_text(certificate: str) -> str:
    """The certificate as the file holds it (PEM)."""
    lines = [certificate[at : at + 64] for at in range(0, len(certificate), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
