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
    from rich.console import Console, RenderableType
    from rich.text import Text

STYLES: Final = {
    "pass": "green", "fail": "bold red", "error": "bold magenta",
    "not_checked": "yellow", "not_applicable": "dim",
    "low": "dim", "medium": "yellow", "high": "red", "critical": "bold red",
}  # fmt: skip
"""Colours only ever double a word; none stands alone."""
# Blanks that hold a line together, and the signs that stand for them while lines are broken.
_HOLDING: Final = {0xA0: "\ue000", 0x202F: "\ue001"}
_FREED: Final = {0xE000: "\u00a0", 0xE001: "\u202f"}
_BESIDE: Final = 3  # blanks that go with a column
_USUAL_WORD: Final = 16
"""Letters a column has room for; longer words are folded before a row is shown as lines."""


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

    The first ``whole`` columns are never folded: names that people copy. Where the terminal is too
    narrow for them and the words of the others, each row is shown as a few lines instead.
    """
    from rich.text import Text

    if title:  # apart from the table: a title is never folded to the width of narrow columns
        say(title, style="bold")
    shown = []
    for row in rows:
        cells = []
        for index, cell in enumerate(row):
            word, tab, label = cell.partition("\t")
            if index == styled and tab:
                cells.append(Text(_held(printable(label)), style=STYLES.get(word, "")))
            else:
                cells.append(Text(_held(printable(cell))))
        shown.append(cells)
    least = [_least(head, [row[place].plain for row in shown], whole=place < whole)
             for place, head in enumerate(heads)]  # fmt: skip
    if sum(least) + _BESIDE * len(least) > console().width and whole:
        _show_lines(heads, shown, whole)
    else:
        _show_columns(heads, shown, least, whole)


def _held(text: str) -> str:
    """The text with blanks that no line may be broken at: rich breaks at all of them."""
    return text.translate(_HOLDING)


def _least(head: str, cells: Sequence[str], *, whole: bool) -> int:
    """The least width of a column: whole, or its heading and the usual words."""
    if whole:
        return max(map(len, [head, *cells]))
    words = [min(len(word), _USUAL_WORD) for cell in cells for word in cell.split()]
    return max([*map(len, head.split()), *words], default=1)


def _show_columns(
    heads: Sequence[str], rows: Sequence[Sequence[Text]], least: Sequence[int], whole: int
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, (head, width) in enumerate(zip(heads, least, strict=True)):
        table.add_column(head, overflow="fold", no_wrap=place < whole, min_width=width)
    for row in rows:
        table.add_row(*row)
    _print(table)


def _show_lines(heads: Sequence[str], rows: Sequence[Sequence[Text]], whole: int) -> None:
    """Each row: its names, then what the other columns say, under them."""
    from rich.padding import Padding
    from rich.text import Text

    for row in rows:
        _print(Text("  ").join(cell for cell in row[:whole] if cell.plain))
        told = [
            Text.assemble((_held(f"{head}{_(': ')}"), "dim"), cell)
            for head, cell in zip(heads[whole:], row[whole:], strict=True)
            if cell.plain
        ]
        if told:
            _print(Padding(Text(" · ").join(told), (0, 0, 0, 4)))


def _print(what: RenderableType) -> None:
    out = console()
    with out.capture() as captured:
        out.print(what)
    try:
        out.file.write(captured.get().translate(_FREED))
        out.file.flush()
    except BrokenPipeError:
        out.on_broken_pipe()


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
