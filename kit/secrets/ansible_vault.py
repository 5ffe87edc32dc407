"""The file format of Ansible Vault (AES256, 1.1 and 1.2): what ``ansible-vault`` reads and writes.

A header line, then 80 columns of hexadecimal that hold three hexadecimal lines: salt, HMAC-SHA256
of the ciphertext, ciphertext (AES-256-CTR, padded). PBKDF2-HMAC-SHA256 with 10 000 rounds makes
both keys and the counter's start; the rounds are the format's, so a key that people think up is
refused when it is short (``MIN_KEY_LENGTH``).
"""

from __future__ import annotations

import binascii
import os
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

VAULT_ID: Final = "esms-kit"
"""The label of files written here; ``ansible-vault --vault-id esms-kit@FILE`` matches it."""

MIN_KEY_LENGTH: Final = 16
_ROUNDS: Final = 10_000
_COLUMNS: Final = 80
_BLOCK_BITS: Final = 128


class NotAVault(ValueError):
    """The text is not an Ansible-Vault file of a kind known here, or it is cut."""


class WrongKey(ValueError):
    """The key does not open the file, or the file was changed."""


def encrypt(plain: bytes, key: str, salt: Callable[[int], bytes] = os.urandom) -> str:
    """The vault file that holds ``plain``; ``salt`` gives that many random bytes."""
    seasoning = salt(32)
    cipher_key, mac_key, counter = _derive(key, seasoning)
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(plain) + padder.finalize()
    worker = Cipher(algorithms.AES(cipher_key), modes.CTR(counter)).encryptor()
    sealed = worker.update(padded) + worker.finalize()
    mac = hmac.HMAC(mac_key, hashes.SHA256())
    mac.update(sealed)
    parts = (seasoning, mac.finalize(), sealed)
    body = b"\n".join(binascii.hexlify(part) for part in parts).hex()
    lines = [body[at : at + _COLUMNS] for at in range(0, len(body), _COLUMNS)]
    return "\n".join([f"$ANSIBLE_VAULT;1.2;AES256;{VAULT_ID}", *lines]) + "\n"


def decrypt(text: str, key: str) -> bytes:
    """What a vault file holds; raises ``NotAVault`` or ``WrongKey``."""
    salt, digest, sealed = _parts(text)
    cipher_key, mac_key, counter = _derive(key, salt)
    mac = hmac.HMAC(mac_key, hashes.SHA256())
    mac.update(sealed)
    try:
        mac.verify(digest)
    except InvalidSignature as error:
        raise WrongKey from error
    worker = Cipher(algorithms.AES(cipher_key), modes.CTR(counter)).decryptor()
    padded = worker.update(sealed) + worker.finalize()
    unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise NotAVault("padding") from error


def _parts(text: str) -> tuple[bytes, bytes, bytes]:
    header, _newline, body = text.partition("\n")
    fields = header.strip().split(";")
    if len(fields) not in {3, 4} or fields[:1] != ["$ANSIBLE_VAULT"]:
        raise NotAVault("header")
    if fields[1] not in {"1.1", "1.2"} or fields[2] != "AES256":
        raise NotAVault("version")
    try:
        inner = binascii.unhexlify("".join(body.split()))
        salt, digest, sealed = (binascii.unhexlify(part) for part in inner.split(b"\n"))
    except (ValueError, binascii.Error) as error:
        raise NotAVault("body") from error
    if not salt or len(digest) != hashes.SHA256.digest_size or not sealed:
        raise NotAVault("parts")
    return salt, digest, sealed


def _derive(key: str, salt: bytes) -> tuple[bytes, bytes, bytes]:
    derivation = PBKDF2HMAC(hashes.SHA256(), 32 + 32 + 16, salt, _ROUNDS)
    made = derivation.derive(key.encode())
    return made[:32], made[32:64], made[64:]
