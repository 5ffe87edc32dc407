"""The vaults of the sites: made, filled, listed, encrypted anew."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from kit.app.secret_sources import open_vault, passphrase, vault_key, vault_path
from kit.documents_io.files import write_file
from kit.documents_io.locks import hold_folder
from kit.documents_io.toml import parse_toml
from kit.documents_io.validation import validate
from kit.errors import UsageError
from kit.i18n import _
from kit.redaction import Redactor
from kit.secrets.key_sources import KeySource, check_key
from kit.secrets.keyring import KEYS_FOLDER, RING_FILE, read_keyring
from kit.secrets.reference import SecretStr
from kit.secrets.rekeying import Encrypted, private_key_file, rekey, vault_file
from kit.secrets.vault import Vault
from kit.sites.loading import list_sites, load_site
from kit.sites.saving import hold_site
from kit.sites.workspace import CONFIG_NAME, Workspace, WorkspaceConfig, load_workspace

GENERATED_LENGTH: Final = 20
# Without the characters that people confuse, or that another keyboard has elsewhere.
_ALPHABET: Final = "".join(
    one for one in string.ascii_lowercase + string.digits if one not in "aqwzmilo01"
)


@dataclass(frozen=True)
class Prepared:
    """A workspace whose vault key can be had; ``made`` are the files written for that."""

    workspace: Workspace
    made: tuple[Path, ...]


def prepare_key(workspace: Workspace, redactor: Redactor, key_file: Path | None = None) -> Prepared:
    """Say in ``esms-kit.toml`` where the vaults' key is, and make a key file that is missing.

    Without ``key_file`` the key of a new workspace goes to the user's configuration folder,
    outside the workspace. Raises ``UsageError`` when ``key_file`` is asked for and another source
    is configured.
    """
    made: list[Path] = []
    if workspace.config.vault is None:
        place = key_file or Path("~/.config/esms-kit") / f"{workspace.root.name}.vault-key"
        path = workspace.root / CONFIG_NAME
        text = path.read_text(encoding="utf-8-sig")
        quoted = str(place).replace("\\", "\\\\").replace('"', '\\"')
        ending = "" if text.endswith("\n") else "\n"
        text += f'{ending}\n[vault]\nkey = {{ file = "{quoted}" }}\n'
        validate(WorkspaceConfig, parse_toml(text, CONFIG_NAME))
        write_file(path, text)
        made.append(path)
        workspace = load_workspace(workspace.root)
    elif key_file is not None:
        raise UsageError(
            _("this workspace says already where its key is: {place}.").format(
                place=workspace.config.vault.key
            ),
            where=CONFIG_NAME,
            remedy=_("Leave --key-file out."),
        )
    file = vault_key(workspace, redactor).make_file()
    return Prepared(workspace, (*made, *([file] if file else ())))


def make_vault(
    workspace: Workspace, site: str, redactor: Redactor, key_file: Path | None = None
) -> tuple[Path, ...]:
    """Make the vault of a site, and what it needs; returns the files written."""
    load_site(workspace, site)
    prepared = prepare_key(workspace, redactor, key_file)
    with hold_site(prepared.workspace, site):
        open_vault(prepared.workspace, site, redactor).create()
    return (*prepared.made, vault_path(workspace, site))


def generated() -> SecretStr:
    """A random password, easy to type on any keyboard: 20 characters, 94 bits."""
    return SecretStr("".join(secrets.choice(_ALPHABET) for _ in range(GENERATED_LENGTH)))


def set_secret(
    workspace: Workspace, site: str, name: str, value: SecretStr, at: datetime, redactor: Redactor
) -> None:
    """Put one secret into the vault of a site."""
    load_site(workspace, site)
    with hold_site(workspace, site):
        open_vault(workspace, site, redactor).put({name: value}, at)


def list_secrets(
    workspace: Workspace, site: str, redactor: Redactor
) -> Mapping[str, datetime | None]:
    """The names in the vault of a site, with when each was set; no value."""
    load_site(workspace, site)
    found = open_vault(workspace, site, redactor).entries()
    return {name: found[name].changed_at for name in sorted(found)}


def change_key(
    workspace: Workspace, redactor: Redactor, ask: Callable[[], SecretStr]
) -> tuple[Path, ...]:
    """Encrypt all vaults, and private keys under the same key, with another key.

    A key in a file is made at random, beside it, and takes its place at the end. For other sources
    ``ask`` gives the next one, which the caller then puts where the configuration says. Cut off
    anywhere, everything opens still, and running it again ends it. Returns the files changed.
    """
    source = vault_key(workspace, redactor)
    with hold_folder(workspace.root, _("another command is changing the keys.")):
        old = source.keys()[0]
        if source.file is not None:
            new = source.begin_next()
        else:
            new = check_key(ask())
            redactor.register(new)
        done = rekey(_encrypted(workspace, source, redactor), old, new)
        if source.file is not None:
            source.end_next()
    return done


def _encrypted(workspace: Workspace, source: KeySource, redactor: Redactor) -> list[Encrypted]:
    """Every file under the vaults' key."""
    vaults = [
        Vault(vault_path(workspace, site), source.keys, redactor.register)
        for site in list_sites(workspace)
    ]
    found = [vault_file(vault) for vault in vaults if vault.exists]
    folder = workspace.root / KEYS_FOLDER
    if workspace.config.keys is None and (folder / RING_FILE).exists():
        keyring = read_keyring(folder, passphrase(workspace, redactor).keys)
        found += [private_key_file(path) for path in keyring.private_files() if path.exists()]
    return found
