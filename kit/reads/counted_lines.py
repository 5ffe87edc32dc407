"""The answer form of reads that print lines of several kinds: ``end N`` after N lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

END: Final = "cat all\necho \"end $(grep -c '' all)\"\n"
"""The end of a POSIX fragment that has put its whole answer into the file ``all``."""


def counted(text: str) -> Iterator[str]:
    """The lines of an answer that ends with ``end N``; raises ``ValueError`` when some are lost."""
    *lines, end = text.removesuffix("\n").split("\n")
    if end != f"end {len(lines)}":
        raise ValueError("the answer has no end, or not all of its lines")
    return iter(lines)
