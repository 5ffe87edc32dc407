"""What is made of things that come again and again, kept for a while by what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")
MOST_KEPT: Final = 15_000
"""Unless said otherwise: some 30 MB of long texts. Our own choice."""


class Repeated(Generic[S, T]):
    """Makes something of immutable things once for each, told apart by their identity.

    Equal things that are not the same are made again, and nothing is lost.
    """

    def __init__(self, make: Callable[[S], T], most: int | None = None) -> None:
        """Nothing was made yet; ``most``: things kept at least, twice as many at most."""
        self._make = make
        self._most = most or MOST_KEPT
        # What an identity stands for is kept beside it, so that nothing can take its place.
        self._kept: dict[object, tuple[object, T]] = {}
        self._before: dict[object, tuple[object, T]] = {}

    def __call__(self, thing: S) -> T:
        """What ``make`` makes of the thing."""
        key = id(thing)
        known = self._kept.get(key)
        return known[1] if known is not None else self.keep(key, thing, thing)

    def keep(self, key: object, held: object, thing: S) -> T:
        """The same under another key, which holds good as long as ``held`` is there."""
        known = self._before.get(key) or (held, self._make(thing))
        if len(self._kept) >= self._most:
            self._before, self._kept = self._kept, {}
        self._kept[key] = known
        return known[1]
