"""A value of the running kernel."""

from __future__ import annotations

from typing import Final

from kit.engines.pyinfra.order import Order, Unsayable
from kit.model.artefact import SysctlArtefact

FOLDER: Final = "/proc/sys"


def order(artefact: SysctlArtefact) -> Order:
    """Write it to ``/proc/sys`` and read it back."""
    return Order(
        ("prelude", "sysctl"),
        {
            "KIT_NAME": artefact.name,
            "KIT_FILE": f"{FOLDER}/{place(artefact.name)}",
            "KIT_VALUE": " ".join(artefact.value.split()),
        },
    )


def place(name: str) -> str:
    """The path below ``/proc/sys``: dots separate, and a slash stands for a dot in a name."""
    path = name.translate(str.maketrans("./", "/."))
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise Unsayable(name)
    return path
