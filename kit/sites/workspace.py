"""The workspace: the nearest parent folder with ``esms-kit.toml``, and what that file says."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from kit.documents_io.toml import read_toml
from kit.documents_io.validation import validate
from kit.errors import WorkspaceError
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.model.device import AccountName
from kit.model.record import Record
from kit.model.run import Capacity
from kit.model.secret import SecretReference

CONFIG_NAME: Final = "esms-kit.toml"
DEFAULT_STORE: Final = "sqlite:///.esms-kit/store.sqlite"
DEFAULT_JOBS: Final = 8
_SITE_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?\Z")


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        raise ValueError(_("this is not the address of a store or a proxy.")) from None
    if not parts.scheme:
        raise ValueError(_("this is not the address of a store or a proxy."))
    if password is not None:
        raise ValueError(
            _("a password stands in this address; name it apart, as a secret reference.")
        )
    return url


Url = Annotated[
    str, StringConstraints(min_length=4, max_length=500), AfterValidator(_without_password)
]


def _outside_the_vault(reference: SecretReference) -> SecretReference:
    if reference.secret is not None:
        raise ValueError(_("the key of a vault cannot be in a vault: name a file, env or prompt."))
    return reference


KeyReference = Annotated[SecretReference, AfterValidator(_outside_the_vault)]


class VaultSource(Record):
    """Where the key that opens the site vaults comes from."""

    key: KeyReference


class KeysSource(Record):
    """Where the passphrase of the operator's private keys comes from."""

    passphrase: KeyReference


class Proxies(Record):
    """Proxies of the controller; a device's own proxy is a site parameter."""

    http: Url | None = None
    https: Url | None = None
    no_proxy: tuple[str, ...] = ()


class OperatorChoice(Record):
    """In which capacity the kit is run from this workspace; ``accounts`` are heard first."""

    capacity: Capacity | None = None
    accounts: Mapping[AccountName, Capacity] = {}

    def capacity_of(self, account: str) -> Capacity | None:
        """The capacity of an account of the controller; ``None`` when nothing is stated."""
        return self.accounts.get(account, self.capacity)


class WorkspaceConfig(Record):
    """``esms-kit.toml``. ``jobs`` is how many devices are worked on at the same time."""

    schema_: Literal[1] = Field(alias="schema")
    language: Literal["fr", "en"] = "fr"
    store: Url = DEFAULT_STORE
    store_password: SecretReference | None = None
    jobs: Annotated[int, Field(ge=1, le=256)] = DEFAULT_JOBS
    vault: VaultSource | None = None
    keys: KeysSource | None = None  # unset: the vault's key
    operator: OperatorChoice = OperatorChoice()
    proxies: Proxies = Proxies()


@dataclass(frozen=True)
class Workspace:
    """A folder and its configuration; every path of the kit's own files comes from here."""

    root: Path
    config: WorkspaceConfig

    @property
    def inventories(self) -> Path:
        """The folder of the site folders."""
        return self.root / "inventories"

    @property
    def profiles(self) -> Path:
        """The workspace's own hardware profiles, beside those the kit is delivered with."""
        return self.root / "hardware_profiles"

    def site_folder(self, site: str) -> Path:
        """The folder of a site, which may not exist; raises ``WorkspaceError`` on a bad name."""
        if not _SITE_NAME.match(site):
            raise WorkspaceError(
                _("“{site}” is not the name of a site.").format(site=site),
                remedy=_("Use lower-case letters, digits and hyphens."),
            )
        return self.inventories / site

    def shown(self, path: Path) -> str:
        """A path as people see it: relative to the workspace where it is inside."""
        try:
            return str(path.relative_to(self.root))
        except ValueError:
            return str(path)

    def store_url(self) -> str:
        """The store's address; a relative SQLite path is taken from the workspace."""
        prefix = "sqlite:///"
        url = self.config.store
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return f"{prefix}{self.root / url.removeprefix(prefix)}"
        return url


def _others_may_write(path: Path) -> bool:
    """Whether any account may replace this file. Always false where modes mean nothing."""
    if os.name != "posix":
        return False
    if path.stat().st_mode & stat.S_IWOTH:
        return True
    folder = path.parent.stat().st_mode
    return bool(folder & stat.S_IWOTH) and not folder & stat.S_ISVTX


def find_root(start: Path) -> Path:
    """The nearest folder, from ``start`` upwards, that holds ``esms-kit.toml``.

    Raises ``WorkspaceError`` when there is none.
    """
    here = start.absolute()
    for folder in (here, *here.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder
    raise WorkspaceError(
        _("there is no workspace here: no {name} in this folder or above.").format(
            name=CONFIG_NAME
        ),
        where=str(start),
        remedy=_("Run “esms-kit init” in a new folder, or name the workspace with -w."),
    )


def load_workspace(root: Path) -> Workspace:
    """Read the configuration of a workspace.

    A configuration that any account may write is not read: it names programs' inputs and secrets.
    Raises ``WorkspaceError`` or ``InvalidDocuments``.
    """
    path = root / CONFIG_NAME
    try:
        writable = _others_may_write(path)
    except OSError as error:
        raise WorkspaceError(
            _("{name} cannot be opened ({detail}).").format(
                name=CONFIG_NAME, detail=system_reason(error)
            ),
            where=str(root),
            remedy=_("Run “esms-kit init” there, or name another workspace with -w."),
        ) from error
    if writable:
        raise WorkspaceError(
            _("any account may change this configuration, so it is not read."),
            where=str(path),
            remedy=_(
                "Run: chmod o-w on it and on its folder. Under WSL, work in your Linux home "
                "folder rather than under /mnt."
            ),
        )
    config = validate(WorkspaceConfig, read_toml(path, CONFIG_NAME))
    return Workspace(root.resolve(), config)


def open_workspace(start: Path, explicit: Path | None = None) -> Workspace:
    """The workspace named by ``explicit``, else the one ``start`` is in."""
    return load_workspace(explicit.absolute() if explicit is not None else find_root(start))
