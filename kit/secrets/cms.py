"""Messages encrypted to the operator: CMS EnvelopedData, opened with an RSA key.

Reads what ``openssl cms -encrypt -aes256`` and ``Protect-CmsMessage`` write: RSA (PKCS #1 v1.5) for
the key, AES-CBC for the content, PEM or DER, lengths definite or not. CMS of this kind does not
say who wrote it, nor notice a change: what must be trusted carries a MAC over the encrypted bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_DEPTH: Final = 16
_PEM: Final = re.compile(rb"-----BEGIN (CMS|PKCS7)-----\s(.*?)-----END \1-----", re.DOTALL)
_ENVELOPED: Final = bytes.fromhex("2a864886f70d010703")
_RSA: Final = bytes.fromhex("2a864886f70d010101")
_AES_CBC: Final = {bytes.fromhex(f"60864801650304{tail}"): size for tail, size in
                   (("0102", 16), ("0116", 24), ("012a", 32))}  # fmt: skip
_SEQUENCE, _SET, _OID, _INTEGER, _OCTETS = 0x30, 0x31, 0x06, 0x02, 0x04
_KEY_IDENTIFIER, _CONTENT, _CONTENT_PARTS = 0x80, 0x80, 0xA0


class NotReadable(ValueError):
    """Not such a message, cut, or not encrypted to this key."""


@dataclass(frozen=True)
class _Element:
    """One BER element: its tag, its value, and itself as it stands."""

    tag: int
    value: bytes
    whole: bytes

    def children(self) -> list[_Element]:
        return list(_elements(self.value))

    def octets(self) -> bytes:
        """The bytes of a string that may come in parts."""
        if not self.tag & 0x20:
            return self.value
        return b"".join(part.octets() for part in self.children())


def decrypt_cms(message: bytes, certificate: x509.Certificate, key: RSAPrivateKey) -> bytes:
    """What the message says; raises ``NotReadable``, whatever the bytes are."""
    try:
        return _decrypt(_der(message), certificate, key)
    except (ValueError, IndexError, TypeError, StopIteration, RecursionError) as error:
        raise NotReadable(str(error) or type(error).__name__) from error


def _der(message: bytes) -> bytes:
    if len(message) > MAX_BYTES:
        raise NotReadable("too large")
    found = _PEM.search(message)
    if found is None:
        return message
    try:
        return base64.b64decode(b"".join(found[2].split()), validate=True)
    except binascii.Error as error:
        raise NotReadable("base64") from error


def _decrypt(data: bytes, certificate: x509.Certificate, key: RSAPrivateKey) -> bytes:
    outer = _one(data, _SEQUENCE).children()
    if outer[0].tag != _OID or outer[0].value != _ENVELOPED:
        raise NotReadable("not enveloped data")
    parts = _one(outer[1].value, _SEQUENCE).children()[1:]
    recipients = next(part for part in parts if part.tag == _SET)
    content = parts[parts.index(recipients) + 1].children()
    wrapped = _wrapped_key(recipients, certificate)
    algorithm = content[1].children()
    size = _AES_CBC.get(algorithm[0].value)
    if size is None:
        raise NotReadable("cipher")
    unwrapped = key.decrypt(wrapped, PKCS1v15())
    if len(unwrapped) != size:
        raise NotReadable("key")
    if content[2].tag not in {_CONTENT, _CONTENT_PARTS}:
        raise NotReadable("content")
    cipher = Cipher(algorithms.AES(unwrapped), modes.CBC(algorithm[1].octets())).decryptor()
    padded = cipher.update(content[2].octets()) + cipher.finalize()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def _wrapped_key(recipients: _Element, certificate: x509.Certificate) -> bytes:
    """The content's key as it was encrypted to this certificate."""
    issuer = certificate.issuer.public_bytes()
    identifier = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    for recipient in recipients.children():
        if recipient.tag != _SEQUENCE:
            continue
        _version, who, algorithm, wrapped = recipient.children()[:4]
        if who.tag == _KEY_IDENTIFIER:
            mine = who.value == identifier
        else:
            named, serial = who.children()[:2]
            mine = named.whole == issuer and (
                int.from_bytes(serial.value, "big", signed=True) == certificate.serial_number
            )
        if mine:
            if algorithm.children()[0].value != _RSA:
                raise NotReadable("key transport")
            return wrapped.octets()
    raise NotReadable("not for this key")


def _one(data: bytes, tag: int) -> _Element:
    first = next(_elements(data))
    if first.tag != tag:
        raise NotReadable("form")
    return first


def _elements(data: bytes, depth: int = 0) -> Iterator[_Element]:
    at = 0
    while at < len(data):
        element, at = _element(data, at, depth)
        yield element


def _element(data: bytes, at: int, depth: int) -> tuple[_Element, int]:
    """The element that begins at ``at``, and where the next one does."""
    if depth > _MAX_DEPTH:
        raise NotReadable("nested too deeply")
    start, tag, length = at, data[at], data[at + 1]
    at += 2
    if tag & 0x1F == 0x1F:
        raise NotReadable("tag")
    if length == 0x80:  # until the end mark
        if not tag & 0x20:
            raise NotReadable("length")
        begin = at
        while data[at : at + 2] != b"\0\0":
            _child, at = _element(data, at, depth + 1)
        return _Element(tag, data[begin:at], data[start : at + 2]), at + 2
    if length & 0x80:
        count = length & 0x7F
        if count > 4 or at + count > len(data):
            raise NotReadable("length")
        length = int.from_bytes(data[at : at + count], "big")
        at += count
    if at + length > len(data):
        raise NotReadable("cut")
    return _Element(tag, data[at : at + length], data[start : at + length]), at + length
