"""What the lab cannot show: ``limits.yaml``, validated, and compared with what happened."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from kit.documents_io.validation import validate
from kit.documents_io.yaml import read_yaml
from tests.lab.recipe import HERE, Record

Target = Literal["namespaces", "qemu"]
TARGETS: tuple[Target, ...] = get_args(Target)


class Limit(Record):
    """One rule that one target cannot show."""

    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    target: Target
    reason: Annotated[str, Field(min_length=15)]


class Limits(Record):
    """The content of ``limits.yaml``."""

    schema_: Literal[1]
    limits: tuple[Limit, ...]

    @model_validator(mode="after")
    def _each_once_and_in_order(self) -> Self:
        keys = [(limit.rule, limit.target) for limit in self.limits]
        if keys != sorted(set(keys)):
            raise ValueError("entries must be sorted by rule, then target, each once.")
        return self


def load_limits(path: Path = HERE / "limits.yaml") -> Limits:
    """The limits; ``InvalidDocuments`` with every mistake and its position."""
    return validate(Limits, read_yaml(path))


def expected(target: Target, limits: Limits | None = None) -> dict[str, str]:
    """``{rule id: reason}`` of the rules that cannot be shown on a target."""
    chosen = load_limits() if limits is None else limits
    return {limit.rule: limit.reason for limit in chosen.limits if limit.target == target}


def differences(
    target: Target,
    *,
    passed: Collection[str],
    failed: Collection[str],
    limits: Limits | None = None,
) -> list[str]:
    """Why a run on a target does not agree with the list; empty when it does.

    ``passed`` and ``failed`` are ids of the rules that the run brought, or did not bring, to
    ``pass``. A listed rule in neither was not tried, and that is a difference, too.
    """
    listed = expected(target, limits)
    found = [
        *(f"{rule}: listed, but it passes on {target}" for rule in listed if rule in passed),
        *(f"{rule}: not listed, but it fails on {target}" for rule in failed if rule not in listed),
        *(
            f"{rule}: listed, but it was not tried on {target}"
            for rule in listed
            if rule not in passed and rule not in failed
        ),
    ]
    return sorted(found)
