"""TOML with the position of every key. Meaning comes from ``tomllib``; positions from a scan."""

from __future__ import annotations

import datetime
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from kit.documents_io.yaml import Document, Path_, Value
from kit.errors import InvalidDocuments, Position, Problem
from kit.i18n import _
from kit.i18n.system_errors import system_reason

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 20
_HEADER: Final = re.compile(r"\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY: Final = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w"'-]+)*)\s*=""")
_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")
_TRIPLE: Final = re.compile("\"\"\"|'''")


def _parts(dotted: str) -> Path_:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _positions(text: str, file: str) -> dict[Path_, Position]:
    """Where each key stands. A key inside an inline table has the position of its line."""
    found: dict[Path_, Position] = {(): Position(file, 1, 1)}
    prefix: Path_ = ()
    counts: dict[Path_, int] = {}
    inside = ""  # the quotes of a multi-line string that is open
    for number, line in enumerate(text.splitlines(), start=1):
        if not inside:
            if header := _HEADER.match(line):
                prefix = _parts(header[2])
                if header[1] == "[[":
                    index = counts.get(prefix, 0)
                    counts[prefix] = index + 1
                    prefix = (*prefix, index)
                found.setdefault(prefix, Position(file, number, 1))
            elif key := _KEY.match(line):
                column = len(line) - len(line.lstrip()) + 1
                found.setdefault((*prefix, *_parts(key[1])), Position(file, number, column))
        for quotes in _TRIPLE.findall(line):
            if not inside:
                inside = quotes
            elif inside == quotes:
                inside = ""
    return found


def _plain(value: Any, depth: int = 0) -> Value:  # noqa: ANN401 - whatever tomllib gives
    """Dates become ISO text; anything nested too deeply is refused."""
    if depth > MAX_DEPTH:
        raise ValueError(_("the document is nested too deeply."))
    if isinstance(value, dict):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bool | int | float | str):
        return value
    raise ValueError(type(value).__name__)


def _refuse(position: Position, message: str, remedy: str) -> InvalidDocuments:
    return InvalidDocuments(
        _("The document cannot be read."),
        [Problem(position, message, remedy)],
        remedy=_("Correct it and run again."),
    )


def parse_toml(text: str, file: str) -> Document:
    """Parse a TOML document; raises ``InvalidDocuments`` with the position of the mistake."""
    try:
        data = _plain(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        place = _PLACE.search(str(error))
        position = Position(file, int(place[1]), int(place[2])) if place else Position(file)
        detail = _PLACE.sub("", str(error)).strip() or type(error).__name__
        raise _refuse(
            position,
            _("this is not valid TOML ({detail}).").format(detail=detail),
            _("Write one “key = value” per line, texts in double quotes."),
        ) from error
    return Document(file, data, _positions(text, file))


def read_toml(path: Path, shown_as: str = "") -> Document:
    """Read a TOML file (UTF-8, at most 256 KiB); errors as ``parse_toml``."""
    file = shown_as or str(path)
    raw = b""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise _refuse(
                Position(file),
                _("the file is larger than 256 KiB."),
                _("Check that this is the right file."),
            )
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _refuse(
            Position(file, line), _("this is not UTF-8 text."), _("Save it as UTF-8.")
        ) from error
    except OSError as error:
        raise _refuse(
            Position(file),
            _("the file cannot be opened ({detail}).").format(detail=system_reason(error)),
            _("Check its path and its rights."),
        ) from error
    return parse_toml(text, file)
