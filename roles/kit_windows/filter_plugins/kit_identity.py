"""What a Windows host said of itself, taken apart. Pure; the answer is trusted for nothing."""

from __future__ import annotations

import re
from typing import Any

_ANSWER = re.compile(
    r"esms-kit-identity 1\nname=(?P<name>[A-Za-z0-9-]{1,63})\n"
    r"administrator=(?P<administrator>True|False)\nend=1\n?"
)


def kit_identity(said: str) -> dict[str, Any]:
    """Its name, and whether the account administers it; empty when it is no whole answer."""
    found = _ANSWER.fullmatch(said.replace("\r\n", "\n"))
    if found is None:
        return {}
    return {"name": found["name"], "administrator": found["administrator"] == "True"}


class FilterModule:
    """For Ansible."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {"kit_identity": kit_identity}
