"""What a typeset document is made of: headings, paragraphs, tables, bars; every text made safe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kit.model.rule import Severity
from kit.model.verdict import Verdict
from kit.reporting.cutting import cut_text
from kit.reporting.page import Segment
from kit.reporting.text import visible
from kit.reporting.words import word

Block = dict[str, Any]
Cell = str | dict[str, str]
LONGEST: Final = 2000

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


def paragraph(text: str, *, soft: bool = False) -> Block:
    """A paragraph; ``soft``: small and grey."""
    return {"kind": "paragraph", "text": safe(text, 4000), "soft": soft}


def bullets(texts: Iterable[str]) -> Block:
    """A list."""
    return {"kind": "list", "items": [safe(one, 4000) for one in texts]}


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


def verdict_cell(verdict: Verdict, severity: Severity | None = None) -> Cell:
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
    """A table with a heading row; ``widths`` are ``auto`` or fractions, ``numbers`` align right."""
    return {
        "kind": "table",
        "caption": safe(caption),
        "heads": [safe(one) for one in heads],
        "widths": list(widths),
        "numbers": list(numbers),
        "rows": [[_cell(one) for one in row] for row in rows],
    }


def _cell(cell: Cell) -> Mapping[str, str]:
    if isinstance(cell, str):
        return {"text": safe(cell)}
    return {name: safe(value) for name, value in cell.items()}
