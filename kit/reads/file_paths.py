"""Paths and patterns of files, as keys of reads and in the shell of a device."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Final

_PATTERN: Final = re.compile(r"(/[A-Za-z0-9_.@+*?-]+)+")

# there PATH: 0 it exists, 1 it is proven not to (the nearest folder that exists can be searched),
# 2 that cannot be told. A link that leads nowhere is not there if its end is proven not to be.
SHELL: Final = r"""
there() {
    [ ! -e "$1" ] || return 0
    if [ -h "$1" ]; then
        end=$(readlink -f -- "$1") && [ "$end" != "$1" ] || return 2
        there "$end"
        return
    fi
    folder=${1%/*}
    while [ -n "$folder" ] && [ ! -e "$folder" ] && [ ! -h "$folder" ]; do folder=${folder%/*}; done
    folder=${folder:-/}
    if [ -d "$folder" ]; then
        [ -x "$folder" ] && return 1
    elif [ -e "$folder" ]; then return 1
    fi
    return 2
}
"""


def checked_pattern(text: str) -> str:
    """An absolute path without ``.``, ``..`` or empty parts; ``*`` and ``?`` are wildcards.

    Raises ``ValueError``.
    """
    parts = text.split("/")
    if _PATTERN.fullmatch(text) is None or {".", ".."} & set(parts):
        raise ValueError(f"not an absolute path: {text[:80]!r}")
    return text


def checked_path(text: str) -> str:
    """The same without wildcards; raises ``ValueError``."""
    if has_wildcards(text):
        raise ValueError(f"a path without wildcards is expected: {text[:80]!r}")
    return checked_pattern(text)


def has_wildcards(text: str) -> bool:
    """Whether a pattern may stand for several paths."""
    return "*" in text or "?" in text


def literal_folder(pattern: str) -> str:
    """The folder in front of the first part with a wildcard; ``""`` is the root."""
    parts = pattern.split("/")
    first = next(number for number, part in enumerate(parts) if has_wildcards(part))
    return "/".join(parts[:first])


def matches(path: str, pattern: str) -> bool:
    """Whether the shell would expand ``pattern`` to ``path``: ``*`` finds no hidden name."""
    names, parts = path.split("/"), pattern.split("/")
    return len(names) == len(parts) and all(
        fnmatchcase(name, part) and (not name.startswith(".") or part.startswith("."))
        for name, part in zip(names, parts, strict=True)
    )
