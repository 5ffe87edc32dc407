"""First contact: build a stick, list and revoke sticks."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from kit.adoption.envelopes import record_files
from kit.adoption.ledger import ADOPTION_FILE, ledger_document, read_ledger, secret_name
from kit.adoption.management_keys import read_management_keys
from kit.adoption.matching import POSTS
from kit.adoption.stick import RECORDS, stick_files
from kit.app.secret_sources import load_keyring, open_vault
from kit.documents_io.files import write_files
from kit.errors import UsageError
from kit.i18n import _
from kit.model.adoption import MAX_SLOTS, AdoptionFile, Token
from kit.model.device import Device, DeviceState
from kit.redaction import Redactor
from kit.sites.loading import LoadedSite, load_site
from kit.sites.saving import hold_site, save_documents
from kit.sites.workspace import Workspace

DEFAULT_DAYS: Final = 30


@dataclass(frozen=True)
class StickAsked:
    """What the operator asked. ``slots`` unset: one for each post that is not adopted yet."""

    site: str
    folder: Path
    keys: tuple[Path, ...] = ()
    slots: int | None = None
    days: int = DEFAULT_DAYS


@dataclass(frozen=True)
class StickBuilt:
    """The stick's token, and the files written, relative to its folder.

    ``undeclared`` are the keys on it that no rule knows yet.
    """

    token: Token
    files: tuple[str, ...]
    undeclared: tuple[str, ...] = ()


def waiting_posts(devices: Iterable[Device]) -> tuple[Device, ...]:
    """The posts that are not in service yet, sorted: those a stick is for."""
    return tuple(
        device
        for device in sorted(devices, key=lambda one: one.id)
        if device.platform in POSTS
        and device.managed_by is None
        and device.state in {DeviceState.EXPECTED, DeviceState.RECEIVED}
    )


def build_stick(
    workspace: Workspace, asked: StickAsked, at: datetime, home: Path, redactor: Redactor
) -> StickBuilt:
    """Write a bootstrap stick, and note it in the site.

    Raises ``UsageError`` when the site does not say from where and as which account it is
    administered, when the folder holds records, when there are no operator keys or no vault.
    """
    keyring = load_keyring(workspace, redactor)
    _check_folder(asked.folder)
    with hold_site(workspace, asked.site):
        loaded = load_site(workspace, asked.site)
        declared = declared_keys(loaded)
        keys = read_management_keys(asked.keys, declared, home)
        waiting = len(waiting_posts(loaded.devices))
        token = _new_token(loaded, asked, max(1, waiting), at, keys[0].identity_file)
        mac_key = SecretStr(secrets.token_hex(32))
        vault = open_vault(workspace, asked.site, redactor)
        vault.put({secret_name(token.id): mac_key}, at)
        ledger = read_ledger(workspace, asked.site)
        noted = ledger.model_copy(update={"tokens": (*ledger.tokens, token)})
        save_documents(workspace, asked.site, {ADOPTION_FILE: ledger_document(noted)})
    files = stick_files(
        loaded.site.name, asked.site, token, mac_key.get_secret_value(), keys,
        keyring.certificate_pem,
    )  # fmt: skip
    write_files({asked.folder / name: content for name, content in files.items()})
    (asked.folder / RECORDS).mkdir(exist_ok=True)
    unknown = tuple(key.line for key in keys if key.line not in declared)
    return StickBuilt(token, tuple(sorted(files)), unknown)


def declared_keys(loaded: LoadedSite) -> tuple[str, ...]:
    """The site's parameter ``management_keys``: what a rule enforces and checks."""
    found = loaded.site.parameters.get("management_keys")
    return tuple(str(one) for one in found) if isinstance(found, list | tuple) else ()


def _check_folder(folder: Path) -> None:
    if folder.exists() and record_files(folder):
        raise UsageError(
            _("there are records on this stick."),
            where=str(folder),
            remedy=_("Take them in first (esms-kit adopt import), then delete them."),
        )


def _new_token(
    loaded: LoadedSite, asked: StickAsked, waiting: int, at: datetime, identity: str | None
) -> Token:
    management = loaded.site.management
    if management.account is None or not management.sources:
        raise UsageError(
            _("the site does not say as which account, and from which networks, it is managed."),
            where=loaded.site.id,
            remedy=_("Write management.account and management.sources in its site.yaml."),
        )
    slots = asked.slots if asked.slots is not None else waiting
    if not 1 <= slots <= MAX_SLOTS or not 1 <= asked.days <= 365:
        raise UsageError(
            _("a stick is for 1 to {slots} devices and for 1 to 365 days.").format(slots=MAX_SLOTS),
            remedy=_("Build several sticks."),
        )
    moment = at.replace(microsecond=0)
    return Token(
        id=secrets.token_hex(6),
        created_at=moment,
        expires_at=moment + timedelta(days=asked.days),
        slots=slots,
        account=management.account,
        sources=management.sources,
        identity_file=identity,
    )


def revoke_stick(workspace: Workspace, site: str, token: str, at: datetime) -> Token:
    """No record of this stick is taken in any more; raises ``UsageError`` when it is unknown."""
    load_site(workspace, site)
    with hold_site(workspace, site):
        ledger = read_ledger(workspace, site)
        known = next((one for one in ledger.tokens if one.id == token), None)
        if known is None:
            raise UsageError(
                _("the site has no stick “{token}”.").format(token=token),
                remedy=_("Its LISEZMOI.txt and “esms-kit adopt list” name it."),
            )
        revoked = known.model_copy(update={"revoked_at": at.replace(microsecond=0)})
        tokens = tuple(revoked if one.id == token else one for one in ledger.tokens)
        noted = ledger.model_copy(update={"tokens": tokens})
        save_documents(workspace, site, {ADOPTION_FILE: ledger_document(noted)})
    return revoked


def list_sticks(workspace: Workspace, site: str) -> AdoptionFile:
    """The sticks of a site, and what was taken in from each."""
    load_site(workspace, site)
    return read_ledger(workspace, site)
