"""The closed list of comparisons between what is and what should be. Type-strict and total.

``holds`` never raises on a value of the wrong type: it answers ``False``. The names cover every
operator of the reference facts; ``FACT_OPERATORS`` says which one stands for which.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from kit.model.observation import Absent, Observed, ObservedValue, Scalar

Expected = ObservedValue


class Operator(StrEnum):
    """How an observation is compared with the expected value."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    ONE_OF = "one_of"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    CONTAINS_ALL = "contains_all"
    CONTAINS_NONE = "contains_none"
    SUBSET_OF = "subset_of"
    SUPERSET_OF = "superset_of"
    EXACTLY = "exactly"
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"
    PRESENT = "present"
    ABSENT = "absent"
    EQUAL_OR_ABSENT = "equal_or_absent"
    NOT_EQUALS_OR_ABSENT = "not_equals_or_absent"
    MODE_WITHIN = "mode_within"
    MASK_INCLUDES = "mask_includes"
    SUPPORTED_ON = "supported_on"


FACT_OPERATORS: Final[Mapping[str, Operator]] = {
    "eq": Operator.EQUALS,
    "ne": Operator.NOT_EQUALS,
    "ge": Operator.AT_LEAST,
    "le": Operator.AT_MOST,
    "in": Operator.ONE_OF,
    "between": Operator.BETWEEN,
    "between_ms": Operator.BETWEEN,
    "uint32_between": Operator.BETWEEN,
    "eq_or_absent": Operator.EQUAL_OR_ABSENT,
    "present": Operator.PRESENT,
    "absent": Operator.ABSENT,
    "contains": Operator.CONTAINS,
    "contains_all": Operator.CONTAINS_ALL,
    "subset": Operator.SUBSET_OF,
    "subset_of": Operator.SUBSET_OF,
    "superset": Operator.SUPERSET_OF,
    "only": Operator.EXACTLY,
    "only_from": Operator.SUBSET_OF,
    "not_eq": Operator.NOT_EQUALS_OR_ABSENT,
    "empty": Operator.EMPTY,
    "not_empty": Operator.NOT_EMPTY,
    "blocked": Operator.EXACTLY,
    "disabled": Operator.ONE_OF,
    "disabled_or_absent": Operator.ONE_OF,
    "enabled_active": Operator.EXACTLY,
    "exactly_one_active": Operator.EQUALS,
    "running": Operator.EQUALS,
    "not_disabled": Operator.NOT_EQUALS,
    "state": Operator.EQUALS,
    "mode_max": Operator.MODE_WITHIN,
    "umask_at_least": Operator.MASK_INCLUDES,
    "shell_in": Operator.ONE_OF,
    "none_complain": Operator.EMPTY,
    "disabled_or_laps": Operator.ONE_OF,
    "supported_at_check_date": Operator.SUPPORTED_ON,
}


def _scalar_equal(left: Scalar, right: Scalar) -> bool:
    return type(left) is type(right) and left == right


def _equal(value: ObservedValue, expected: Expected) -> bool:
    if isinstance(value, tuple) and isinstance(expected, tuple):
        return len(value) == len(expected) and all(map(_scalar_equal, value, expected))
    if isinstance(value, tuple) or isinstance(expected, tuple):
        return False
    return _scalar_equal(value, expected)


def _differs(value: ObservedValue, expected: Expected) -> bool:
    """Another value of the same type; a value of another type is not judged to differ."""
    return type(value) is type(expected) and not _equal(value, expected)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _items(value: Expected | ObservedValue) -> frozenset[tuple[type, Scalar]] | None:
    """The members of a set with their types, so that ``1`` and ``True`` stay different."""
    if not isinstance(value, tuple):
        return None
    return frozenset((type(item), item) for item in value)


def _at_least(value: ObservedValue, expected: Expected) -> bool:
    left, right = _number(value), _number(expected)
    return left is not None and right is not None and left >= right


def _at_most(value: ObservedValue, expected: Expected) -> bool:
    left, right = _number(value), _number(expected)
    return left is not None and right is not None and left <= right


def _between(value: ObservedValue, expected: Expected) -> bool:
    if not isinstance(expected, tuple) or len(expected) != 2:
        return False
    return _at_least(value, expected[0]) and _at_most(value, expected[1])


