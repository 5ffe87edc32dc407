"""Recorded snapshots: written byte-stable, read back strictly, every mistake at once.

A file holds one snapshot as JSON. What is read here is judged as if it had just been collected, so
that nothing in it is guessed, completed or overlooked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from kit.documents_io.files import write_files
from kit.documents_io.validation import problems_of
from kit.documents_io.yaml import Document, parse_yaml
from kit.errors import InvalidDocuments, Position, Problem
from kit.i18n import _
from kit.i18n.system_errors import system_reason
from kit.model.identifiers import check_device_id
from kit.model.snapshot import Snapshot

MAX_BYTES: Final = 64 * 1024 * 1024
SUFFIX: Final = ".snapshot.json"


def write_snapshots(folder: Path, snapshots: Iterable[Snapshot]) -> tuple[Path, ...]:
    """Write each snapshot to ``DEVICE.snapshot.json`` in ``folder``, all or none.

    The same snapshot gives the same bytes. Files are for their owner alone: they say much about a
    device. Raises ``UsageError`` when they cannot be written, ``ValueError`` when a device's name
    is none or comes twice.
    """
    files: dict[Path, bytes] = {}
    for one in snapshots:
        path = folder / f"{check_device_id(one.device)}{SUFFIX}"
        if path in files:
            raise ValueError(f"two snapshots of {one.device}")
        files[path] = snapshot_json(one).encode()
    write_files(files, mode=0o600)
    return tuple(sorted(files))


def snapshot_json(snapshot: Snapshot) -> str:
    """The one text of a snapshot."""
    data = snapshot.model_dump(mode="json", by_alias=True)
    return json.dumps(data, sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def read_snapshots(
    paths: Sequence[Path], devices: Iterable[str] | None = None
) -> dict[str, Snapshot]:
    """The snapshots of these files by device id; in a folder, those named ``*.snapshot.json``.

    ``devices``: the ids of the devices they may be of; any when it is not given. Raises
    ``InvalidDocuments`` with everything wrong in all files: unreadable, not JSON, another schema,
    unknown keys, a device that is not expected or comes twice, a read answered twice.
    """
    expected = None if devices is None else frozenset(devices)
    problems: list[Problem] = []
    found: dict[str, tuple[Snapshot, _Recorded]] = {}
    for path in _files(paths, problems):
        try:
            recorded = _Recorded(str(path), _text(path))
            snapshot = _snapshot(recorded)
        except InvalidDocuments as error:
            problems.extend(error.problems)
            continue
        problems.extend(_mistakes(snapshot, recorded, expected))
        if snapshot.device in found:
            other = found[snapshot.device][1].file
            message = _("the device “{device}” has a snapshot in {other} already.")
            problems.append(
                Problem(
                    recorded.position("device"),
                    message.format(device=snapshot.device, other=other),
                    _("Give one file for each device."),
                )
            )
        else:
            found[snapshot.device] = (snapshot, recorded)
    if problems:
        raise InvalidDocuments(
            _("The snapshots cannot be used."),
            problems,
            remedy=_("Correct or leave out these files and run again; nothing was judged."),
        )
    return {device: snapshot for device, (snapshot, _recorded) in sorted(found.items())}


@dataclass(frozen=True)
class _Recorded:
    """A file and its text; where things stand in it is looked for only when there is a mistake."""

    file: str
    text: str

    @cached_property
    def placed(self) -> Document:
        """With positions: what JSON we write is YAML too, and YAML nodes know their line."""
        try:
            return parse_yaml(self.text, self.file)
        except (InvalidDocuments, RecursionError):
            return Document(self.file, None)

    def position(self, *path: str | int) -> Position:
        """Where a value stands; the file when it cannot be said more precisely."""
        return self.placed.position(path)


def _files(paths: Sequence[Path], problems: list[Problem]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(path.glob(f"*{SUFFIX}"))
        if not inside:
            message = _("the folder holds no snapshot (*{suffix}).").format(suffix=SUFFIX)
            problems.append(Problem(Position(str(path)), message, _("Check its path.")))
        yield from inside


def _text(path: Path) -> str:
    raw = b""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise _wrong(Position(str(path)), _("the file is larger than 64 MiB."))
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _wrong(Position(str(path), line), _("this is not UTF-8 text.")) from error
    except OSError as error:
        message = _("the file cannot be opened ({detail}).").format(detail=system_reason(error))
        raise _wrong(Position(str(path)), message) from error


def _snapshot(recorded: _Recorded) -> Snapshot:
    _check_json(recorded)
    try:
        return Snapshot.model_validate_json(recorded.text)
    except ValidationError as error:
        problems = problems_of(error, recorded.placed)
        raise InvalidDocuments(_("The snapshot is not valid."), problems, remedy="") from error


def _check_json(recorded: _Recorded) -> None:
    """Plain JSON: no key twice, no number that JSON does not have. Every reader agrees on it."""
    twice: list[str] = []

    def mapping(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) != len(pairs):
            keys = [key for key, _value in pairs]
            twice.extend(sorted({key for key in keys if keys.count(key) > 1}))
        return made

    def refuse(word: str) -> None:
        raise _wrong(Position(recorded.file), _("“{word}” is no number.").format(word=word))

    try:
        json.loads(recorded.text, object_pairs_hook=mapping, parse_constant=refuse)
    except json.JSONDecodeError as error:
        position = Position(recorded.file, error.lineno, error.colno)
        message = _("this is not valid JSON ({detail}).").format(detail=error.msg)
        raise _wrong(position, message) from error
    except (RecursionError, ValueError) as error:
        message = _("this is not valid JSON ({detail}).").format(detail=type(error).__name__)
        raise _wrong(Position(recorded.file), message) from error
    if twice:
        message = _("the key “{key}” stands twice in the same block.").format(key=twice[0])
        raise _wrong(_twice_at(recorded), message)


def _twice_at(recorded: _Recorded) -> Position:
    try:
        parse_yaml(recorded.text, recorded.file)
    except InvalidDocuments as error:
        return error.problems[0].position
    return Position(recorded.file)


def _wrong(position: Position, message: str) -> InvalidDocuments:
    problem = Problem(position, message, _("Take the file again from where it was recorded."))
    return InvalidDocuments(_("The snapshot cannot be read."), [problem], remedy="")


def _mistakes(
    snapshot: Snapshot, recorded: _Recorded, expected: frozenset[str] | None
) -> Iterator[Problem]:
    """What a snapshot of the right form can still have wrong."""
    again = _("Take the file again from where it was recorded.")
    if expected is not None and snapshot.device not in expected:
        yield Problem(
            recorded.position("device"),
            _("the device “{device}” is not one of this site.").format(device=snapshot.device),
            _("Check the site named, or take the device in first."),
        )
    for key in ("taken_at", "device_clock"):
        moment = getattr(snapshot, key)
        if moment is not None and moment.tzinfo is None:
            yield Problem(recorded.position(key), _("the time has no time zone."), again)
    names = [answer.read for answer in snapshot.answers]
    for index, name in enumerate(names):
        if name in names[:index]:
            message = _("the read “{read}” is answered twice.").format(read=name)
            yield Problem(recorded.position("answers", index, "read"), message, again)
