"""Whether a folder of evidence is what was sealed, and what cannot be said. Pure, offline."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from kit.documents_io.validation import validate
from kit.documents_io.yaml import parse_yaml
from kit.errors import InvalidDocuments
from kit.evidence.documents import FINDINGS, kind_of, read_manifest
from kit.evidence.folder import (
    ABOUT,
    ENTRY,
    INDEX,
    INDEX_SEAL,
    RING,
    About,
    Folder,
    about_bytes,
    entry_name,
    run_folder,
    seal_name,
    stamp_name,
)
from kit.evidence.stamps import BadStamp, read_stamp
from kit.evidence.verification import (
    Fault,
    FaultKind,
    Notice,
    NoticeKind,
    Reserve,
    ReserveKind,
    Verification,
)
from kit.model.evidence import FIRST, ChainEntry, digest_of, entry_bytes
from kit.secrets.ring_file import RingFile, SealingKey, signed_by


@dataclass
class _Result:
    faults: list[Fault] = field(default_factory=list)
    reserves: list[Reserve] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def fault(self, kind: FaultKind, place: str, detail: str = "") -> None:
        self.faults.append(Fault(kind=kind, place=place, detail=detail))

    def reserve(self, kind: ReserveKind, place: str = "") -> None:
        self.reserves.append(Reserve(kind=kind, place=place))

    def notice(self, kind: NoticeKind, place: str = "", detail: str = "") -> None:
        self.notices.append(Notice(kind=kind, place=place, detail=detail))


@dataclass(frozen=True)
class _Keys:
    """The keys of the folder, and which of them whoever verifies has reason to trust."""

    ring: RingFile | None
    trusted: frozenset[str]

    def check(
        self, result: _Result, place: str, key_id: str, data: bytes, seal: bytes, at: datetime
    ) -> None:
        """Whether a trusted key that was in use then made this seal."""
        key = self.ring.sealing_key(key_id) if self.ring is not None else None
        if key is None or key_id not in self.trusted:
            result.fault(FaultKind.KEY_UNKNOWN, place, key_id)
        elif not signed_by(key, data, seal):
            result.fault(FaultKind.SEAL_WRONG, place, key_id)
        elif not _in_use(key, at):
            result.fault(FaultKind.KEY_NOT_IN_USE, place, key_id)


def _in_use(key: SealingKey, at: datetime) -> bool:
    return key.created_at <= at and (key.retired_at is None or at <= key.retired_at)


class _Digested:
    """A folder whose files are digested once."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}

    def names(self) -> Iterator[str]:
        return self._folder.names()

    def read(self, name: str) -> bytes:
        return self._folder.read(name)

    def digest(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = digest_of(self._folder.read(name))
        return self._known[name]


def verify(evidence: Folder, anchors: Iterable[str] = (), head: str | None = None) -> Verification:
    """Verify a whole folder.

    ``anchors``: ids of the public keys whoever verifies was given before. ``head``: the digest of
    the chain that stands on a report. Nothing is written and no network is used.
    """
    folder = _Digested(evidence)
    result = _Result()
    files = frozenset(folder.names())
    about = _about(folder, files, result)
    keys = _keys(folder, files, frozenset(anchors), result)
    _index(folder, files, about, keys, result)
    entries = tuple(_entries(folder, files, result))
    if not entries and not result.faults:
        result.fault(FaultKind.NO_EVIDENCE, "chain")
    _chain(folder, files, entries, keys, result)
    _runs(folder, files, entries, result)
    last = folder.digest(entry_name(entries[-1][0])) if entries else ""
    _ends(folder, entries, about, head, result)
    made = [entry.made_at for _number, entry in entries]
    return Verification(
        site=entries[0][1].site if entries else "",
        entries=len(entries), head=last,
        first_at=made[0] if made else None, last_at=made[-1] if made else None,
        faults=tuple(result.faults), reserves=tuple(result.reserves),
        notices=tuple(result.notices),
    )  # fmt: skip


def _about(folder: _Digested, files: frozenset[str], result: _Result) -> About | None:
    if ABOUT not in files:
        result.fault(FaultKind.MISSING, ABOUT)
        return None
    raw = folder.read(ABOUT)
    try:
        about = About.model_validate_json(raw)
    except ValidationError:
        about = None
    if about is None or about_bytes(about) != raw:
        result.fault(FaultKind.NO_LIST, ABOUT)
        return None
    return about


def _keys(
    folder: _Digested, files: frozenset[str], anchors: frozenset[str], result: _Result
) -> _Keys:
    ring = None
    if RING in files:
        try:
            text = folder.read(RING).decode()
            ring = validate(RingFile, parse_yaml(text, RING))
        except (InvalidDocuments, UnicodeDecodeError):
            result.fault(FaultKind.NO_LIST, RING)
    if not anchors:
        result.reserve(ReserveKind.NO_ANCHOR)
        everyone = frozenset(one.id for one in ring.sealing) if ring is not None else frozenset()
        return _Keys(ring, everyone)
    return _Keys(ring, ring.reachable_from(anchors) if ring is not None else frozenset())


def _index(
    folder: _Digested, files: frozenset[str], about: About | None, keys: _Keys, result: _Result
) -> None:
    """The list of the whole folder, and its seal."""
    if INDEX not in files:
        result.fault(FaultKind.NO_EVIDENCE, INDEX)
        return
    raw = folder.read(INDEX)
    listed = _list(raw, INDEX, result)
    if listed is None:
        return
    for name in sorted(files - {INDEX, INDEX_SEAL} - listed.keys()):
        result.fault(FaultKind.ADDED, name)
    for name in sorted(listed.keys() - files):
        result.fault(FaultKind.MISSING, name)
    for name in sorted(listed.keys() & files):
        if folder.digest(name) != listed[name]:
            result.fault(FaultKind.CHANGED, name)
    if about is None:
        return
    if about.key is None:
        result.reserve(ReserveKind.INDEX_UNSEALED, INDEX)
        if INDEX_SEAL in files:
            result.fault(FaultKind.ADDED, INDEX_SEAL)
    elif INDEX_SEAL not in files:
        result.fault(FaultKind.SEAL_MISSING, INDEX_SEAL, about.key)
    else:
        seal = folder.read(INDEX_SEAL)
        keys.check(result, INDEX_SEAL, about.key, raw, seal, about.made_at)


def _list(raw: bytes, place: str, result: _Result) -> dict[str, str] | None:
    try:
        return read_manifest(raw)
    except (ValueError, UnicodeDecodeError):
        result.fault(FaultKind.NO_LIST, place)
        return None


def _entries(
    folder: _Digested, files: frozenset[str], result: _Result
) -> Iterator[tuple[int, ChainEntry]]:
    """``(number of its file, entry)`` of every entry that is one, in the order of the numbers."""
    for name in sorted(files):
        found = ENTRY.fullmatch(name)
        if found is None:
            continue
        raw = folder.read(name)
        try:
            entry = ChainEntry.model_validate_json(raw)
        except ValidationError:
            result.fault(FaultKind.NO_ENTRY, name)
            continue
        if entry_bytes(entry) != raw:
            result.fault(FaultKind.NO_ENTRY, name)
        else:
            yield int(found[1]), entry


Entries = tuple[tuple[int, ChainEntry], ...]


def _chain(
    folder: _Digested, files: frozenset[str], entries: Entries, keys: _Keys, result: _Result
) -> None:
    """Numbers without gaps, each entry after the one it names, each sealed."""
    digests = {folder.digest(entry_name(number)): number for number, _e in entries}
    previous, expected = FIRST, 1
    latest: datetime | None = None
    for number, entry in entries:
        name = entry_name(number)
        for gap in range(expected, min(number, expected + 50)):
            result.fault(FaultKind.REMOVED, entry_name(gap))
        if entry.sequence != number:
            result.fault(FaultKind.REORDERED, name, str(entry.sequence))
        elif entry.previous != previous:
            known = digests.get(entry.previous)
            kind = FaultKind.REORDERED if known is not None else FaultKind.UNLINKED
            result.fault(kind, name, "" if known is None else str(known))
        if entry.site != entries[0][1].site:
            result.fault(FaultKind.OTHER_SITE, name, entry.site)
        later = next((n for n, one in entries if n > number and one.key is not None), None)
        _seal(folder, files, number, entry, later, keys, result)
        _stamp(folder, files, number, result)
        if (latest is not None and entry.made_at < latest) or (
            entry.clock is not None and entry.clock.went_back
        ):
            result.notice(NoticeKind.CLOCK_WENT_BACK, name)
        if entry.counts is not None and entry.counts.masked_otherwise:
            result.notice(NoticeKind.MASKED_OTHERWISE, name, str(entry.counts.masked_otherwise))
        latest = max(latest or entry.made_at, entry.made_at)
        previous, expected = folder.digest(name), number + 1


def _seal(
    folder: _Digested,
    files: frozenset[str],
    number: int,
    entry: ChainEntry,
    sealed_later: int | None,
    keys: _Keys,
    result: _Result,
) -> None:
    place = seal_name(number)
    if entry.key is None:
        if sealed_later is None:
            result.reserve(ReserveKind.UNSEALED, entry_name(number))
        else:
            result.notice(NoticeKind.SEALED_LATER, entry_name(number), str(sealed_later))
        if place in files:
            result.fault(FaultKind.ADDED, place)
    elif place not in files:
        result.fault(FaultKind.SEAL_MISSING, place, entry.key)
    else:
        raw = folder.read(entry_name(number))
        keys.check(result, place, entry.key, raw, folder.read(place), entry.made_at)


def _stamp(folder: _Digested, files: frozenset[str], number: int, result: _Result) -> None:
    place = stamp_name(number)
    if place not in files:
        return
    try:
        stamp = read_stamp(folder.read(place))
    except BadStamp:
        result.fault(FaultKind.BAD_STAMP, place)
        return
    if stamp.imprint != folder.digest(entry_name(number)):
        result.fault(FaultKind.BAD_STAMP, place)
    else:
        result.notice(NoticeKind.STAMPED, place, stamp.at.isoformat())


def _runs(folder: _Digested, files: frozenset[str], entries: Entries, result: _Result) -> None:
    """The files of each entry against its list, its list against the entry."""
    purged = _purged(entries)
    for number, entry in entries:
        prefix = run_folder(number)
        place = prefix + INDEX
        if place not in files:
            result.fault(FaultKind.MISSING, place)
            continue
        raw = folder.read(place)
        if digest_of(raw) != entry.manifest:
            result.fault(FaultKind.CHANGED, place)
            continue
        listed = _list(raw, place, result)
        if listed is None:
            continue
        here = {name.removeprefix(prefix) for name in files if name.startswith(prefix)} - {INDEX}
        for name in sorted(here - listed.keys()):
            result.fault(FaultKind.ADDED, prefix + name)
        gone = set()
        for name in sorted(listed.keys() - here):
            if kind_of(name) in purged.get(number, frozenset()):
                gone.add(kind_of(name))
            else:
                result.fault(FaultKind.MISSING, prefix + name)
        for name in sorted(here & listed.keys()):
            if folder.digest(prefix + name) != listed[name]:
                result.fault(FaultKind.CHANGED, prefix + name)
        for kind in sorted(gone):
            result.notice(NoticeKind.PURGED, prefix, kind)
        if len(listed) != entry.files:
            result.fault(FaultKind.MISCOUNTED, entry_name(number), str(len(listed)))
        _counts(folder, prefix, here & listed.keys(), entry, gone, result)


def _purged(entries: Entries) -> Mapping[int, frozenset[str]]:
    """Number of an entry -> kinds of its files that a later entry says were deleted."""
    found: dict[int, frozenset[str]] = {}
    for number, entry in entries:
        for one in entry.purge.files if entry.purge is not None else ():
            if one.sequence < number:
                found[one.sequence] = found.get(one.sequence, frozenset()) | set(one.kinds)
    return found


def _counts(
    folder: _Digested,
    prefix: str,
    names: Iterable[str],
    entry: ChainEntry,
    gone: set[str],
    result: _Result,
) -> None:
    """The counts that were sealed, against what is in the files."""
    if entry.counts is None or FINDINGS in gone:
        return
    counts: Counter[str] = Counter()
    devices = 0
    for name in names:
        if kind_of(name) == FINDINGS:
            try:
                found = json.loads(folder.read(prefix + name))["findings"]
                counts.update(str(one["verdict"]) for one in found)
            except (ValueError, LookupError, TypeError):
                continue  # changed, and told so
            devices += 1
    sealed = {verdict.value: count for verdict, count in entry.counts.findings.items() if count}
    if devices == entry.counts.devices and dict(counts) != sealed:
        result.fault(FaultKind.MISCOUNTED, entry_name(entry.sequence))


def _ends(
    folder: _Digested, entries: Entries, about: About | None, head: str | None, result: _Result
) -> None:
    """Whether the chain ends where the folder and whoever verifies say it does."""
    digests = [folder.digest(entry_name(number)) for number, _entry in entries]
    if about is not None and digests:
        if about.entries != len(digests) or about.head != digests[-1]:
            result.fault(FaultKind.NO_HEAD, ABOUT, about.head)
        if about.site != entries[0][1].site:
            result.fault(FaultKind.OTHER_SITE, ABOUT, about.site)
    if head is None:
        result.notice(NoticeKind.NO_HEAD_GIVEN)
    elif head not in digests:
        result.fault(FaultKind.NO_HEAD, "chain", head)
    elif head != digests[-1]:
        result.notice(NoticeKind.HEAD_LATER, "chain", str(len(digests) - 1 - digests.index(head)))
