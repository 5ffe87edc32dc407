"""Cases of reads, resource types and rules: YAML files beside the tests that run them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.documents_io.yaml import read_yaml
from kit.model.facts import Fact, Facts
from kit.model.observation import (
    Absent,
    Instances,
    Observation,
    Observations,
    Observed,
    Unread,
    Unreadable,
)

TESTS = Path(__file__).parent
# A plain Debian workstation, unless a case says otherwise.
USUAL_FACTS: Mapping[str, Any] = {
    "os": "debian12",
    "os_family": "debian",
    "architecture": "x86_64",
    "init": "systemd",
    "desktop": True,
    "container": False,
    "chromium": False,
    "chrome": False,
    "firefox": False,
    "memory_mib": 8192,
}


@dataclass(frozen=True)
class Case:
    """One file; ``subject`` is its folder: the id of a read or the type of a setting."""

    subject: str
    name: str
    data: Mapping[str, Any]

    def __str__(self) -> str:
        """The id pytest shows."""
        return f"{self.subject}/{self.name}"


def cases(kind: str) -> Iterator[Case]:
    """Every case of ``tests/<kind>/<subject>/*.yaml``."""
    for path in sorted((TESTS / kind).glob("*/*.yaml")):
        data = read_yaml(path, str(path.relative_to(TESTS))).data
        if not isinstance(data, dict):
            raise TypeError(f"{path}: a block is expected")
        yield Case(path.parent.name, path.stem, data)


def observation(data: Any) -> Observation:
    """``{observed: v} | absent | {unreadable: reason, detail: text} | {instances: {...}}``."""
    if data == "absent":
        return Absent()
    if isinstance(data, dict) and set(data) == {"observed"}:
        value = data["observed"]
        return Observed(tuple(value) if isinstance(value, list) else value)
    if isinstance(data, dict) and "unreadable" in data:
        return Unreadable(Unread(data["unreadable"]), data.get("detail", ""))
    if isinstance(data, dict) and set(data) == {"instances"}:
        items = data["instances"].get("items") or {}
        return Instances(
            data["instances"]["complete"], {name: observation(one) for name, one in items.items()}
        )
    raise ValueError(f"not an observation: {data!r}")


def observations(data: Mapping[str, Any]) -> dict[str, Observation]:
    """Key -> observation."""
    return {key: observation(value) for key, value in data.items()}


def seen(data: Mapping[str, Any]) -> dict[str, Observations]:
    """Read id -> key -> observation."""
    return {read: observations(keys) for read, keys in data.items()}


def facts(data: Mapping[str, Any] | None = None) -> Facts:
    """The usual facts with those of a case; a fact given as ``null`` is proven absent."""
    values = {**USUAL_FACTS, **(data or {})}
    return Facts(
        {
            Fact(name): Absent() if value is None else Observed(value)
            for name, value in values.items()
        }
    )


def agrees(found: Observation, wanted: Observation) -> bool:
    """Equal, where an expected ``Unreadable`` without detail stands for any detail."""
    if isinstance(found, Unreadable) and isinstance(wanted, Unreadable) and not wanted.detail:
        return found.reason is wanted.reason
    if isinstance(found, Instances) and isinstance(wanted, Instances):
        return (
            found.complete == wanted.complete
            and found.items.keys() == wanted.items.keys()
            and all(agrees(found.items[name], wanted.items[name]) for name in wanted.items)
        )
    return _same(found, wanted)


def _same(found: Observation, wanted: Observation) -> bool:
    """Equal, and ``1``, ``True`` and ``"1"`` told apart."""
    if isinstance(found, Observed) and isinstance(wanted, Observed):
        return repr(found.value) == repr(wanted.value)
    return found == wanted


def difference(
    found: Mapping[str, Observation], wanted: Mapping[str, Observation]
) -> dict[str, tuple[Observation | None, Observation | None]]:
    """Key -> (found, wanted) where they do not agree; empty when all do."""
    return {
        key: (found.get(key), wanted.get(key))
        for key in sorted(found.keys() | wanted.keys())
        if key not in found or key not in wanted or not agrees(found[key], wanted[key])
    }
