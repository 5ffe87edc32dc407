"""Names and values of kernel parameters, as sysctl.d(5) and the kernel write them."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"[a-z0-9_]+(?:\.[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*)+\Z")
_EVERY: Final = re.compile(r"(net\.ipv[46]\.conf)\.\*\.([a-z0-9_]+)\Z")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z")

NOT_INTERFACES: Final = frozenset({"all", "default"})
"""What stands beside the interfaces: the kernel gives no interface one of these names."""


def path_of(name: str) -> str:
    """Where ``name`` stands below ``/proc/sys``, by sysctl.d(5).

    When the first separator is a dot, dots and slashes change places (``net.ipv4.conf.eth0/1.rp``
    is ``net/ipv4/conf/eth0.1/rp``); when it is a slash, nothing changes.
    """
    first = re.search(r"[./]", name)
    if first is not None and first.group() == ".":
        name = name.translate(str.maketrans("./", "/."))
    return re.sub(r"/+", "/", name).strip("/")


def checked_path(name: str) -> str:
    """``path_of`` a name in dotted form; raises ``ValueError`` for anything else."""
    if not _NAME.match(name):
        raise ValueError(f"not the name of a kernel parameter: {name[:80]!r}")
    return path_of(name)


def every_interface(name: str) -> tuple[str, str] | None:
    """Folder and parameter of a name that stands for every interface there is.

    ``net.ipv4.conf.*.rp_filter`` gives ``("net/ipv4/conf", "rp_filter")``; ``None`` for any other
    name. ``all`` and ``default`` are no interfaces.
    """
    found = _EVERY.match(name)
    return (path_of(found[1]), found[2]) if found else None


def dotted(interface: str) -> str:
    """The name of an interface as it stands in a dotted name: ``eth0.1`` is ``eth0/1``."""
    return interface.translate(str.maketrans("./", "/."))


def shown(interface: str) -> str:
    """A name without what would steer a terminal; two names never look alike.

    The kernel takes any bytes but blanks, slashes and colons for the name of an interface.
    """
    return "".join(
        char if char.isprintable() and char != "\\" else f"\\x{ord(char):02x}" for char in interface
    )


def value_of(text: str) -> int | str:
    """A whole decimal number as ``int``, anything else as text with single blanks.

    Numbers in hexadecimal or with leading zeros stay text: not every parameter reads them alike.
    """
    words = " ".join(text.split())
    return int(words) if _NUMBER.match(words) else words
