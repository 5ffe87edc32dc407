"""Where this workspace's secrets come from: resolver, vaults, passphrase of private keys."""

from __future__ import annotations

import os
from pathlib import Path

from kit.errors import UsageError
from kit.i18n import _
from kit.redaction import Redactor
from kit.secrets.key_sources import KeySource
from kit.secrets.keyring import KEYS_FOLDER, KeyRing, read_keyring
from kit.secrets.reference import SecretReference, SecretResolver, SecretStr
from kit.secrets.vault import VAULT_FILE, Vault
from kit.sites.workspace import CONFIG_NAME, Workspace


def ask_unseen(question: str) -> str:
    """Ask on the terminal without echo; nothing where nobody can answer."""
    import warnings
    from getpass import GetPassWarning, getpass

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GetPassWarning)  # standard input is no terminal: no echo
        try:
            return getpass(f"{question}: ")
        except EOFError:
            return ""


def _outside(workspace: Workspace, redactor: Redactor) -> SecretResolver:
    """Fetches what is in no vault."""
    return SecretResolver(workspace.root, os.environ, prompt=ask_unseen, seen=redactor.register)


def vault_key(workspace: Workspace, redactor: Redactor) -> KeySource:
    """The key of the vaults; raises ``UsageError`` when the workspace names none."""
    if workspace.config.vault is None:
        raise UsageError(
            _("this workspace does not say where the key of its vaults is."),
            where=str(workspace.root / CONFIG_NAME),
            remedy=_("Run: esms-kit secrets init SITE"),
        )
    return KeySource(workspace.config.vault.key, _outside(workspace, redactor), redactor.register)


def passphrase(workspace: Workspace, redactor: Redactor) -> KeySource:
    """The passphrase of the operator's private keys: ``[keys]``, else the vaults' key."""
    if workspace.config.keys is None:
        return vault_key(workspace, redactor)
    reference: SecretReference = workspace.config.keys.passphrase
    return KeySource(reference, _outside(workspace, redactor), redactor.register)


def vault_path(workspace: Workspace, site: str) -> Path:
    """The vault file of a site, which may not exist."""
    return workspace.site_folder(site) / VAULT_FILE


def open_vault(workspace: Workspace, site: str, redactor: Redactor) -> Vault:
    """The vault of a site. Nothing is read, and no key is asked for, until it is used."""
    sources: list[KeySource] = []

    def keys() -> tuple[SecretStr, ...]:
        if not sources:
            sources.append(vault_key(workspace, redactor))
        return sources[0].keys()

    return Vault(vault_path(workspace, site), keys, redactor.register)


def secret_resolver(workspace: Workspace, site: str, redactor: Redactor) -> SecretResolver:
    """Fetches the secrets of a site; every value is known to the redactor before its use.

    A ``prompt`` is asked without echo.
    """
    return SecretResolver(
        workspace.root,
        os.environ,
        prompt=ask_unseen,
        vault=open_vault(workspace, site, redactor).get,
        seen=redactor.register,
    )


def load_keyring(workspace: Workspace, redactor: Redactor) -> KeyRing:
    """The operator's key ring; raises ``UsageError`` when there is none yet.

    The passphrase is fetched when a private key is first needed.
    """

    def keys() -> tuple[SecretStr, ...]:
        return passphrase(workspace, redactor).keys()

    return read_keyring(workspace.root / KEYS_FOLDER, keys)
