"""A change as a script: hand-written shell, in front of it the data it reads, quoted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

from kit.data_folders import data_folder
from kit.engines.base import ChangeState
from kit.engines.failures import Failure, FailureCode
from kit.model.secret import SecretReference

SHARED: Final = frozenset({"prelude", "watchdog", "watchdog_restore"})
"""Scripts both engines run, kept where Ansible looks for them."""

_VARIABLE: Final = re.compile(r"KIT_[A-Z_]{1,30}")


class Unsayable(ValueError):
    """Data that no shell variable can hold (a NUL, an unpaired surrogate); the text names it."""


@dataclass(frozen=True)
class Order:
    """What a device is told: the scripts to run, in this order, and the data they read.

    ``secrets`` are no data of the script: each is one line on its descriptor 9, in this order.
    ``payload``: the SHA-256 of a file that stands there instead, or ``""``.
    """

    scripts: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[SecretReference, ...] = ()
    payload: str = ""


MAIN: Final = "main </dev/null"
MAIN_WITH_SECRETS: Final = "main 9<&0 </dev/null"


@dataclass(frozen=True)
class Reply:
    """What a script said at its end."""

    state: ChangeState
    failure: Failure | None = None
    message: str = ""


@cache
def script(name: str) -> str:
    """The text of one of the package's shell scripts, or of those it shares with the role."""
    if name in SHARED:
        path = data_folder("roles") / "kit_artefacts" / "files" / f"{name}.sh"
        return path.read_text("utf-8")
    return (files("kit.engines.pyinfra") / "scripts" / f"{name}.sh").read_text("utf-8")


def compose(order: Order) -> bytes:
    """One POSIX shell script. Everything that is not hand-written is a quoted assignment.

    The last line calls ``main``, so that a script cut on its way does nothing. Raises
    ``Unsayable``.
    """
    lines = ["#!/bin/sh"]
    for name, value in sorted(order.variables.items()):
        if not _VARIABLE.fullmatch(name):
            raise Unsayable(name)
        if "\0" in value:
            raise Unsayable(name)
        lines.append(f"{name}={shlex.quote(value)}")
    main = MAIN_WITH_SECRETS if order.secrets or order.payload else MAIN
    text = "\n".join([*lines, *(script(name) for name in order.scripts), main, ""])
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unsayable(error.reason) from error


def handed_over(order: Order, secrets: Mapping[str, str]) -> bytes:
    """The standard input of the order's script: its secrets, a line each.

    ``secrets`` are by the key of their reference. Raises ``Unsayable``, naming no value.
    """
    lines = []
    for reference in order.secrets:
        value = secrets.get(reference.key)
        if value is None or "\n" in value or "\0" in value:
            raise Unsayable(str(reference))
        lines.append(f"{value}\n")
    try:
        return "".join(lines).encode("utf-8")
    except UnicodeEncodeError:
        raise Unsayable(", ".join(map(str, order.secrets))) from None


def understand(status: int, stdout: bytes, stderr: bytes, seconds: int) -> Reply:
    """Read the last line of a script's answer: state, failure code, subject, detail, by tabs.

    Anything else is a failure; nothing is taken for a success that did not say so itself.
    """
    if status in {124, 137}:  # timeout(1): it was ended; 137: it had to be killed
        return Reply(ChangeState.FAILED, Failure(code=FailureCode.TIME_LIMIT, subject=str(seconds)))
    text = stdout.decode("utf-8", "replace")
    fields = text.removesuffix("\n").rpartition("\n")[2].split("\t")
    if status == 0 and text.endswith("\n") and len(fields) == 4:
        state, code, subject, detail = fields
        if state in {ChangeState.DONE, ChangeState.UNCHANGED} and not code:
            return Reply(ChangeState(state), message=detail)
        if state == ChangeState.FAILED and code in set(FailureCode):
            failure = Failure(code=FailureCode(code), subject=subject, detail=detail)
            return Reply(ChangeState.FAILED, failure)
    said = stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return Reply(ChangeState.FAILED, Failure(code=FailureCode.UNEXPECTED, detail=said))
