"""Reads that exist only in these tests, and a controller with a fixed clock."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from kit.collectors.controller import Controller
from kit.errors import UsageError
from kit.model.observation import Observation
from kit.model.read import Form, Raw, Read, Script
from kit.model.secret import SecretReference
from kit.redaction import Redactor
from tests.collectors.sshd import AT

KEYS = frozenset({"key"})


class MadeUp(Read):
    """A read whose fragment is given."""

    def __init__(self, name: str, fragment: str, seconds: int = 20) -> None:
        self.id = name  # type: ignore[misc]
        self.time_limit = seconds  # type: ignore[misc]
        self.fragment = fragment

    def command(self, keys: frozenset[str], form: Form) -> Script:
        return Script(form, self.fragment)

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        return {}


def reads(**fragments: str) -> dict[Read, frozenset[str]]:
    return {MadeUp(name, fragment): KEYS for name, fragment in fragments.items()}


READS = reads(facts="echo linux; id -un", clock="echo tick >&2; exit 3")


def nonce(number: int = 0) -> str:
    return f"{number:032x}"


def controller(
    folder: Path, secrets: Mapping[str, str] | None = None, agent: str = ""
) -> Controller:
    numbers = itertools.count()
    known = secrets or {}

    def resolve(reference: SecretReference) -> SecretStr:
        value = known.get(reference.env or "")
        if value is None:
            raise UsageError("no such secret", remedy="set it")
        return SecretStr(value)

    return Controller(
        clock=lambda: AT,
        nonces=lambda: nonce(next(numbers)),
        secrets=resolve,
        redactor=Redactor(),
        workspace=folder,
        home=folder / "home",
        agent=agent,
    )
