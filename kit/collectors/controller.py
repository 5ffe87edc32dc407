"""The machine that collects: its clock, its randomness, its keys, its secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from kit.model.secret import SecretReference
from kit.redaction import Redactor


@dataclass(frozen=True)
class Controller:
    """What a collection takes from around it; passed in, so that tests are exact.

    ``clock`` gives UTC, ``nonces`` 32 fresh hexadecimal digits each time. A relative identity file
    is relative to ``workspace``. ``agent`` is the socket of an SSH agent, empty when there is none.
    Everything kept or shown goes through ``redactor``.
    """

    clock: Callable[[], datetime]
    nonces: Callable[[], str]
    secrets: Callable[[SecretReference], SecretStr]
    redactor: Redactor
    workspace: Path
    home: Path
    agent: str = ""
