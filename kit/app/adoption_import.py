"""First contact: take the records of a stick in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kit.adoption.envelopes import (
    Envelope,
    Refused,
    check_envelope,
    read_envelope,
    record_files,
)
from kit.adoption.ledger import ADOPTION_FILE, ledger_document, read_ledger, secret_name
from kit.adoption.matching import Matched, Matching, match_records
from kit.adoption.records import Opened, open_record
from kit.app.adoption import waiting_posts
from kit.app.secret_sources import load_keyring, open_vault
from kit.collectors.hostkeys import Comparison, ShownKey, compare
from kit.errors import UsageError
from kit.i18n import _
from kit.model.adoption import AdoptionFile, Imported
from kit.model.device import Access, Device
from kit.model.known_host import KeyKind, PinnedHow, PinnedKey
from kit.redaction import Redactor
from kit.secrets.keyring import KeyRing, NotReadable
from kit.secrets.vault import Vault
from kit.sites.loading import DEVICES_FILE, KNOWN_HOSTS_FILE, LoadedSite, load_site
from kit.sites.saving import (
    devices_document,
    hold_site,
    known_hosts_document,
    save_documents,
)
from kit.sites.workspace import Workspace


@dataclass(frozen=True)
class ImportAsked:
    """``assigned``: name of a record file -> device, where the record itself does not decide."""

    site: str
    folder: Path
    assigned: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class ImportDone:
    """What came of it. ``known``: records taken in before, with the note of each.

    ``missing`` are the posts still without a record. ``written`` is false when something was
    refused and ``partial`` not asked for, when nothing is new, and on a dry run.
    """

    matching: Matching
    known: tuple[Imported, ...]
    missing: tuple[Device, ...]
    written: bool


def import_records(
    workspace: Workspace, asked: ImportAsked, at: datetime, by: str, redactor: Redactor
) -> ImportDone:
    """Take the records of a stick in: all or nothing, unless ``partial``.

    Every refusal is told, with its reason. Devices, pinned keys and the note that a record was
    used are written together.
    """
    files = record_files(asked.folder)
    unknown = sorted(set(asked.assigned) - {path.name for path in files})
    if unknown:
        raise UsageError(
            _("there is no record “{name}” here.").format(name=unknown[0]),
            where=str(asked.folder),
            remedy=_("Write --assign FILE=DEVICE with the name of a file of the folder."),
        )
    keyring = load_keyring(workspace, redactor)
    load_site(workspace, asked.site)
    with hold_site(workspace, asked.site):
        loaded = load_site(workspace, asked.site)
        ledger = read_ledger(workspace, asked.site)
        vault = open_vault(workspace, asked.site, redactor)
        reader = _Reader(asked.site, ledger, vault, keyring, at)
        reader.read(files)
        matching = match_records(
            loaded.site, loaded.devices, reader.opened, asked.assigned,
            {token.id: token.identity_file for token in ledger.tokens},
        )  # fmt: skip
        matching.refused.update(reader.refused)
        _refuse_used_slots(matching, ledger)
        pins = _pins(matching, loaded, at, by)
        stands = bool(matching.refused) and not asked.partial
        written = bool(matching.matched) and not asked.dry_run and not stands
        if written:
            _save(workspace, loaded, ledger, vault, matching, pins, at, by)
    changed = {one.device.id for one in matching.matched}
    missing = tuple(one for one in waiting_posts(loaded.devices) if one.id not in changed)
    return ImportDone(matching, tuple(reader.known), missing, written)


class _Reader:
    """Opens the files one after the other, and keeps why each is refused."""

    def __init__(
        self, site: str, ledger: AdoptionFile, vault: Vault, keyring: KeyRing, at: datetime
    ) -> None:
        self.site, self.ledger, self.keyring, self.at = site, ledger, keyring, at
        self.opened: list[Opened] = []
        self.known: list[Imported] = []
        self.refused: dict[str, str] = {}
        self._vault = vault
        self._keys: dict[str, bytes] = {}
        self._nonces: set[str] = set()

    def read(self, files: Iterable[Path]) -> None:
        """Read every file."""
        for path in files:
            try:
                self._one(path)
            except Refused as error:
                self.refused[path.name] = str(error)

    def _one(self, path: Path) -> None:
        envelope = read_envelope(path)
        before = check_envelope(envelope, self.ledger, self._mac_key, self.at)
        if envelope.nonce in self._nonces:
            raise Refused(_("replayed: another file here has the same number."))
        self._nonces.add(envelope.nonce)
        if before is not None:
            self.known.append(before)
            return
        self.opened.append(open_record(envelope, self._decrypted(envelope), self.site))

    def _decrypted(self, envelope: Envelope) -> bytes:
        try:
            return self.keyring.decrypt_cms(envelope.sealed)
        except NotReadable as error:
            raise Refused(_("it is not encrypted to this operator, or it is damaged.")) from error

    def _mac_key(self, token: str) -> bytes:
        if token not in self._keys:
            value = self._vault.get(secret_name(token)).get_secret_value()
            self._keys[token] = bytes.fromhex(value)
        return self._keys[token]


def _refuse(matching: Matching, reason: Callable[[Matched], str]) -> None:
    kept = []
    for one in matching.matched:
        why = reason(one)
        if why:
            matching.refused[one.opened.envelope.file] = why
        else:
            kept.append(one)
    matching.matched = kept


def _refuse_used_slots(matching: Matching, ledger: AdoptionFile) -> None:
    """A slot belongs to the first machine that used it."""
    used = {(one.token, one.slot): one for one in ledger.records}

    def reason(matched: Matched) -> str:
        record = matched.opened.record
        before = used.get((record.token, record.slot))
        if before is None or before.machine == matched.opened.machine:
            return ""
        return _("slot {slot} of its stick was used by {device}.").format(
            slot=record.slot, device=before.device
        )

    _refuse(matching, reason)


def _pins(matching: Matching, loaded: LoadedSite, at: datetime, by: str) -> list[PinnedKey]:
    """The keys to pin; a device that shows another key than the one pinned is refused."""
    pins: list[PinnedKey] = []

    def reason(matched: Matched) -> str:
        device, record = matched.device.id, matched.opened.record
        mine = loaded.keys_of(device)
        winrm = record.access is Access.WINRM
        kind = KeyKind.TLS_CERTIFICATE if winrm else KeyKind.SSH_HOST_KEY
        shown = [ShownKey(algorithm=one.algorithm, key=one.key, kind=kind) for one in record.keys]
        known = {one.key for one in mine}
        if compare(shown, mine) is Comparison.CHANGED:
            return _("{device} has another key pinned: after a reinstallation, "
                     "esms-kit trust SITE --rekey {device} --reason “…”.").format(
                         device=device)  # fmt: skip
        new = [key for key in shown if key.key not in known]
        pins.extend(key.pinned(device, at, PinnedHow.ADOPTED, by) for key in new)
        return ""

    _refuse(matching, reason)
    return pins


def _save(
    workspace: Workspace,
    loaded: LoadedSite,
    ledger: AdoptionFile,
    vault: Vault,
    matching: Matching,
    pins: list[PinnedKey],
    at: datetime,
    by: str,
) -> None:
    passwords = {
        f"winrm/{one.device.id}": one.opened.password
        for one in matching.matched
        if one.opened.password is not None and one.opened.record.access is Access.WINRM
    }
    if passwords:
        vault.put(passwords, at)
    changed = {one.device.id: one.device for one in matching.matched}
    devices = [changed.get(one.id, one) for one in loaded.devices]
    noted = [
        Imported(
            token=one.opened.record.token,
            slot=one.opened.record.slot,
            nonce=one.opened.record.nonce,
            sha256=one.opened.envelope.sha256,
            device=one.device.id,
            machine=one.opened.machine,
            imported_at=at.replace(microsecond=0),
            by=by,
        )
        for one in matching.matched
    ]
    records = ledger.model_copy(update={"records": (*ledger.records, *noted)})
    save_documents(
        workspace,
        loaded.site.id,
        {
            DEVICES_FILE: devices_document(devices),
            KNOWN_HOSTS_FILE: known_hosts_document(
                (*loaded.known_hosts, *pins), loaded.former_keys
            ),
            ADOPTION_FILE: ledger_document(records),
        },
    )
