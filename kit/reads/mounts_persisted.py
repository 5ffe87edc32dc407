"""How /etc/fstab has file systems mounted at the next start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kit.model.read import Read
from kit.reads.mount_table import MountTable


class MountsPersisted(MountTable, Read):
    """``/etc/fstab``. Keys: ``options PATH``, ``source PATH`` (what is mounted there).

    As ``MountsLive``; unreadable when several lines are about the path. ``by-hand:`` goes before
    the source of a line whose words are not one blank apart: it is none the kit has written.
    """

    id: ClassVar[str] = "mounts_persisted"
    _file: ClassVar[str] = "/etc/fstab"
    _all: ClassVar[str] = "any"
    _fields: ClassVar[Mapping[str, str]] = {"options": "4", "source": "1"}
