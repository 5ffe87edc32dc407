"""What comes again is made once, and never told for something else."""

from __future__ import annotations

from kit.documents_io.repeated import Repeated


def test_same_thing_is_made_once() -> None:
    made: list[object] = []
    once = Repeated[tuple[int, ...], int](lambda one: made.append(one) or len(made))
    thing = (1, 2)
    assert [once(thing), once(thing)] == [1, 1]


def test_what_was_forgotten_is_never_taken_for_another() -> None:
    """Things that are gone leave their identity to others: ten thousand short-lived ones."""
    once = Repeated[tuple[int, ...], tuple[int, ...]](lambda one: one, 7)
    assert all(once((number, number)) == (number, number) for number in range(10_000))


def test_no_more_is_kept_than_said() -> None:
    once = Repeated[tuple[int, ...], int](len, 7)
    for number in range(100):
        once((number,))
    assert len(once._kept) + len(once._before) <= 14
