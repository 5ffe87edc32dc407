"""Second factors made: a seed for the vault, and what is kept of it outside."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from kit.model.enrolment import Enrolment
from kit.model.person import Person
from kit.reads.oath_users import seed_digest
from kit.secrets.reference import SecretStr

SEED_BYTES: Final = 20  # RFC 4226: 160 bits are recommended
DIGITS: Final = 6
PERIOD: Final = 30


@dataclass(frozen=True)
class Issued:
    """A second factor and its seed, in hexadecimal digits, which goes into the vault only."""

    enrolment: Enrolment
    seed: SecretStr


def issue(person: Person, digest_key: str, at: datetime, random: Callable[[int], bytes]) -> Issued:
    """A new second factor of a person. ``random`` gives that many random bytes."""
    seed = random(SEED_BYTES).hex()
    enrolment = Enrolment(
        person=person.id,
        secret=f"totp/{person.id}",
        digest=seed_digest(digest_key, seed),
        issued_at=at.replace(microsecond=0),
    )
    return Issued(enrolment, SecretStr(seed))


def base32(seed: SecretStr) -> str:
    """The seed as people type it into a program of their telephone."""
    return base64.b32encode(bytes.fromhex(seed.get_secret_value())).decode().rstrip("=")


def otpauth(seed: SecretStr, account: str, issuer: str) -> SecretStr:
    """The address a QR code holds; every authenticator program reads it."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    values = {"secret": base32(seed), "issuer": issuer, "algorithm": "SHA1",
              "digits": DIGITS, "period": PERIOD}  # fmt: skip
    return SecretStr(f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}")
