"""How things look on a terminal: tables, marks, colours; plain where there is no terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from kit.cli.session import redactor
from kit.i18n import _

if TYPE_CHECKING:
    from rich.console import Console

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
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False, emoji=False, markup=False)


@cache
def aside() -> Console:
    """Standard error: progress and notes, so that output can be piped."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False, markup=False)


def say(text: str, style: str = "") -> None:
    """One line on standard output."""
    console().print(printable(text), style=style or None, soft_wrap=True)


def note(text: str, style: str = "") -> None:
    """One line on standard error."""
    aside().print(printable(text), style=style or None, soft_wrap=True)


def show_json(data: Any) -> None:  # noqa: ANN401 - whatever a record dumps to
    """A versioned JSON document on standard output, sorted, readable."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


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
    for place, head in enumerate(heads):
        table.add_column(head, overflow="fold", no_wrap=place < whole)
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
