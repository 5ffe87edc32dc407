"""Findings that say the same of many devices: what is made of one serves for all of them.

On a large site most findings differ from others by their device and moment alone. Formats make the
rest once. Which findings are alike is told by the identity of their parts, which the store shares
between equals.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Final, TypeVar

from kit.documents_io.repeated import Repeated
from kit.model.finding import Finding

T = TypeVar("T")
# Everything a finding holds besides its subject and the moment it was observed.
_PARTS: Final = tuple(sorted(Finding.model_fields.keys() - {"subject", "observed_at"}))
_parts: Final = itemgetter(*_PARTS)


class Alike(Repeated[Finding, T]):
    """Makes something of findings, once for all that differ by subject and moment alone.

    What it makes may look at neither of the two. One language each: what is made is kept as it is.
    """

    def __call__(self, finding: Finding) -> T:
        """What is made of the finding."""
        parts = _parts(finding.__dict__)
        key = tuple(map(id, parts))
        known = self._kept.get(key)
        return known[1] if known is not None else self.keep(key, parts, finding)
