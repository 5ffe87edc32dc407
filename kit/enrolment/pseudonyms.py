"""Pseudonyms of people, and the other keys that hang on one secret of the site."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from kit.secrets.reference import SecretStr

SITE_KEY: Final = "enrolment-key"
"""Its name in the vault: 32 random bytes in hexadecimal digits."""


def random_site_key(random: Callable[[int], bytes]) -> SecretStr:
    """A new key of a site."""
    return SecretStr(random(32).hex())


def pseudonym(key: SecretStr, identity: str) -> str:
    """``p-`` and 12 letters: the same for the same person of the same site.

    ``identity`` is the best that is known for good: ``rpps:NUMBER``, ``adeli:NUMBER``, or
    login name and name. 60 bits of an HMAC: nobody without the key can go from one to the other.
    """
    made = hmac.new(_bytes(key), f"person {identity}".encode(), hashlib.sha256).digest()
    return f"p-{base64.b32encode(made).decode().lower()[:12]}"


def digest_key(key: SecretStr) -> str:
    """What digests of seeds are keyed with, in hexadecimal; tells nothing of the site's key."""
    return hmac.new(_bytes(key), b"digests of seeds", hashlib.sha256).hexdigest()


def _bytes(key: SecretStr) -> bytes:
    return bytes.fromhex(key.get_secret_value())
