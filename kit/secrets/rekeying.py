"""Everything that a key encrypts, encrypted with the next one.

File by file, each whole: cut off anywhere, every file opens with the old key or with the new one,
and the same change carried on later ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kit.documents_io.files import write_file
from kit.errors import UsageError
from kit.i18n import _
from kit.secrets.private_keys import open_private, sealed
from kit.secrets.reference import SecretStr
from kit.secrets.vault import Vault


@dataclass(frozen=True)
class Encrypted:
    """One file a key encrypts: does a key open it, and write it anew with another."""

    path: Path
    opens: Callable[[SecretStr], bool]
    rewrite: Callable[[SecretStr, SecretStr], None]


def vault_file(vault: Vault) -> Encrypted:
    """A vault."""
    return Encrypted(vault.path, vault.opens_with, vault.rewrite)


def private_key_file(path: Path) -> Encrypted:
    """A private key of the operator."""

    def rewrite(old: SecretStr, new: SecretStr) -> None:
        key = open_private(path, old)
        if key is not None:
            write_file(path, sealed(key, new), mode=0o600)

    return Encrypted(path, lambda key: open_private(path, key) is not None, rewrite)


def rekey(files: Iterable[Encrypted], old: SecretStr, new: SecretStr) -> tuple[Path, ...]:
    """Encrypt all files with ``new``; returns those that were not yet.

    Raises ``UsageError``, with nothing written, when one opens with neither.
    """
    waiting = [one for one in files if not one.opens(new)]
    closed = [str(one.path) for one in waiting if not one.opens(old)]
    if closed:
        raise UsageError(
            _("the key does not open: {names}").format(names=", ".join(closed)),
            remedy=_("Nothing was changed. Restore these files, or give the key they need."),
        )
    for one in waiting:
        one.rewrite(old, new)
    return tuple(one.path for one in waiting)
