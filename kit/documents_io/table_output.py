"""Tables out: CSV that spreadsheets open rightly and in which no cell can be a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

# Signs with which spreadsheets begin a formula, full-width ones included.
_FORMULA_SIGNS: Final = frozenset("=+-@|%\uff1d\uff0b\uff0d\uff20")
DELIMITER: Final = ";"


def plain_cell(text: str) -> str:
    """Text that no spreadsheet computes: a formula sign in front gets an apostrophe before it."""
    one_line = " ".join(text.split())
    printable = "".join(sign if sign.isprintable() else "\ufffd" for sign in one_line)
    return f"'{printable}" if printable[:1] in _FORMULA_SIGNS else printable


def csv_bytes(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file as French and English spreadsheets open it: UTF-8 with BOM, ``;``, CRLF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=DELIMITER, lineterminator="\r\n")
    writer.writerow([plain_cell(head) for head in heads])
    for row in rows:
        writer.writerow([plain_cell(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", errors="replace")
