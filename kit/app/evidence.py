"""Every run goes into the chain of evidence of its site: minimised, digested, sealed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from kit.app.opening import OpenSite
from kit.checking.rejudging import judged_otherwise
from kit.documents_io.files import write_file
from kit.errors import KitError
from kit.evidence.chain import Made, Sealing, clock, counted, linked, next_entry, run_mark
from kit.evidence.documents import (
    NEWLINE,
    Found,
    RunContext,
    Told,
    manifest,
    run_files,
    snapshot_file,
)
from kit.evidence.masking import Pseudonyms, masked_findings, masked_snapshot
from kit.loop.reading import Reading
from kit.model.evidence import EvidenceMark, Link, digest_of
from kit.model.plan import DevicePlan
from kit.model.record import Record, canonical
from kit.model.run import Run
from kit.model.snapshot import Snapshot
from kit.redaction import Redactor
from kit.secrets.keyring import KeyRing
from kit.store.chain import Chain, pack
from kit.store.store import Store

Seal = Callable[[], Sealing | None]
"""The sealing key when it is needed; ``None`` when the operator has none."""
_PSEUDONYMS: Final = "pseudonyms"
_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class RingSealing:
    """Seals with the key in use of an operator's ring."""

    ring: KeyRing

    @property
    def key_id(self) -> str:
        """The id of the key in use."""
        return self.ring.sealing.id

    def __call__(self, data: bytes) -> bytes:
        """The seal; raises ``UsageError`` when the private key cannot be opened."""
        return self.ring.sign(data).value


@dataclass(frozen=True)
class Chained:
    """Where a run went in the chain. ``why_unsealed``: why a key there is could not be used."""

    mark: EvidenceMark
    why_unsealed: str = ""


def no_seal() -> Sealing | None:
    """For who has no operator keys."""
    return None


def seal_of(root: Path, keyring: Callable[[], KeyRing]) -> Seal:
    """The seal of a workspace: none while its folder ``keys`` holds no ring."""

    def seal() -> Sealing | None:
        if not (root / "keys" / "ring.yaml").exists():
            return None
        return RingSealing(keyring())

    return seal


def pseudonyms_of(site: OpenSite) -> Pseudonyms:
    """The pseudonyms of a site; their key is made when it is first needed, and never leaves."""
    folder = site.workspace.root / ".esms-kit" / _PSEUDONYMS
    path = folder / f"{site.loaded.site.id}.key"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(path, secrets.token_bytes(_KEY_BYTES).hex() + "\n", mode=0o600)
    known = {word: one.id for one in site.loaded.people or () for word in (one.account, one.name)}
    return Pseudonyms(bytes.fromhex(path.read_text("ascii").strip()), known)


def masked(reading: Reading, mask: Callable[[str], str]) -> Reading:
    """A reading as it is stored: numbers of persons and known secrets masked.

    Judgement was passed before, on what the devices said; only texts change.
    """
    from dataclasses import replace

    return Reading(
        {name: masked_snapshot(one, mask)[0] for name, one in reading.snapshots.items()},
        {
            name: replace(one, findings=masked_findings(one.findings, mask))
            for name, one in reading.judged.items()
        },
        reading.plans,
    )


def not_sealed(store: Store, site: str, snapshots: Mapping[str, Snapshot]) -> tuple[str, ...]:
    """Devices whose reading is in no run of the evidence a site was taken in from.

    Empty where the chain is our own: what is judged there goes into it.
    """
    chain = Chain(store, site)
    if not chain.imported():
        return ()
    listed = {line for one in chain.links() for line in one.manifest.decode().splitlines()}
    left = {
        name: one
        for name, one in snapshots.items()
        if f"{digest_of(canonical(one) + NEWLINE)}  {snapshot_file(name)}" not in listed
    }
    sealed = [mark.run.id for one in chain.links() if (mark := one.read()).run is not None]
    for run in sealed if left else ():  # written by a version with other fields
        known = store.snapshots(run)
        left = {name: one for name, one in left.items() if known.get(name) != one}
    return tuple(sorted(left))


