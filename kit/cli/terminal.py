"""How things look on a terminal: tables, marks, colours; plain where there is no terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Final, TextIO

from kit.cli.session import redactor
from kit.i18n import _

if TYPE_CHECKING:
    from rich.console import Console

_GAP: Final = 3  # spaces between two columns
_NARROWEST: Final = 8  # characters a column needs to be read at all
STYLES: Final = {
    "pass": "green", "fail": "bold red", "error": "bold magenta",
    "not_checked": "yellow", "not_applicable": "dim",
    "low": "dim", "medium": "yellow", "high": "red", "critical": "bold red",
}  # fmt: skip
"""Colours only ever double a word; none stands alone."""


def printable(text: str) -> str:
    """Text that may come from a device: redacted, without control characters, on one line.

    What it is indented by stays, so that it stands below what it belongs to.
    """
    told = redactor()(text)
    if "\n" not in told:
        return told
    indent = " " * (len(told) - len(told.lstrip(" ")))
    return indent + " ".join(told.split())


@cache
def console() -> Console:
    """Standard output."""
    return _console(stderr=False)


@cache
def aside() -> Console:
    """Standard error: progress and notes, so that output can be piped."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    class Screen(Console):
        """Goes on in silence when its reader has left: a command still exits with its own code."""

        def on_broken_pipe(self) -> None:
            self.quiet = True
            _nobody_reads()

    return Screen(stderr=stderr, highlight=False, soft_wrap=False, emoji=False, markup=False)


def _nobody_reads() -> None:
    """Standard output leads nowhere from now on: whoever read it (head, less) has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def encodable() -> None:
    """Have signs that a screen or a file of another encoding lacks replaced, not end the command.

    Windows gives a file or a pipe such an encoding, as old locales do.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not _in_utf8(stream):
            stream.reconfigure(errors="replace")


def _in_utf8(stream: TextIO) -> bool:
    return stream.encoding.lower().replace("_", "-") in {"utf-8", "utf8"}


def say(text: str, style: str = "") -> None:
    """One line on standard output."""
    console().print(printable(text), style=style or None, soft_wrap=True)


def note(text: str, style: str = "") -> None:
    """One line on standard error."""
    aside().print(printable(text), style=style or None, soft_wrap=True)


def show_json(data: Any) -> None:  # noqa: ANN401 - whatever a record dumps to
    """A versioned JSON document on standard output, sorted, readable, whole in any encoding."""
    ascii_only = not _in_utf8(sys.stdout)
    try:
        text = json.dumps(data, ensure_ascii=ascii_only, indent=2, sort_keys=True)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _nobody_reads()


def show_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    styled: int = -1,
    whole: int = 0,
) -> None:
    """A table; column ``styled`` holds a word of ``STYLES`` followed by ``\\t`` and its label.

    The first ``whole`` columns are never folded: names that people copy.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    if title:  # apart from the table: a title is never folded to the width of narrow columns
        say(title, style="bold")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    rows = list(rows)
    lines = [[printable(cell.partition("\t")[2] or cell) for cell in row] for row in rows]
    names = [max(map(len, column)) + _GAP for column in zip(heads, *lines, strict=False)]
    # On a screen too narrow for them names are folded all the same: cut off, they are none.
    fit = sum(names[:whole]) + _NARROWEST * (len(heads) - whole) <= console().width
    for place, head in enumerate(heads):
        table.add_column(head, overflow="fold", no_wrap=fit and place < whole)
    for row in rows:
        cells = []
        for index, cell in enumerate(row):
            word, tab, label = cell.partition("\t")
            if index == styled and tab:
                cells.append(Text(printable(label), style=STYLES.get(word, "")))
            else:
                cells.append(Text(printable(cell)))
        table.add_row(*cells)
    console().print(table)


def progress(total: int, label: str) -> tuple[Callable[[str], None], Callable[[], None]]:
    """``(device done, finished)``: a bar with done, total, ETA on a terminal, lines elsewhere."""
    out = aside()
    if not out.is_terminal:
        count = 0

        def line(device: str) -> None:
            nonlocal count
            count += 1
            note(f"{label} {count}/{total} {device}")

        return line, lambda: None
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining(),
        TextColumn("{task.fields[device]}"), console=out, transient=True,
    )  # fmt: skip
    task = bar.add_task(label, total=total, device="")
    bar.start()

    def step(device: str) -> None:
        bar.update(task, advance=1, device=printable(device))

    return step, bar.stop


def confirm(question: str, *, otherwise: str) -> bool:
    """Ask on the terminal; without one the answer is no, and ``otherwise`` says how to say yes."""
    if not sys.stdin.isatty():
        note(question)
        note(_("No terminal to ask on.") + " " + otherwise)
        return False
    yes = _("y")
    aside().print(printable(f"{question} [{yes}/N] "), end="")
    return sys.stdin.readline().strip().lower() in {yes, "y", "yes"}
