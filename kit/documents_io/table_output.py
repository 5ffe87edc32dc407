"""Tables out: CSV that spreadsheets open rightly and in which no cell can be a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

# Signs with which spreadsheets begin a formula, full-width ones included.
_FORMULA_SIGNS: Final = frozenset("=+-@|%\uff1d\uff0b\uff0d\uff20")
DELIMITER: Final = ";"
_ROWS_AT_ONCE: Final = 2000


def begins_like_formula(text: str) -> bool:
    """Whether a spreadsheet would take the text for something to compute."""
    return text.lstrip()[:1] in _FORMULA_SIGNS


def plain_cell(text: str) -> str:
    """Text that no spreadsheet computes: a formula sign in front gets an apostrophe before it."""
    one_line = " ".join(text.split())
    printable = one_line
    if not one_line.isprintable():
        printable = "".join(sign if sign.isprintable() else "\ufffd" for sign in one_line)
    return f"'{printable}" if begins_like_formula(printable) else printable


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[str | int]]) -> Iterator[bytes]:
    """A CSV file as French and English spreadsheets open it: UTF-8 with BOM, ``;``, CRLF.

    In pieces of some thousand rows. Numbers stand as they are; texts never compute.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=DELIMITER, lineterminator="\r\n")
    writer.writerow([plain_cell(head) for head in heads])
    yield b"\xef\xbb\xbf"
    for number, row in enumerate(rows, 1):
        writer.writerow([plain_cell(cell) if isinstance(cell, str) else cell for cell in row])
        if number % _ROWS_AT_ONCE == 0:
            yield out.getvalue().encode("utf-8", errors="replace")
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode("utf-8", errors="replace")


def csv_bytes(heads: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """The same as one piece."""
    return b"".join(csv_lines(heads, rows))
