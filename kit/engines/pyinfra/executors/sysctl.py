"""A value of the running kernel."""

from __future__ import annotations

from typing import Final

from kit.engines.pyinfra.order import Order, Unsayable
from kit.model.artefact import SysctlArtefact
from kit.reads.sysctl_names import every_interface

FOLDER: Final = "/proc/sys"


def order(artefact: SysctlArtefact) -> Order:
    """Write it to ``/proc/sys`` and read it back; a ``*`` is every interface there is."""
    every = every_interface(artefact.name)
    return Order(
        ("prelude", "sysctl"),
        {
            "KIT_NAME": artefact.name,
            "KIT_FILE": "" if every else f"{FOLDER}/{place(artefact.name)}",
            "KIT_FOLDER": f"{FOLDER}/{every[0]}" if every else "",
            "KIT_PARAMETER": every[1] if every else "",
            "KIT_VALUE": " ".join(artefact.value.split()),
        },
    )


def place(name: str) -> str:
    """The path below ``/proc/sys``: dots separate, and a slash stands for a dot in a name."""
    path = name.translate(str.maketrans("./", "/."))
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise Unsayable(name)
    return path
