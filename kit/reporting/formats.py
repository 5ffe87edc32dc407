"""The formats a report can be had in. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Final, cast

from kit.errors import UsageError
from kit.i18n import Language, _
from kit.reporting.data import ReportData

Render = Callable[[ReportData, Language], Mapping[str, bytes]]
"""File name -> content. Pure: the same data and language give the same bytes."""

# Imported when asked for: a format brings its own libraries.
_MODULES: Final[Mapping[str, str]] = {
    "html": "kit.reporting.html",
    "json": "kit.reporting.json",
}
FORMATS: Final = tuple(_MODULES)


def renderer(name: str) -> Render:
    """The renderer of one format; raises ``UsageError`` when there is none of that name."""
    if name not in _MODULES:
        raise UsageError(
            _("there is no report format “{name}”.").format(name=name),
            remedy=_("Choose among: {names}.").format(names=", ".join(FORMATS)),
        )
    return cast("Render", import_module(_MODULES[name]).render)


def render_all(data: ReportData, names: Iterable[str], language: Language) -> dict[str, bytes]:
    """The files of several formats, by name."""
    files: dict[str, bytes] = {}
    for name in names:
        files.update(renderer(name)(data, language))
    return dict(sorted(files.items()))
