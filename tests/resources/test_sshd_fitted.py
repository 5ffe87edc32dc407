"""Writing the whole file of sshd loosens nothing that is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest

from kit.model.observation import Absent, Instances, Observation, Observed, Unread, Unreadable
from kit.model.operators import Operator
from kit.model.target import ArtefactKind, Target
from kit.reads.sshd_files import DROP_IN
from kit.resources.sshd_option import SshdOption

FILE = Target(ArtefactKind.FILE, DROP_IN, "sshd_effective")
TRIES = {"name": "MaxAuthTries", "op": Operator.AT_MOST, "value": 4, "enforce": 4}
GRACE = {"name": "LoginGraceTime", "op": Operator.BETWEEN, "value": (1, 60), "enforce": 60}
MACS = {"name": "MACs", "op": Operator.SUBSET_OF, "value": ("a", "b", "c")}


def option(**data: Any) -> SshdOption:
    return SshdOption(type="sshd_option", **data)


def line(settings: list[SshdOption], items: Mapping[str, Observation]) -> str:
    """The first line that is written for one option."""
    key = settings[0].keyword.key
    seen = {"sshd_effective": {key: Instances(complete=True, items=dict(items))}}
    written = {
        SshdOption.render(FILE, SshdOption.fitted(FILE, list(order), seen)).content
        for order in permutations(settings)
    }
    assert len(written) == 1
    return next(one for one in written.pop().splitlines() if one.startswith(settings[0].name))


@pytest.mark.parametrize(
    ("setting", "shown", "written"),
    [
        (TRIES, [6], "MaxAuthTries 4"),
        (TRIES, [3], "MaxAuthTries 3"),
        (TRIES, [6, 2], "MaxAuthTries 2"),
        (GRACE, [120], "LoginGraceTime 60"),
        (GRACE, [30], "LoginGraceTime 30"),
        (GRACE, [30, 20], "LoginGraceTime 60"),
        (MACS, [("a", "z")], "MACs a,b,c"),
        (MACS, [("b",)], "MACs b"),
        (MACS, [("a", "b"), ("c", "b")], "MACs b"),
        (MACS, [("a",), ("b",)], "MACs a,b,c"),
        ({"name": "PermitRootLogin", "value": "no"}, ["yes"], "PermitRootLogin no"),
        (
            {
                "name": "LogLevel",
                "op": Operator.ONE_OF,
                "value": ("INFO", "VERBOSE"),
                "enforce": "VERBOSE",
            },
            ["INFO"],
            "LogLevel INFO",
        ),
    ],
)
def test_what_is_accepted_stays(setting: dict, shown: list, written: str) -> None:
    items = {f"context {number}": Observed(value) for number, value in enumerate(shown)}
    assert line([option(**setting)], items) == written


def test_what_one_rule_does_not_accept_goes() -> None:
    two = [option(**MACS), option(name="MACs", op=Operator.SUBSET_OF, value=("b", "c"))]
    assert line(two, {"everybody": Observed(("a", "b"))}) == "MACs b,c"
    assert line(two, {"everybody": Observed(("c",))}) == "MACs c"


@pytest.mark.parametrize("item", [Absent(), Unreadable(Unread.FAILED)])
def test_what_is_not_known_changes_nothing(item: Observation) -> None:
    assert line([option(**TRIES)], {"everybody": item}) == "MaxAuthTries 4"
    one = [option(**TRIES)]
    assert SshdOption.fitted(FILE, one, {}) == one


def test_what_is_done_by_hand_stays_so() -> None:
    by_hand = option(name="AllowGroups", op=Operator.NOT_EMPTY)
    seen = {
        "sshd_effective": {
            "allowgroups": Instances(complete=True, items={"everybody": Observed(("adm",))})
        }
    }
    assert SshdOption.fitted(FILE, [by_hand], seen) == [by_hand]


def test_lists_that_must_be_exact_stay_so() -> None:
    exact = option(name="AllowGroups", op=Operator.EXACTLY, value=("a", "b"))
    assert line([exact], {"everybody": Observed(("b", "a"))}) == "AllowGroups a b"
