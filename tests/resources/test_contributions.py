"""Several settings of one list: what they have together, whatever their order."""

from __future__ import annotations

from itertools import permutations

import pytest

from kit.model.observation import Observed
from kit.model.operators import Operator
from kit.model.setting import Conflict
from kit.resources.contributions import united
from kit.resources.sshd_option import SshdOption

A, B, C = "a", "b", "c"


@pytest.mark.parametrize(
    ("wanted", "together"),
    [
        ([(Operator.CONTAINS, A), (Operator.CONTAINS_ALL, (B, C))], (A, B, C)),
        ([(Operator.SUBSET_OF, (A, B)), (Operator.SUBSET_OF, (B, C))], (B,)),
        ([(Operator.EXACTLY, (A, B)), (Operator.SUBSET_OF, (A, B, C))], (A, B)),
        ([(Operator.SUBSET_OF, (A, B)), (Operator.CONTAINS, A)], (A, B)),
        ([(Operator.EXACTLY, (B, A)), (Operator.EXACTLY, (A, B))], (A, B)),
    ],
)
def test_united(wanted: list, together: tuple) -> None:
    for order in permutations(wanted):
        assert united("slot", order) == together


@pytest.mark.parametrize(
    "wanted",
    [
        [(Operator.SUBSET_OF, (A,)), (Operator.SUBSET_OF, (B,))],
        [(Operator.SUBSET_OF, (A, B)), (Operator.CONTAINS, C)],
        [(Operator.EXACTLY, (A, B)), (Operator.EXACTLY, (A,))],
        [(Operator.EXACTLY, (A, B)), (Operator.SUBSET_OF, (A,))],
        [(Operator.EXACTLY, (A,)), (Operator.CONTAINS, B)],
    ],
)
def test_conflict(wanted: list) -> None:
    for order in permutations(wanted):
        with pytest.raises(Conflict):
            united("slot", order)


def test_numbers_of_two_rules_must_be_the_same() -> None:
    four = SshdOption(
        type="sshd_option", name="MaxAuthTries", op=Operator.AT_MOST, value=4, enforce=4
    )
    three = SshdOption(
        type="sshd_option", name="MaxAuthTries", op=Operator.AT_MOST, value=4, enforce=3
    )
    shown = SshdOption.combined([four, four])
    assert shown["sshd_effective"]["maxauthtries"] == Observed(4)
    with pytest.raises(Conflict):
        SshdOption.combined([four, three])


def test_what_is_done_by_hand_contributes_nothing() -> None:
    by_hand = SshdOption(type="sshd_option", name="AllowGroups", op=Operator.NOT_EMPTY)
    exact = SshdOption(type="sshd_option", name="AllowGroups", op=Operator.EXACTLY, value=("adm",))
    assert SshdOption.combined([by_hand]) == {}
    shown = SshdOption.combined([by_hand, exact])
    assert shown["sshd_effective"]["allowgroups"] == Observed(("adm",))
