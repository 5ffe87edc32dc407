"""The formats a report can be had in. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Final, cast

from kit.errors import UsageError
from kit.i18n import Language, _
from kit.reporting.data import ReportData

Chunks = Callable[[ReportData, Language], Mapping[str, Iterable[bytes]]]
"""File name -> its content in pieces. Pure: the same data and language give the same bytes."""

# Imported when asked for: a format brings its own libraries. What takes longest comes first.
_MODULES: Final[Mapping[str, str]] = {
    "html": "kit.reporting.html",
    "pdf": "kit.reporting.pdf",
    "xlsx": "kit.reporting.xlsx",
    "csv": "kit.reporting.csv",
    "json": "kit.reporting.json",
    "oscal": "kit.reporting.oscal",
    "arf": "kit.reporting.arf",
    "xccdf": "kit.reporting.xccdf",
    "junit": "kit.reporting.junit",
}
FORMATS: Final = tuple(_MODULES)


def renderer(name: str) -> Chunks:
    """The renderer of one format; raises ``UsageError`` when there is none of that name."""
    known([name])
    return cast("Chunks", import_module(_MODULES[name]).chunks)


def known(names: Iterable[str]) -> list[str]:
    """The formats named, each once, in the order of ``FORMATS``; raises as ``renderer`` does."""
    asked = dict.fromkeys(names)
    remedy = _("Choose among: {names}.").format(names=", ".join(FORMATS))
    for name in asked:
        if name not in _MODULES:
            raise UsageError(
                _("there is no report format “{name}”.").format(name=name), remedy=remedy
            )
    if not asked:
        raise UsageError(_("no report format is named."), remedy=remedy)
    return [name for name in FORMATS if name in asked]


def render_each(
    data: ReportData, names: Iterable[str], language: Language
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Name and pieces of every file of several formats, one format after the other.

    An unknown format raises before anything is made.
    """
    renderers = [renderer(name) for name in dict.fromkeys(names)]
    return (pair for chunks in renderers for pair in chunks(data, language).items())


def makers(
    data: ReportData, names: Iterable[str], language: Language
) -> list[Callable[[], Mapping[str, Iterable[bytes]]]]:
    """What gives the files of each format, on its own; what takes longest first.

    An unknown format raises before anything is made.
    """
    return [partial(_made, name, data, language) for name in known(names)]


def _made(name: str, data: ReportData, language: Language) -> Mapping[str, Iterable[bytes]]:
    return renderer(name)(data, language)


def render_all(data: ReportData, names: Iterable[str], language: Language) -> dict[str, bytes]:
    """The files of several formats, by name, whole: for sites that are not large."""
    files = {name: b"".join(parts) for name, parts in render_each(data, names, language)}
    return dict(sorted(files.items()))
