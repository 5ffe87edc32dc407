"""Tables out: CSV that spreadsheets open rightly and in which no cell can be a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from kit.documents_io.repeated import Repeated

P = TypeVar("P")

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
    yield b"\xef\xbb\xbf" + _encoded([_line(heads)])
    lines = map(_line, rows)
    while some := list(islice(lines, _ROWS_AT_ONCE)):
        yield _encoded(some)


def csv_lines_in_parts(
    heads: Sequence[str],
    rows: Iterable[Sequence[P]],
    texts: Callable[[P], Sequence[str | int]],
) -> Iterator[bytes]:
    """The same of rows in parts of two cells and more, where parts come again and are the same.

    ``texts`` makes the cells of a part; each part that comes again is made once.
    """
    yield b"\xef\xbb\xbf" + _encoded([_line(heads)])
    shown = Repeated[P, str](lambda part: _line(texts(part)))
    lines = (DELIMITER.join(map(shown, row)) for row in rows)
    while some := list(islice(lines, _ROWS_AT_ONCE)):
        yield _encoded(some)


def _line(cells: Sequence[str | int]) -> str:
    """Cells as the line of a file, without its end."""
    out = io.StringIO(newline="")
    plain = [plain_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(out, delimiter=DELIMITER, lineterminator="").writerow(plain)
    return out.getvalue()


def _encoded(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", errors="replace")


def csv_bytes(heads: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """The same as one piece."""
    return b"".join(csv_lines(heads, rows))
