"""Several rules that contribute to one list: what they ask for together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kit.model.observation import ObservedValue, Scalar
from kit.model.operators import Operator
from kit.model.setting import Conflict

LIST_OPERATORS: Final = frozenset(
    {
        Operator.ABSENT,
        Operator.CONTAINS,
        Operator.CONTAINS_ALL,
        Operator.CONTAINS_NONE,
        Operator.EMPTY,
        Operator.EXACTLY,
        Operator.NOT_EMPTY,
        Operator.SUBSET_OF,
        Operator.SUPERSET_OF,
    }
)
"""The operators that compare lists as sets; the order of a list of ours never matters."""

_FIXES: Final = frozenset({Operator.EXACTLY})
_BOUNDS: Final = frozenset({Operator.SUBSET_OF, Operator.CONTAINS_NONE})


def as_list(value: ObservedValue) -> tuple[Scalar, ...]:
    """A list as it stands; one value as a list of one."""
    return value if isinstance(value, tuple) else (value,)


def united(slot: str, wanted: Iterable[tuple[Operator, ObservedValue]]) -> tuple[Scalar, ...]:
    """The list that every contribution ``(operator, enforced value)`` is part of, sorted.

    ``contains...`` adds to the list, ``exactly`` and ``subset_of`` are intersected. Raises
    ``Conflict`` when nothing is left, or when something that is asked for is not.
    """
    added: set[Scalar] = set()
    bound: set[Scalar] | None = None
    for op, value in wanted:
        items = set(as_list(value))
        if op in _FIXES:
            added |= items
        if op in _FIXES or op in _BOUNDS:
            bound = items if bound is None else bound & items
        else:
            added |= items
    found = added if bound is None else bound
    if not found or not added <= found:
        raise Conflict(slot)
    return tuple(sorted(found, key=str))
