"""Every error a user can meet, as one tree.

An error says what went wrong, where, and what to do next. The command line turns each class into
an exit code (design §6); nothing else in the kit calls ``sys.exit``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, order=True)
class Position:
    """A place in a document the user wrote: file, then 1-based line and column (0 = unknown)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """``file``, ``file:line`` or ``file:line:column``, whichever is known."""
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


class KitError(Exception):
    """Base of all errors shown to a user.

    ``message`` says what, ``where`` the file position or the device, ``remedy`` what to do next.
    All three are already translated.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, remedy: str, where: str = "") -> None:
        """Keep the three parts apart so that the terminal and JSON can lay them out."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.where = where

    def __str__(self) -> str:
        """One line: where, what, what next."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head} {self.remedy}".rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        """Go whole from one process to another: every class has arguments of its own."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[KitError], args: tuple[object, ...], parts: dict[str, object]) -> KitError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(parts)
    return error


class UsageError(KitError):
    """The command was asked for something it cannot do as asked (exit 2)."""

    exit_code = 2


class WorkspaceError(UsageError):
    """No workspace, or the site or device named is not in it (exit 2)."""


class InvalidInput(KitError):
    """A document the user gave is wrong (exit 3)."""

    exit_code = 3


@dataclass(frozen=True)
class Problem:
    """One thing wrong in an input document, with its position, cause and remedy (translated)."""

    position: Position
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """``file:line: message remedy``."""
        return f"{self.position}: {self.message} {self.remedy}".rstrip()


class InvalidDocuments(InvalidInput):
    """Everything wrong in one or more documents, all at once (exit 3)."""

    def __init__(self, message: str, problems: Iterable[Problem], *, remedy: str) -> None:
        """Sort the problems by position, drop exact duplicates."""
        super().__init__(message, remedy=remedy)
        self.problems: tuple[Problem, ...] = tuple(
            sorted(set(problems), key=lambda p: (p.position, p.message))
        )

    def __str__(self) -> str:
        """The message, then a line for each problem, then the remedy."""
        lines = [self.message, *(f"  {problem}" for problem in self.problems), self.remedy]
        return "\n".join(line for line in lines if line.strip())


class DeviceError(KitError):
    """One device could not be reached, read or judged (exit 4)."""

    exit_code = 4


class EngineError(KitError):
    """An engine could not carry out a plan (exit 5)."""

    exit_code = 5
