"""Long files made piece by piece, so that a large site never stands in memory as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

from kit.i18n import Language, language

T = TypeVar("T")
_AT_ONCE: Final = 50
_PIECE: Final = 1 << 18
"""Characters of a piece worth writing, at least."""


def in_language(lang: Language, parts: Iterable[T]) -> Iterator[T]:
    """The parts, each made in a language, whatever language whoever consumes them uses."""
    making = iter(parts)
    while True:
        with language(lang):
            some = list(islice(making, _AT_ONCE))
        if not some:
            return
        yield from some


def encoded(parts: Iterable[str]) -> Iterator[bytes]:
    """Texts as UTF-8 in pieces worth writing."""
    some: list[str] = []
    size = 0
    for one in parts:
        some.append(one)
        size += len(one)
        if size >= _PIECE:
            yield "".join(some).encode()
            some.clear()
            size = 0
    yield "".join(some).encode()
