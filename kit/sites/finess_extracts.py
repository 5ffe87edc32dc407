"""The two public FINESS files, read as streams: JSON "structures" (2026 on), old etalab CSV.

Source of both forms: the ANS repository of the FINESS flows (schema v1.0.0 and sample of 9 March
2026) and lines of the stock file of 12 May 2026.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from kit.errors import InvalidDocuments, Position, Problem
from kit.i18n import _
from kit.i18n.system_errors import system_reason

MAX_LINE: Final = 64 * 1024
MAX_BYTES: Final = 4 * 1024**3  # the whole file of 2026 is about a quarter of it, unpacked
_COLUMNS: Final = 32
_CSV_HEAD: Final = b"finess;etalab"


@dataclass(frozen=True, slots=True)
class Establishment:
    """One geographic establishment of the register; an unknown text is empty."""

    finess_et: str
    finess_ej: str
    name: str
    siret: str = ""
    category: str = ""
    department: str = ""
    town: str = ""
    legal_entity: str = ""
    siren: str = ""
    opened: str = ""
    closed: str = ""
    updated: str = ""


class _Counted(io.RawIOBase):
    """A stream that stops being read when it is larger than any register could be."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MAX_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        block = self._stream.read(len(buffer))
        self._left -= len(block)
        if self._left < 0:
            raise ValueError(_("the file is too large for a FINESS file."))
        buffer[: len(block)] = block
        return len(block)


def _refuse(path: Path, line: int, message: str) -> InvalidDocuments:
    return InvalidDocuments(
        _("This is no FINESS file the kit can read."),
        [
            Problem(
                Position(str(path), line),
                message,
                _("Download “finess-structures” (JSON) again from data.gouv.fr."),
            )
        ],
        remedy=_("Give the file as downloaded, packed (.gz) or not."),
    )


def read_establishments(path: Path) -> Iterator[Establishment]:
    """Every establishment of a FINESS file, packed or not, in either form.

    Memory does not grow with the file. Raises ``InvalidDocuments`` where the file is not what it
    should be, after what stood before was given.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            unpacked: IO[bytes] = gzip.open(raw) if packed else raw  # type: ignore[assignment]  # noqa: SIM115 - closed with raw
            stream = io.BufferedReader(_Counted(unpacked), 1 << 16)
            head = stream.peek(64).removeprefix(b"\xef\xbb\xbf").lstrip()
            if head.startswith(b"{"):
                yield from _from_json(path, stream)
            elif head.startswith(_CSV_HEAD):
                yield from _from_csv(path, stream)
            else:
                raise _refuse(path, 1, _("it begins like neither of the two FINESS forms."))
    except (OSError, EOFError, ValueError) as error:
        detail = (
            system_reason(error)
            if isinstance(error, OSError)
            else str(error) or type(error).__name__
        )
        raise _refuse(path, 0, _("it cannot be read ({detail}).").format(detail=detail)) from error


def _decode(line: bytes) -> str:
    """Recent files are UTF-8, older ones Windows-1252."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _lines(path: Path, stream: IO[bytes]) -> Iterator[str]:
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            raise _refuse(path, number, _("this line is too long for a FINESS file."))
        yield _decode(line)


def _from_csv(path: Path, stream: IO[bytes]) -> Iterator[Establishment]:
    """Rows ``structureet``; the columns stand in the file's documentation, it has no heading."""
    reader = csv.reader(_lines(path, stream), delimiter=";", strict=False)
    found = 0
    for row in reader:
        if not row or row[0] != "structureet":
            continue
        if len(row) < _COLUMNS:
            raise _refuse(
                path,
                reader.line_num,
                _("{found} columns where {expected} are expected.").format(
                    found=len(row), expected=_COLUMNS
                ),
            )
        found += 1
        yield Establishment(
            finess_et=row[1].strip(),
            finess_ej=row[2].strip(),
            name=(row[4] or row[3]).strip(),
            siret=row[22].strip(),
            category=row[18].strip(),
            department=row[13].strip(),
            town=row[15].strip(),
            opened=row[28].strip(),
            updated=row[30].strip(),
        )
    if not found:
        raise _refuse(path, 0, _("it holds no establishment."))


def _text(block: Any, key: str) -> str:  # noqa: ANN401 - whatever the file holds there
    value = block.get(key) if isinstance(block, dict) else None
    return " ".join(value.split()) if isinstance(value, str) else ""


def _from_json(path: Path, stream: IO[bytes]) -> Iterator[Establishment]:
    """Legal entities (``pmej``) with their establishments (``ege``)."""
    import ijson  # type: ignore[import-untyped]

    found = 0
    try:
        for entity in ijson.items(stream, "pmej.item", use_float=True):
            for establishment in _of_entity(entity):
                found += 1
                yield establishment
    except ijson.JSONError as error:
        raise _refuse(path, 0, _("its JSON is broken ({detail}).").format(detail=error)) from error
    if not found:
        raise _refuse(path, 0, _("it holds no establishment."))


def _of_entity(entity: Any) -> Iterator[Establishment]:  # noqa: ANN401 - whatever the file holds
    if not isinstance(entity, dict):
        return
    general = entity.get("informationsGeneralesPMEJ")
    listed = entity.get("ege")
    for item in listed if isinstance(listed, list) else ():
        if not isinstance(item, dict):
            continue
        own = item.get("informationsGeneralesEGE")
        number = _text(own, "numFinessEge")
        if not number:
            continue
        addresses = item.get("adresse")
        address = addresses[0] if isinstance(addresses, list) and addresses else {}
        yield Establishment(
            finess_et=number,
            finess_ej=_text(general, "numFinessPm"),
            name=_text(own, "nomEgeLong") or _text(own, "nomEgeCourt"),
            siret=_text(own, "siret"),
            category=_text(item, "categorieentiteGeographiqueExercice"),
            department=_text(address, "cogCommune")[:2],
            town=f"{_text(address, 'codePostal')} {_text(address, 'ligneAcheminement')}".strip(),
            legal_entity=_text(general, "denominationLonguePmSmsse")
            or _text(general, "denominationPm"),
            siren=_text(general, "siren"),
            opened=_text(own, "dateOuverture"),
            closed=_text(own, "dateFermeture")
            or (_text(item, "dateDerniereMaj")[:10] if _text(item, "etatObjet") == "I" else ""),
            updated=_text(item, "dateDerniereMaj")[:10],
        )


def find_establishment(path: Path, number: str) -> Establishment | None:
    """The establishment of this number, or ``None`` when the whole file does not hold it."""
    return next((found for found in read_establishments(path) if found.finess_et == number), None)
