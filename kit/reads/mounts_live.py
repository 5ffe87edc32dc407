"""How file systems are mounted now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kit.model.read import Read
from kit.reads.mount_table import MountTable


class MountsLive(MountTable, Read):
    """``/proc/self/mounts``. Key: ``options PATH``.

    Observed: the options, sorted; ``Absent`` when nothing is mounted there.
    """

    id: ClassVar[str] = "mounts_live"
    _file: ClassVar[str] = "/proc/self/mounts"
    _all: ClassVar[str] = "some"
    _fields: ClassVar[Mapping[str, str]] = {"options": "4"}
