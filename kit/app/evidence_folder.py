"""Evidence handed over: a folder written, verified, and taken in by whoever was given it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

import kit
from kit.app.evidence import Seal
from kit.errors import InvalidInput, KitError, UsageError
from kit.evidence.chain import Sealing
from kit.evidence.disk import DiskFolder, NewFolder
from kit.evidence.documents import manifest
from kit.evidence.folder import (
    ABOUT,
    INDEX,
    INDEX_SEAL,
    RING,
    About,
    about_bytes,
    entry_name,
    key_files,
    recipe_files,
    run_folder,
    seal_name,
    stamp_name,
)
from kit.evidence.stamps import MOST_BYTES, BadStamp, Stamp, read_stamp
from kit.evidence.verification import Verification
from kit.evidence.verifying import verify as verify_folder
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.model.evidence import Link, digest_of
from kit.secrets.ring_file import RingFile, key_digest
from kit.sites.loading import LoadedSite
from kit.store.chain import Chain
from kit.store.store import Store

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Exported:
    """What was written. ``why_unsealed``: why the list of the folder has no seal."""

    entries: int
    head: str
    key: str | None
    why_unsealed: str = ""


class _Export:
    """A folder being written, with the digest of everything in it."""

    def __init__(self, folder: NewFolder) -> None:
        self._folder = folder
        self._digests: list[tuple[str, str]] = []

    def put(self, name: str, content: bytes) -> None:
        self._folder.write(name, content)
        self._digests.append((name, digest_of(content)))

    def put_chain(self, chain: Chain, links: Sequence[Link]) -> None:
        for link in links:
            self.put(entry_name(link.sequence), link.entry)
            if link.seal is not None:
                self.put(seal_name(link.sequence), link.seal)
            if link.stamp is not None:
                self.put(stamp_name(link.sequence), link.stamp)
            self.put(run_folder(link.sequence) + INDEX, link.manifest)
            for name, content in chain.files(link.sequence):
                self.put(run_folder(link.sequence) + name, content)

    def close(self, about: About, sealing: Sealing | None) -> tuple[str | None, str]:
        """Write what the folder is and the list of all of it, sealed if it can be."""
        why, seal, key = "", None, None
        if sealing is not None:
            sealed = about.model_copy(update={"key": sealing.key_id})
            index = self._index(sealed)
            try:
                seal, key = sealing(index), sealing.key_id
                about = sealed
            except KitError as error:
                why = error.message
        index = self._index(about)
        self._folder.write(ABOUT, about_bytes(about))
        self._folder.write(INDEX, index)
        if seal is not None:
            self._folder.write(INDEX_SEAL, seal)
        return key, why

    def _index(self, about: About) -> bytes:
        return manifest([*self._digests, (ABOUT, digest_of(about_bytes(about)))])


def export_evidence(
    site: LoadedSite,
    store: Store,
    target: Path,
    *,
    ring: tuple[RingFile, bytes] | None,
    seal: Seal,
    at: datetime,
) -> Exported:
    """Write the whole chain of a site into a new folder.

    ``ring``: the operator's public keys, and their file as it is. Raises ``UsageError`` when the
    site has no chain, the folder is not empty, or cannot be written.
    """
    chain = Chain(store, site.site.id)
    links = chain.links()
    if not links:
        raise UsageError(
            _("the site “{site}” has no evidence yet.").format(site=site.site.id),
            remedy=_("Run “esms-kit check {site}” first.").format(site=site.site.id),
        )
    about = About(
        site=site.site.id, name=site.site.name, entries=len(links), head=links[-1].digest,
        made_at=at, tool_version=kit.__version__, key=None,
    )  # fmt: skip
    with NewFolder(target) as folder:
        export = _Export(folder)
        export.put_chain(chain, links)
        if ring is not None:
            export.put(RING, ring[1])
            for name, content in key_files(ring[0]).items():
                export.put(name, content)
        for name, content in recipe_files().items():
            export.put(name, content)
        key, why = export.close(about, seal())
    return Exported(len(links), links[-1].digest, key, why)


def anchor_ids(files: Iterable[Path]) -> tuple[str, ...]:
    """The ids of deposited public keys; raises ``InvalidInput`` when a file holds no such key."""
    found = []
    for path in files:
        try:
            key: object = load_pem_public_key(path.read_bytes())
        except OSError as error:
            raise InvalidInput(
                _("the file cannot be opened ({detail}).").format(detail=system_reason(error)),
                where=str(path),
                remedy=_("Give “scellement.pem”, as the operator deposited it."),
            ) from error
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise InvalidInput(
                _("this file holds no Ed25519 public key (PEM)."),
                where=str(path),
                remedy=_("Give “scellement.pem”, as the operator deposited it."),
            )
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        found.append(key_digest(der)[:16])
    return tuple(found)


def verify(folder: Path, keys: Sequence[Path] = (), head: str | None = None) -> Verification:
    """Verify a folder of evidence, offline; see ``kit.evidence.verifying``.

    Raises ``UsageError`` when ``head`` is no whole digest: the start of one would be told as a
    chain that lost its newest runs.
    """
    wanted = head.strip().lower().replace(" ", "") if head is not None else None
    if wanted is not None and not _DIGEST.fullmatch(wanted):
        raise UsageError(
            _("“{head}” is no whole digest: it has 64 hexadecimal digits.").format(head=head),
            where="--head",
            remedy=_("Copy all of it from the report or the acceptance record."),
        )
    return verify_folder(DiskFolder(folder), anchor_ids(keys), wanted)


def add_stamp(store: Store, site: str, file: Path) -> tuple[int, Stamp]:
    """Keep the time-stamp token in ``file`` beside the entry it is about; the entry's number.

    Raises ``InvalidInput`` when it is no token, or one over something else.
    """
    chain = Chain(store, site)
    try:
        with file.open("rb") as stream:
            token = stream.read(MOST_BYTES + 1)
        stamp = read_stamp(token)
    except (OSError, BadStamp) as error:
        raise InvalidInput(
            _("this is no time-stamp token over a SHA-256 digest ({detail}).").format(
                detail=str(error)
            ),
            remedy=_("Ask the authority again: openssl ts -query -sha256 -data ENTRY"),
        ) from error
    for link in chain.links():
        if link.digest == stamp.imprint:
            chain.stamp(link.sequence, token)
            return link.sequence, stamp
    raise InvalidInput(
        _("this time stamp is about no entry of the site ({digest}).").format(digest=stamp.imprint),
        where=site,
        remedy=_("Stamp the file chain/NNNNNN.json of an exported folder."),
    )