def run_context(site: OpenSite, run: Run) -> RunContext:
    """What a run of this site is judged with, now."""
    loaded = site.loaded
    used = {one.hardware_profile for one in loaded.devices}
    return RunContext(
        run=run, site=loaded.site, devices=loaded.devices, deliveries=loaded.deliveries,
        waivers=loaded.waivers, declarations=loaded.declarations,
        profiles=tuple(one for name, one in sorted(site.profiles.items()) if name in used),
    )  # fmt: skip


def chain_run(
    site: OpenSite,
    store: Store,
    run: Run,
    reading: Reading,
    *,
    kept: Reading,
    seal: Seal,
    made_at: datetime,
    plans: Mapping[str, DevicePlan],
    outcomes: Mapping[str, Record],
) -> Chained | None:
    """Add an ended run to the chain of its site; ``None`` where the chain was made elsewhere.

    ``reading`` is what was judged, ``kept`` the same as it was stored. A run that cannot be sealed
    is kept without a seal, and says why.
    """
    chain = Chain(store, run.site)
    if chain.imported():
        return None
    pseudonyms = pseudonyms_of(site)
    found = Found(run_context(site, run), kept.snapshots, kept.findings(), plans, outcomes)
    files = _Files(found, pseudonyms)
    counts = counted(
        reading.snapshots, found.findings, plans, masked=files.told.masked,
        masked_otherwise=_judged_otherwise(reading, kept, files.told),
    )  # fmt: skip
    mark = run_mark(run, pseudonyms.of(run.operator.account))
    why = ""

    def make(last: Link | None) -> tuple[Link, list[tuple[str, bytes]]]:
        nonlocal why
        made = next_entry(
            site.loaded.site, last, made_at=made_at, manifest=files.listed,
            files=len(files.packed), run=mark, counts=counts,
            clock=clock(made_at, last, reading.snapshots.values()),
        )  # fmt: skip
        link, why = sealed_link(made, files.listed, seal)
        return link, files.packed

    return Chained(mark_of(chain.append(make)), why)


def sealed_link(made: Made, listed: bytes, seal: Seal) -> tuple[Link, str]:
    """The entry sealed, else without a seal and why."""
    try:
        return linked(made, listed, seal()), ""
    except KitError as error:
        return linked(made, listed, None), error.message


class _Files:
    """The files of a run, packed, with their list; one at a time is in memory unpacked."""

    def __init__(self, found: Found, pseudonyms: Pseudonyms) -> None:
        self.told = Told()
        self.packed: list[tuple[str, bytes]] = []
        digests = []
        for name, content in run_files(found, pseudonyms, self.told):
            digests.append((name, digest_of(content)))
            self.packed.append((name, pack(content)))
        self.listed = manifest(digests)


def _judged_otherwise(reading: Reading, kept: Reading, told: Told) -> int:
    """How many results the masked answers would not give again."""
    final = {**kept.snapshots, **told.changed}
    return sum(
        judged_otherwise(
            reading.judged[device], snapshot, final[device], told.masks.get(device, str)
        )
        for device, snapshot in reading.snapshots.items()
        if device in reading.judged
    )


def mark_of(link: Link) -> EvidenceMark:
    """What a report prints of an entry."""
    entry = link.read()
    sealed_at = entry.made_at if link.seal is not None else None
    return EvidenceMark(number=link.sequence, head=link.digest, key=entry.key, sealed_at=sealed_at)


def evidence_mark(store: Store, site: str, run: str) -> EvidenceMark | None:
    """Where a run stands in the evidence of its site; ``None`` when it is in no chain."""
    link = Chain(store, site).of_run(run)
    return None if link is None else mark_of(link)


def store_mask(redactor: Redactor | None) -> Callable[[str], str]:
    """What is masked before anything is stored."""
    from kit.evidence.masking import secret_mask

    return secret_mask(redactor or Redactor())
