"""Private keys on disk: encrypted PKCS #8, mode 0600, in a folder of mode 0700."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from kit.errors import UsageError
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.secrets.reference import SecretStr
from kit.secrets.ring_file import key_digest

PRIVATE_FOLDER: Final = "private"
PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def private_path(folder: Path, key_id: str) -> Path:
    """Where a private key is kept."""
    return folder / PRIVATE_FOLDER / f"{key_id}.pem"


def make_private_folder(folder: Path) -> None:
    """Make the folder of the private keys, closed to others; raises ``UsageError``."""
    place = folder / PRIVATE_FOLDER
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.chmod(0o700)
    except OSError as error:
        raise UsageError(
            _("the folder cannot be made ({detail}).").format(detail=system_reason(error)),
            where=str(place),
            remedy=_("Check your rights on this folder."),
        ) from error


def sealed(key: PrivateKey, passphrase: SecretStr) -> bytes:
    """The key as it is kept."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.get_secret_value().encode()),
    )


def open_private(path: Path, passphrase: SecretStr) -> PrivateKey | None:
    """The key in ``path``, ``None`` when the passphrase is another one.

    Raises ``UsageError`` when the file is missing, open to others or no such key.
    """
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            content = stream.read(64 * 1024)
    except OSError as error:
        raise UsageError(
            _("the private key cannot be read ({detail}).").format(detail=system_reason(error)),
            where=str(path),
            remedy=_("It is kept only where it was made: work there, or copy the folder “keys”."),
        ) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            _("this private key is open to other accounts."),
            where=str(path),
            remedy=_("Run: chmod 600 on it, and “esms-kit keys rotate” if others could read it."),
        )
    try:
        # Not validated anew each time (0.2 s): we made it, and its public half is compared.
        key = serialization.load_pem_private_key(
            content,
            passphrase.get_secret_value().encode(),
            unsafe_skip_rsa_key_validation=True,
        )
    except (ValueError, TypeError) as error:
        if b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in content:
            return None
        raise _no_key(path) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        raise _no_key(path)
    return key


def _no_key(path: Path) -> UsageError:
    return UsageError(
        _("this is not an encrypted private key."),
        where=str(path),
        remedy=_("Restore the file from a copy."),
    )


def public_digest(key: PrivateKey) -> str:
    """The digest of its public half, as ``ring_file.key_digest`` says it."""
    public = key.public_key()
    return key_digest(
        public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
