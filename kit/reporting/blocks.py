"""What a typeset document is made of: headings, paragraphs, tables, bars; every text made safe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from kit.model.rule import Severity
from kit.model.verdict import Verdict
from kit.reporting.cutting import cut_text
from kit.reporting.page import Segment
from kit.reporting.text import visible
from kit.reporting.words import word

Block = dict[str, Any]
Cell = str | dict[str, Any]
"""A text, or what stands in a cell: ``text``, ``strong``, ``style``, ``under``, and ``lines``, the
number of rows it stands beside, a number."""
LONGEST: Final = 2000
_LINE: Final = 110
"""Letters of a table in a line of the page, few rather than many."""
_BROKEN: Final = 8
"""Letters lost where a text is broken between words."""
_LONGEST_WHOLE: Final = 30
_SMALL_TABLE: Final = 14
"""Lines that are kept on one page, of the 60 it has."""

# Signs the fonts shipped with Typst hold; anything else is shown by its number, since a reader must
# never meet an empty box. Latin, Greek, Cyrillic, punctuation, and the few signs we draw with.
_SHOWN: Final = re.compile(
    "[\x20-\x7e\xa0-\xac\xae-\u017f\u0218-\u021b\u0391-\u03a1\u03a3-\u03c9\u0400-\u045f"
    "\u2010-\u2015\u2018-\u201e\u2020-\u2022\u2026\u202f\u2030\u2039\u203a\u20ac\u2122"
    "\u2190-\u2193\u21b5\u21e5\u2212\u2260\u2264\u2265\u27e8\u27e9]+"
)


_LONG_WORD: Final = re.compile(r"[^\s\u200b]{17,}")
_SIGN: Final = re.compile(r"[._/:=@,;-](?=[^._/:=@,;-])")
_UNBROKEN: Final = re.compile(r"[^\u200b]{16}(?=[^\u200b]{4})")


def safe(text: str, longest: int = LONGEST) -> str:
    """A text whose every sign can be printed."""
    shown = visible(cut_text(text, longest))
    if not _SHOWN.fullmatch(shown):
        shown = "".join(
            char if _SHOWN.fullmatch(char) else f"\u27e8U+{ord(char):04X}\u27e9" for char in shown
        )
    return _LONG_WORD.sub(_breakable, shown)


def _breakable(found: re.Match[str]) -> str:
    """A long word with places where a line may break: after its signs, else every few letters."""
    marked = _SIGN.sub("\\g<0>\u200b", found.group(0))
    return _UNBROKEN.sub("\\g<0>\u200b", marked)


def heading(text: str, level: int = 2, *, page: bool = False) -> Block:
    """A heading; ``page``: on a new page."""
    return {"kind": "heading", "text": safe(text), "level": level, "page": page}


def paragraph(text: str, *, soft: bool = False, keep: bool = False) -> Block:
    """A paragraph; ``soft``: small and grey; ``keep``: on the page of what follows it."""
    return {"kind": "paragraph", "text": safe(text, 4000), "soft": soft, "keep": keep}


def bullets(texts: Iterable[str], *, keep: bool = False) -> Block:
    """A list; ``keep``: on the page of what follows it."""
    return {"kind": "list", "items": [safe(one, 4000) for one in texts], "keep": keep}


def pairs(values: Iterable[tuple[str, str]]) -> Block:
    """Names and values."""
    return {"kind": "pairs", "items": [[safe(name), safe(value)] for name, value in values]}


def bar(title: str, segments: Sequence[Segment]) -> Block:
    """A stacked bar; its legend says the same in words."""
    parts = [
        {"style": one.style, "name": safe(one.name), "count": one.count, "width": one.width}
        for one in segments
    ]  # fmt: skip
    return {"kind": "bar", "title": safe(title), "parts": parts}


def verdict_cell(verdict: Verdict, severity: Severity | None = None) -> dict[str, Any]:
    """A verdict as a mark, with the severity under it."""
    return {
        "style": verdict.value,
        "text": word(verdict),
        "under": word(severity) if severity is not None else "",
    }


def table(
    caption: str,
    heads: Sequence[str],
    widths: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    numbers: Sequence[int] = (),
) -> Block:
    """A table with a heading row; ``widths`` are fractions, ``numbers`` align right.

    A row may hold a cell with ``lines``: so many rows, this one included, stand beside it, and
    those that follow have no cell there. Rows that belong together stay on one page unless they are
    long, and so does a small table.
    """
    groups = list(_groups(rows, [float(one) for one in widths]))
    lines = sum(one.lines for one in groups)
    return {
        "kind": "table",
        "caption": safe(caption),
        "heads": [safe(one) for one in heads],
        "widths": list(widths),
        "numbers": list(numbers),
        "whole": lines <= _SMALL_TABLE,
        "rows": [
            {
                "cells": [_cell(one) for one in row],
                "whole": group.lines <= _LONGEST_WHOLE,
                "last": row is group.rows[-1],
            }
            for group in groups
            for row in group.rows
        ],
    }


@dataclass
class _Group:
    """Rows that belong together, and about how many lines of text they are high."""

    rows: list[Sequence[Cell]]
    lines: int


def _groups(rows: Iterable[Sequence[Cell]], widths: Sequence[float]) -> Iterator[_Group]:
    waiting: list[Sequence[Cell]] = []
    left = 0
    for row in rows:
        waiting.append(row)
        left = (left or _beside(row)) - 1
        if not left:
            yield _Group(waiting, _lines(waiting, widths))
            waiting = []


def _beside(row: Sequence[Cell]) -> int:
    return max((one.get("lines", 1) for one in row if isinstance(one, dict)), default=1)


def _lines(rows: Sequence[Sequence[Cell]], widths: Sequence[float]) -> int:
    """The lines that rows take, estimated high."""
    letters = [max(4.0, _LINE * one / sum(widths)) for one in widths]
    across, down = 0, 0
    for row in rows:
        places = letters[len(letters) - len(row) :]
        told = [(one, ceil(_size(one) / place)) for one, place in zip(row, places, strict=True)]
        across = max([across, *(n for one, n in told if isinstance(one, dict) and "lines" in one)])
        down += max((n for one, n in told if isinstance(one, str) or "lines" not in one), default=1)
    return max(across, down)


def _size(cell: Cell) -> int:
    """Letters of a cell; what stands under a mark or a heading begins a line."""
    if isinstance(cell, str):
        return len(cell)
    return sum(len(one) + _BROKEN for one in cell.values() if isinstance(one, str))


def _cell(cell: Cell) -> Mapping[str, Any]:
    if isinstance(cell, str):
        return {"text": safe(cell)}
    return {name: safe(value) if isinstance(value, str) else value for name, value in cell.items()}
