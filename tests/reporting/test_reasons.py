"""Every code of the model has words, and what a device said cannot change them."""

from __future__ import annotations

from enum import StrEnum

import pytest

from kit.catalogue.loading import shipped_catalogue
from kit.checking.judging import show_observation
from kit.checking.labels import THEMES, label, labelled_lists, theme_label
from kit.checking.reasons import explain, show_expected, show_observed, what_to_do
from kit.i18n import language
from kit.model.observation import Absent, Instances, Observed, Unread, Unreadable
from kit.model.operators import Operator
from kit.model.setting import Quantifier
from kit.model.snapshot import Outcome
from kit.model.verdict import Reason, ReasonCode

HOSTILE = "{0} {subject} {why.__class__} <b>"


@pytest.fixture(autouse=True)
def english():
    with language("en"):
        yield


@pytest.mark.parametrize("code", ReasonCode)
def test_every_reason_is_explained_and_has_a_next_step(code: ReasonCode) -> None:
    told = explain(Reason(code=code, subject="thing", detail="seen"))
    assert told.endswith(".")
    assert "{" not in told
    assert what_to_do(Reason(code=code)).endswith(".")


@pytest.mark.parametrize("code", ReasonCode)
def test_what_a_device_said_is_no_format_string(code: ReasonCode) -> None:
    told = explain(Reason(code=code, subject=HOSTILE, detail=HOSTILE))
    shown = {
        ReasonCode.NEVER_SEEN, ReasonCode.NO_VARIANT, ReasonCode.AWAITING_EVIDENCE,
        ReasonCode.RULE_DISABLED, ReasonCode.WATCHDOG_ARMED, ReasonCode.NOT_DECLARED,
    }  # fmt: skip
    assert (HOSTILE in told) is (code not in shown)


@pytest.mark.parametrize("kind", labelled_lists())
def test_every_member_of_a_list_has_a_label_of_its_own(kind: type[StrEnum]) -> None:
    labels = [label(member) for member in kind]
    assert all(labels)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.DONE])
def test_an_outcome_tells_what_to_do_with_the_device(outcome: Outcome) -> None:
    reason = Reason(code=ReasonCode.REFUSED, subject=outcome.value)
    assert label(outcome) in explain(reason)
    general = what_to_do(Reason(code=ReasonCode.REFUSED))
    assert what_to_do(reason) != general


@pytest.mark.parametrize("why", Unread)
def test_unreadable_is_told_with_its_cause(why: Unread) -> None:
    assert show_observed(show_observation(Unreadable(why))) == f"[not read: {label(why)}]"
    reason = Reason(code=ReasonCode.UNREADABLE, subject="key", detail=f"{why}: it said: no")
    assert f"{label(why)} (it said: no)" in explain(reason)


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize("quantifier", Quantifier)
def test_every_expectation_has_words(operator: Operator, quantifier: Quantifier) -> None:
    told = show_expected(operator.value, "1, 5", quantifier.value)
    assert told
    assert "{" not in told


def test_expectations_read_like_a_sentence() -> None:
    assert show_expected("at_least", "2") == "at least 2"
    assert show_expected("between", "1, 5") == "between 1 and 5"
    assert show_expected("equals", "") == "(empty)"
    assert show_expected("equals", "0", "none") == "never: 0"
    assert show_expected("new_operator", "0") == "new_operator 0"


def test_what_is_no_value_is_told_in_words() -> None:
    seen = Instances(
        complete=True,
        items={"root": Observed("yes"), "nobody": Absent(), "op": Unreadable(Unread.DENIED)},
    )
    assert show_observed(show_observation(seen)) == (
        "nobody: [absent]; op: [not read: the rights were not sufficient]; root: yes"
    )
    assert show_observed(show_observation(Instances(complete=True))) == "[none]"
    assert show_observed("") == "[empty]"
    assert show_observed("<script>") == "<script>"


def test_a_theme_that_is_not_listed_is_shown_by_its_name() -> None:
    assert theme_label("ssh") == "Remote administration (SSH)"
    assert theme_label("smart_cards") == "Smart cards"


def test_every_shipped_theme_has_a_label() -> None:
    catalogue = shipped_catalogue()
    themes = {one.theme for one in (*catalogue.rules.values(), *catalogue.standing.values())}
    assert themes - set(THEMES) == set()


@pytest.mark.parametrize("why", Unread)
def test_what_to_do_follows_the_cause(why: Unread) -> None:
    told = what_to_do(Reason(code=ReasonCode.UNREADABLE, subject="key", detail=f"{why}: no"))
    assert told.endswith(".")
    assert what_to_do(Reason(code=ReasonCode.FACT_UNREADABLE, detail=why.value)) == told


@pytest.mark.parametrize(
    ("detail", "remedy"),
    [
        ("pc-01: no address is known", "an address"),
        ("pc-01: no account is named", "under “management”"),
        ("secret sudo/pc-01: the vault holds no secret", "esms-kit secrets set"),
    ],
)
def test_what_was_not_tried_says_what_is_missing(detail: str, remedy: str) -> None:
    why = Reason(code=ReasonCode.NOT_REACHED, subject=Outcome.NOT_ATTEMPTED.value, detail=detail)
    assert remedy in what_to_do(why)
