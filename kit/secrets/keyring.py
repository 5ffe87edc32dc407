"""The operator's key ring: a key that seals, a key that messages are encrypted to.

``keys/ring.yaml`` holds everything public and may be kept with the workspace; ``keys/private/``
holds one encrypted PKCS #8 file a key, mode 0600. Private keys are opened when they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from kit.errors import UsageError
from kit.i18n import _
from kit.secrets.cms import NotReadable, decrypt_cms
from kit.secrets.private_keys import PrivateKey, open_private, private_path, public_digest
from kit.secrets.reference import SecretStr
from kit.secrets.ring_file import EncryptionKey, RingFile, SealingKey, Signature

__all__ = ["KeyRing", "NotReadable", "RingFile", "Signature", "read_keyring"]

KEYS_FOLDER: Final = "keys"
RING_FILE: Final = "ring.yaml"


@dataclass
class KeyRing:
    """Signs, verifies, decrypts. ``passphrases`` are asked for when a private key is needed."""

    folder: Path
    ring: RingFile
    passphrases: Callable[[], Sequence[SecretStr]] = field(repr=False)
    _opened: dict[str, PrivateKey] = field(default_factory=dict, repr=False)

    @property
    def sealing(self) -> SealingKey:
        """The sealing key in use."""
        return self.ring.sealing[-1]

    @property
    def encryption(self) -> EncryptionKey:
        """The encryption key in use."""
        return self.ring.encryption[-1]

    @property
    def certificate_pem(self) -> str:
        """The certificate in use, that messages to the operator are encrypted to."""
        return self.encryption.certificate_pem

    def sign(self, data: bytes) -> Signature:
        """Seal ``data`` with the key in use; raises ``UsageError``."""
        key = self._private(self.sealing.id)
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise _foreign(self._path(self.sealing.id))
        return Signature(self.sealing.id, key.sign(data))

    def verify(self, data: bytes, signature: Signature, at: datetime | None = None) -> bool:
        """As ``RingFile.verify``: needs nothing private."""
        return self.ring.verify(data, signature, at)

    def decrypt_cms(self, message: bytes) -> bytes:
        """Open a message encrypted to a key of this ring, retired ones included.

        Raises ``NotReadable`` for a message that no key opens, ``UsageError`` when a private key
        cannot be had.
        """
        failure = NotReadable("no key")
        for entry in reversed(self.ring.encryption):
            key = self._private(entry.id)
            if not isinstance(key, rsa.RSAPrivateKey):
                raise _foreign(self._path(entry.id))
            try:
                return decrypt_cms(message, entry.certificate(), key)
            except NotReadable as error:
                failure = error
        raise failure

    def private_files(self) -> tuple[Path, ...]:
        """The files of the private keys that are kept, for a change of their passphrase."""
        kept = (self.sealing.id, *(one.id for one in self.ring.encryption))
        return tuple(self._path(one) for one in kept)

    def _path(self, key_id: str) -> Path:
        return private_path(self.folder, key_id)

    def _private(self, key_id: str) -> PrivateKey:
        """A private key, opened once: a stick has many records."""
        if key_id not in self._opened:
            self._opened[key_id] = self._open(key_id)
        return self._opened[key_id]

    def _open(self, key_id: str) -> PrivateKey:
        path = self._path(key_id)
        for passphrase in self.passphrases():
            key = open_private(path, passphrase)
            if key is not None:
                if public_digest(key)[:16] != key_id:
                    raise _foreign(path)
                return key
        raise UsageError(
            _("the passphrase does not open this private key."),
            where=str(path),
            remedy=_("Check [keys] and [vault] in esms-kit.toml."),
        )


def _foreign(path: Path) -> UsageError:
    return UsageError(
        _("this is not the private key of that name."),
        where=str(path),
        remedy=_("Restore the file from a copy."),
    )


def read_keyring(folder: Path, passphrases: Callable[[], Sequence[SecretStr]]) -> KeyRing:
    """The key ring of ``folder``; raises ``UsageError`` when there is none, or it is damaged."""
    path = folder / RING_FILE
    if not path.exists():
        raise UsageError(
            _("this workspace has no operator keys yet."),
            where=str(folder),
            remedy=_("Run: esms-kit keys init"),
        )
    return KeyRing(folder, validate(RingFile, read_yaml(path)), passphrases)
