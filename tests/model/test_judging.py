"""Law 2 at its root: what is not known is never a pass, whatever the quantifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kit.model.artefact import Artefact, SysctlArtefact
from kit.model.facts import Facts
from kit.model.meta import Meta, Phase
from kit.model.observation import (
    Absent,
    Instances,
    Observation,
    Observed,
    Unread,
    Unreadable,
)
from kit.model.operators import FACT_OPERATORS, Operator, holds
from kit.model.platform import Platform
from kit.model.read import Form, Raw, Read, Script
from kit.model.setting import Quantifier, ReadClass, ScalarSetting, Setting
from kit.model.target import ArtefactKind, Target
from kit.model.verdict import Verdict, worst


class Shown(Read):
    """A document with one key, for these tests."""

    id = "shown"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        return Script(form, "true")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        return {line: Observed("there") for line in raw.text.splitlines() if line in keys}


class Plain(ScalarSetting):
    """One value shown by one read."""

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (Shown,)}
    type: Literal["plain"] = "plain"

    def slot(self) -> str:
        return "plain:x"

    def keys(self, read: ReadClass) -> frozenset[str]:
        return frozenset({"x"})

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        return (Target(ArtefactKind.SYSCTL, "kernel.x", "shown"),)

    def meta(self, facts: Facts) -> Meta:
        return Meta(phase=Phase.KERNEL)

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        return SysctlArtefact(name=target.id, value="1")


def judge(setting: Setting, seen: Observation) -> Verdict:
    return setting.judge({"shown": {"x": seen}}, Platform.LINUX).verdict


SCALARS = st.one_of(st.booleans(), st.integers(-5, 5), st.sampled_from(["", "a", "yes"]))
KNOWN = st.one_of(st.just(Absent()), st.builds(Observed, SCALARS))
UNKNOWN = st.builds(Unreadable, st.sampled_from(list(Unread)))
EQUALITY = {Operator.EQUALS, Operator.EQUAL_OR_ABSENT, Operator.EXACTLY}
OPERATORS = st.sampled_from([op for op in Operator if op not in EQUALITY])


@given(UNKNOWN, OPERATORS, SCALARS)
def test_unreadable_is_error_under_every_operator(
    seen: Unreadable, op: Operator, value: bool | int | str
) -> None:
    assert judge(Plain(op=op, value=value), seen) is Verdict.ERROR


def test_key_never_collected_is_error() -> None:
    assert Plain(value=1).judge({}, Platform.LINUX).verdict is Verdict.ERROR


def test_platform_without_read_proves_nothing() -> None:
    assert Plain(value=1).judge({}, Platform.WINDOWS).verdict is Verdict.NOT_CHECKED


@given(
    st.dictionaries(st.sampled_from("abcd"), st.one_of(KNOWN, UNKNOWN), min_size=1),
    st.booleans(),
    st.sampled_from(list(Quantifier)),
)
def test_unknown_instance_or_incomplete_list_is_never_pass(
    items: dict[str, Observation], complete: bool, quantifier: Quantifier
) -> None:
    verdict = judge(Plain(value=1, quantifier=quantifier), Instances(complete, items))
    hidden = not complete or any(isinstance(item, Unreadable) for item in items.values())
    good = sum(
        item == Observed(1)
        for item in items.values()
        if isinstance(item, Observed) and type(item.value) is int
    )
    assert (verdict is Verdict.PASS) <= (not hidden)
    if not hidden:
        wanted = {
            Quantifier.ALL: good == len(items),
            Quantifier.ANY: good >= 1,
            Quantifier.NONE: good == 0,
            Quantifier.EXACTLY_ONE: good == 1,
        }[quantifier]
        assert verdict is (Verdict.PASS if wanted else Verdict.FAIL)


@pytest.mark.parametrize(
    ("quantifier", "complete", "if_none", "verdict"),
    [
        ("none", True, "error", Verdict.PASS),
        ("none", False, "error", Verdict.ERROR),
        ("all", True, "error", Verdict.ERROR),
        ("all", True, "not_applicable", Verdict.NOT_APPLICABLE),
        ("all", False, "not_applicable", Verdict.ERROR),
        ("any", True, "error", Verdict.ERROR),
        ("exactly_one", True, "error", Verdict.ERROR),
    ],
)
def test_no_instance(quantifier: str, complete: bool, if_none: str, verdict: Verdict) -> None:
    setting = Plain(value=1, quantifier=Quantifier(quantifier), if_none=if_none)  # type: ignore[arg-type]
    assert judge(setting, Instances(complete, {})) is verdict


def test_two_matching_instances_break_exactly_one_even_beside_an_unreadable_one() -> None:
    items = {"a": Observed(1), "b": Observed(1), "c": Unreadable(Unread.DENIED)}
    setting = Plain(value=1, quantifier=Quantifier.EXACTLY_ONE)
    assert judge(setting, Instances(True, items)) is Verdict.FAIL


def test_enforced_value_that_fails_its_own_check_does_not_load() -> None:
    with pytest.raises(ValidationError, match="plain:x"):
        Plain(op=Operator.AT_LEAST, value=5, enforce=4)


def test_worst_of_nothing_is_not_checked() -> None:
    assert worst([]) is Verdict.NOT_CHECKED
    assert worst([Verdict.PASS, Verdict.NOT_APPLICABLE]) is Verdict.PASS
    assert worst([Verdict.PASS, Verdict.ERROR]) is Verdict.ERROR
    assert worst([Verdict.ERROR, Verdict.FAIL]) is Verdict.FAIL


@pytest.mark.parametrize(
    ("op", "value", "expected", "held"),
    [
        (Operator.EQUALS, 1, True, False),
        (Operator.EQUALS, "1", 1, False),
        (Operator.NOT_EQUALS, "2", 1, False),
        (Operator.NOT_EQUALS, 2, 1, True),
        (Operator.NOT_IN, "a", (1, 2), False),
        (Operator.AT_LEAST, "9", 1, False),
        (Operator.AT_LEAST, True, 1, False),
        (Operator.BETWEEN, 5, (1, 5), True),
        (Operator.BETWEEN, 5, (1,), False),
        (Operator.ONE_OF, 1, (True, 2), False),
        (Operator.SUBSET_OF, ("a",), ("a", "b"), True),
        (Operator.SUBSET_OF, "a", ("a", "b"), False),
        (Operator.SUPERSET_OF, (1,), (True,), False),
        (Operator.EXACTLY, ("b", "a"), ("a", "b"), True),
        (Operator.EMPTY, 0, True, False),
        (Operator.EMPTY, (), True, True),
        (Operator.NOT_EMPTY, 3, True, False),
        (Operator.MODE_WITHIN, "0640", "0644", True),
        (Operator.MODE_WITHIN, "4640", "0644", False),
        (Operator.MODE_WITHIN, "", "0644", False),
        (Operator.MODE_WITHIN, "0x1", "0644", False),
        (Operator.MASK_INCLUDES, "0077", "0027", True),
        (Operator.MASK_INCLUDES, "0022", "0027", False),
        (Operator.SUPPORTED_ON, "2028-06-30", "2028-06-30", True),
        (Operator.SUPPORTED_ON, "2028-06-30", "2028-07-01", False),
        (Operator.SUPPORTED_ON, "soon", "2028-07-01", False),
        (Operator.CONTAINS, ("a", "b"), "b", True),
        (Operator.CONTAINS, "abc", "b", True),
        (Operator.CONTAINS, 3, "3", False),
        (Operator.CONTAINS_NONE, ("a",), ("b",), True),
        (Operator.CONTAINS_NONE, "a", ("b",), False),
        (Operator.ABSENT, 1, True, False),
    ],
)
def test_operators_are_type_strict(
    op: Operator, value: object, expected: object, held: bool
) -> None:
    assert holds(op, Observed(value), expected) is held  # type: ignore[arg-type]


def test_absence_holds_only_where_it_is_meant_to() -> None:
    held = {op for op in Operator if holds(op, Absent(), 1)}
    assert held == {Operator.ABSENT, Operator.EQUAL_OR_ABSENT, Operator.NOT_EQUALS_OR_ABSENT}


def test_every_operator_of_the_reference_facts_is_mapped() -> None:
    # The operators section of the reference facts' README, in its order.
    named = """
        eq ne ge le in between between_ms eq_or_absent present absent contains contains_all
        subset subset_of superset only only_from not_eq empty not_empty blocked disabled
        disabled_or_absent enabled_active exactly_one_active running not_disabled state mode_max
        umask_at_least shell_in none_complain uint32_between disabled_or_laps
        supported_at_check_date
    """.split()  # noqa: SIM905 - a list as long is unreadable
    assert set(named) == set(FACT_OPERATORS)


KEYS = frozenset({"x", "y"})


@given(
    st.binary(max_size=30),
    st.one_of(st.none(), st.integers(0, 255)),
    st.booleans(),
    st.booleans(),
)
def test_parse_is_total_and_refuses_what_is_not_whole(
    stdout: bytes, status: int | None, ended: bool, truncated: bool
) -> None:
    raw = Raw(Form.POSIX, stdout, b"", status, ended, truncated)
    found = Shown().parse(raw, KEYS)
    assert set(found) == KEYS
    if status != 0 or not ended or truncated:
        assert all(isinstance(one, Unreadable) for one in found.values())


def test_key_left_out_of_a_complete_answer_is_unreadable() -> None:
    found = Shown().parse(Raw(Form.POSIX, b"x\n", b"", 0, ended=True), KEYS)
    assert found == {"x": Observed("there"), "y": Unreadable(Unread.NOT_ANSWERED)}
