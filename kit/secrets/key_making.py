"""The operator's keys made and changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from kit.documents_io.files import write_file, write_files
from kit.documents_io.yaml import dump_yaml
from kit.errors import UsageError
from kit.i18n import _
from kit.secrets.key_sources import check_key
from kit.secrets.keyring import RING_FILE, KeyRing
from kit.secrets.private_keys import (
    PrivateKey,
    make_private_folder,
    private_path,
    public_digest,
    sealed,
)
from kit.secrets.reference import SecretStr
from kit.secrets.ring_file import EncryptionKey, RingFile, SealingKey, Signature

RSA_BITS: Final = 3072
# Long enough that no stick meets its end; a key is changed by rotation, not by its date.
CERTIFICATE_YEARS: Final = 20
# szOID_KP_DOCUMENT_ENCRYPTION: Protect-CmsMessage takes no certificate without it.
DOCUMENT_ENCRYPTION: Final = ObjectIdentifier("1.3.6.1.4.1.311.80.1")
_HEAD: Final = "# Public keys of the operator. Written by esms-kit; do not edit by hand.\n"

K = TypeVar("K", SealingKey, EncryptionKey)


def make_keyring(folder: Path, passphrase: SecretStr, at: datetime) -> RingFile:
    """Make the first keys; raises ``UsageError`` when there are some."""
    if (folder / RING_FILE).exists():
        raise UsageError(
            _("this workspace has operator keys already."),
            where=str(folder),
            remedy=_("Use “esms-kit keys rotate” to change them."),
        )
    made = _Made.at(at)
    ring = RingFile(sealing=(made.sealing,), encryption=(made.encryption,))
    made.save(folder, ring, passphrase)
    return ring


def rotate_keyring(keyring: KeyRing, passphrase: SecretStr, at: datetime) -> RingFile:
    """Change both keys.

    The new sealing key is endorsed by the old one, which is then destroyed. Old encryption keys
    stay, for messages that are on their way.
    """
    made = _Made.at(at)
    old = keyring.ring
    by = keyring.sign(made.sealing.statement())
    new_sealing = made.sealing.model_copy(update=_endorsed(by))
    ring = RingFile(
        sealing=(*old.sealing[:-1], _retired(old.sealing[-1], at), new_sealing),
        encryption=(*old.encryption[:-1], _retired(old.encryption[-1], at), made.encryption),
    )
    made.save(keyring.folder, ring, passphrase)
    private_path(keyring.folder, old.sealing[-1].id).unlink(missing_ok=True)
    return ring


class _Made:
    """A fresh pair, public and private; the encryption key endorsed by the sealing key."""

    def __init__(self, at: datetime) -> None:
        seals, decrypts = (
            ed25519.Ed25519PrivateKey.generate(),
            rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS),
        )
        self.private: dict[str, PrivateKey] = {
            public_digest(key)[:16]: key for key in (seals, decrypts)
        }
        sealing_id, encryption_id = self.private
        self.sealing = SealingKey(
            id=sealing_id,
            created_at=at,
            public_pem=seals.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode("ascii"),
        )
        certificate = _certificate(decrypts, encryption_id, at)
        plain = EncryptionKey(id=encryption_id, created_at=at, certificate_pem=certificate)
        by = Signature(sealing_id, seals.sign(plain.statement()))
        self.encryption = plain.model_copy(update=_endorsed(by))

    @classmethod
    def at(cls, moment: datetime) -> _Made:
        return cls(moment.replace(microsecond=0))

    def save(self, folder: Path, ring: RingFile, passphrase: SecretStr) -> None:
        """Private files first: a ring never names a key that is not there."""
        check_key(passphrase)
        make_private_folder(folder)
        write_files(
            {private_path(folder, name): sealed(key, passphrase)
             for name, key in self.private.items()},
            mode=0o600,
        )  # fmt: skip
        data = ring.model_dump(mode="json", by_alias=True, exclude_none=True)
        write_file(folder / RING_FILE, _HEAD + dump_yaml(data))


def _endorsed(by: Signature) -> dict[str, str]:
    return {"endorsed_by": by.key_id, "endorsement": by.base64}


def _retired(key: K, at: datetime) -> K:
    return key.model_copy(update={"retired_at": at.replace(microsecond=0)})


def _certificate(key: rsa.RSAPrivateKey, key_id: str, at: datetime) -> str:
    """A self-signed certificate for encrypting documents, PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"esms-kit operator {key_id}")])
    public = key.public_key()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # A new post's clock may be behind.
        .not_valid_before(at - timedelta(days=366))
        .not_valid_after(at + timedelta(days=365 * CERTIFICATE_YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_ENCRYPTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=True,
        data_encipherment=True, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
