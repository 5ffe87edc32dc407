"""What modules of this role are given: artefacts, with the secrets that they name in their place.

In the data of a step a secret is ``{"kit_secret": NAME}``; ``kit_secrets`` holds them by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MARK = "kit_secret"

Step = dict[str, Any]


def _names(value: object) -> list[str]:
    """The secrets that plain data asks for."""
    if isinstance(value, Mapping):
        if set(value) == {MARK}:
            return [str(value[MARK])]
        return [name for one in value.values() for name in _names(one)]
    if isinstance(value, list | tuple):
        return [name for one in value for name in _names(one)]
    return []


def _filled(value: object, secrets: Mapping[str, str]) -> Any:  # noqa: ANN401 - as it was given
    if isinstance(value, Mapping):
        if set(value) == {MARK}:
            return secrets[value[MARK]]
        return {key: _filled(one, secrets) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(one, secrets) for one in value]
    return value


def kit_secrets_missing(steps: Sequence[Step], secrets: Mapping[str, str]) -> dict[str, str]:
    """The targets that need a secret nobody gave, and the first such secret of each."""
    found = {}
    for step in steps:
        missing = [name for name in _names(step["artefact"]) if not secrets.get(name)]
        if missing:
            found[step["target"]] = missing[0]
    return found


def kit_artefacts_of(
    steps: Sequence[Step], secrets: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Their artefacts as the modules of this role take them.

    With ``secrets`` they hold them: only where nothing is told of the arguments (``no_log``).
    """
    given = [step["artefact"] for step in steps]
    plain = [{key: value for key, value in one.items() if key != "kind"} for one in given]
    return plain if secrets is None else [_filled(one, secrets) for one in plain]


class FilterModule:
    """The filters, as Ansible takes them."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {name: found for name, found in globals().items() if name.startswith("kit_")}
