"""The operator's keys: made, changed, shown, handed to the auditor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kit.app.secret_sources import load_keyring, passphrase
from kit.app.vaults import prepare_key
from kit.documents_io.files import write_files
from kit.documents_io.locks import hold_folder
from kit.i18n import _
from kit.redaction import Redactor
from kit.secrets.key_making import make_keyring, rotate_keyring
from kit.secrets.keyring import KEYS_FOLDER, RING_FILE, RingFile
from kit.sites.workspace import Workspace


@dataclass(frozen=True)
class KeysMade:
    """The public side of what was made, and the files written besides the keys."""

    ring: RingFile
    made: tuple[Path, ...] = ()


def _held() -> str:
    return _("another command is changing the keys.")


def make_keys(workspace: Workspace, at: datetime, redactor: Redactor) -> KeysMade:
    """Make the operator's keys; without ``[keys]`` they are locked with the vaults' key."""
    made: tuple[Path, ...] = ()
    if workspace.config.keys is None:
        prepared = prepare_key(workspace, redactor)
        workspace, made = prepared.workspace, prepared.made
    with hold_folder(workspace.root, _held()):
        key = passphrase(workspace, redactor).keys()[-1]
        return KeysMade(make_keyring(workspace.root / KEYS_FOLDER, key, at), made)


def change_keys(workspace: Workspace, at: datetime, redactor: Redactor) -> RingFile:
    """Change both keys; the new sealing key is endorsed by the old one."""
    with hold_folder(workspace.root, _held()):
        keyring = load_keyring(workspace, redactor)
        return rotate_keyring(keyring, passphrase(workspace, redactor).keys()[-1], at)


def public_keys(workspace: Workspace, redactor: Redactor) -> RingFile:
    """Everything public; no passphrase is needed."""
    return load_keyring(workspace, redactor).ring


def export_keys(workspace: Workspace, folder: Path, redactor: Redactor) -> tuple[Path, ...]:
    """Write what the auditor is given: the keys in use, and the ring that says which came before.

    ``scellement.pem`` and ``chiffrement.pem`` are what ``openssl`` takes.
    """
    keyring = load_keyring(workspace, redactor)
    files = {
        folder / "scellement.pem": keyring.sealing.public_pem.encode(),
        folder / "chiffrement.pem": keyring.certificate_pem.encode(),
        folder / RING_FILE: (workspace.root / KEYS_FOLDER / RING_FILE).read_bytes(),
        folder / "empreintes.txt": _fingerprints(keyring.ring).encode(),
    }
    write_files(files)
    return tuple(sorted(files))


def _fingerprints(ring: RingFile) -> str:
    from kit.secrets.ring_file import grouped

    lines = [
        _("Sealing key (Ed25519), SHA-256 of the public key:"),
        f"  {grouped(ring.sealing[-1].digest)}",
        _("Encryption key (RSA), SHA-256 of the public key:"),
        f"  {grouped(ring.encryption[-1].digest)}",
    ]
    return "\n".join(lines) + "\n"