def _one_of(value: ObservedValue, expected: Expected) -> bool:
    if isinstance(value, tuple) or not isinstance(expected, tuple):
        return False
    return any(_scalar_equal(value, item) for item in expected)


def _not_in(value: ObservedValue, expected: Expected) -> bool:
    if isinstance(value, tuple) or not isinstance(expected, tuple):
        return False
    if not any(type(value) is type(item) for item in expected):
        return False
    return not any(_scalar_equal(value, item) for item in expected)


def _contains(value: ObservedValue, expected: Expected) -> bool:
    if isinstance(expected, tuple):
        return False
    if isinstance(value, tuple):
        return any(_scalar_equal(item, expected) for item in value)
    return isinstance(value, str) and isinstance(expected, str) and expected in value


def _of_sets(
    compare: Callable[[frozenset[tuple[type, Scalar]], frozenset[tuple[type, Scalar]]], bool],
) -> Callable[[ObservedValue, Expected], bool]:
    def check(value: ObservedValue, expected: Expected) -> bool:
        left, right = _items(value), _items(expected)
        return left is not None and right is not None and compare(left, right)

    return check


def _octal(value: object) -> int | None:
    """A file mode or umask written in octal digits (``"0640"``); ``None`` for anything else."""
    if isinstance(value, str) and value and all(char in "01234567" for char in value):
        return int(value, 8)
    return None


def _mode_within(value: ObservedValue, expected: Expected) -> bool:
    left, right = _octal(value), _octal(expected)
    return left is not None and right is not None and left & ~right == 0


def _mask_includes(value: ObservedValue, expected: Expected) -> bool:
    left, right = _octal(value), _octal(expected)
    return left is not None and right is not None and left & right == right


def _supported_on(value: ObservedValue, expected: Expected) -> bool:
    """``value``: last day of support; ``expected``: the day of the check (both YYYY-MM-DD)."""
    if not isinstance(value, str) or not isinstance(expected, str):
        return False
    try:
        end = datetime.date.fromisoformat(value)
        return datetime.date.fromisoformat(expected) <= end
    except ValueError:
        return False


def _is_empty(value: ObservedValue, _expected: Expected) -> bool:
    return isinstance(value, tuple | str) and len(value) == 0


_CHECKS: Final[Mapping[Operator, Callable[[ObservedValue, Expected], bool]]] = {
    Operator.EQUALS: _equal,
    Operator.EQUAL_OR_ABSENT: _equal,
    Operator.NOT_EQUALS: _differs,
    Operator.NOT_EQUALS_OR_ABSENT: _differs,
    Operator.AT_LEAST: _at_least,
    Operator.AT_MOST: _at_most,
    Operator.BETWEEN: _between,
    Operator.ONE_OF: _one_of,
    Operator.NOT_IN: _not_in,
    Operator.CONTAINS: _contains,
    Operator.CONTAINS_ALL: _of_sets(lambda value, expected: value >= expected),
    Operator.CONTAINS_NONE: _of_sets(lambda value, expected: not value & expected),
    Operator.SUPERSET_OF: _of_sets(lambda value, expected: value >= expected),
    Operator.SUBSET_OF: _of_sets(lambda value, expected: value <= expected),
    Operator.EXACTLY: _of_sets(lambda value, expected: value == expected),
    Operator.EMPTY: _is_empty,
    Operator.NOT_EMPTY: lambda value, _: isinstance(value, tuple | str) and len(value) > 0,
    Operator.PRESENT: lambda _value, _expected: True,
    Operator.ABSENT: lambda _value, _expected: False,
    Operator.MODE_WITHIN: _mode_within,
    Operator.MASK_INCLUDES: _mask_includes,
    Operator.SUPPORTED_ON: _supported_on,
}

ABSENCE_HOLDS: Final = frozenset(
    {Operator.ABSENT, Operator.EQUAL_OR_ABSENT, Operator.NOT_EQUALS_OR_ABSENT}
)


def holds(operator: Operator, observation: Observed | Absent, expected: Expected) -> bool:
    """Whether a known observation meets the expectation."""
    if isinstance(observation, Absent):
        return operator in ABSENCE_HOLDS
    return _CHECKS[operator](observation.value, expected)
