"""The reason behind a verdict in a sentence, what to do about it, and observations in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from string import Formatter
from typing import Final, TypeVar

from kit.checking.labels import label
from kit.checking.vocabulary import subject_shown, symbols_shown, transport_shown
from kit.i18n import N_, _, current_language
from kit.model.device import DeviceClass
from kit.model.facts import Fact
from kit.model.meta import Fix, Path
from kit.model.observation import Unread
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.rule import Severity
from kit.model.setting import Quantifier
from kit.model.snapshot import Outcome
from kit.model.verdict import Pending, Reason, ReasonCode, Verdict

_Member = TypeVar("_Member", bound=StrEnum)

# {subject} is the key, fact or parameter; {why} and {detail} are what was said of it.
_SENTENCES: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.DIFFERS: N_("“{subject}” is “{detail}”, which is not what is expected."),
    ReasonCode.ABSENT: N_("“{subject}” is not set."),
    ReasonCode.INSTANCE_MISSING: N_("“{subject}” is missing."),
    ReasonCode.NO_INSTANCE: N_("“{subject}” does not exist on this device."),
    ReasonCode.INSTANCES_INCOMPLETE: N_("Not everything under “{subject}” could be listed."),
    ReasonCode.UNREADABLE: N_("“{subject}” could not be read: {why}."),
    ReasonCode.FACT_UNREADABLE: N_("This fact could not be read: {fact} ({why})."),
    ReasonCode.NO_VARIANT: N_("The rule has nothing to set on this system."),
    ReasonCode.NOTHING_ASKED: N_("The site’s documents ask for nothing here: {subject}."),
    ReasonCode.OTHER_MANAGER: N_("Something else manages this value on the device: {subject}."),
    ReasonCode.CAPABILITY_MISSING: N_("The device lacks what the rule needs: {subject}."),
    ReasonCode.NOT_REACHED: N_("The device was not reached: {outcome}."),
    ReasonCode.NEVER_SEEN: N_("The device has never been read."),
    ReasonCode.TOO_OLD: N_(
        "The reading is of {day} and more than {detail} days old: it no longer shows how the device"
        " is."
    ),
    ReasonCode.DATED_AHEAD: N_("The reading is dated {day}, which is after the check."),
    ReasonCode.REFUSED: N_("The device answered but could not be read: {outcome}."),
    ReasonCode.SITE_VALUE_MISSING: N_("The site does not give this value: {subject}."),
    ReasonCode.CLASS_NOT_COVERED: N_("This version cannot read equipment of this class: {class}."),
    ReasonCode.MANAGED_BY_OTHER: N_("The device is administered by a third party: {subject}."),
    ReasonCode.AWAITING_EVIDENCE: N_("The settings were handed over; nothing newer proves them."),
    ReasonCode.PROFILE_CONTRADICTED: N_("What was read is not what was announced: {fact}."),
    ReasonCode.RULE_DISABLED: N_("The site has disabled this rule."),
    ReasonCode.WATCHDOG_NEEDED: N_(
        "This change may cut the way in ({ways}), and no watchdog could bring back what was there."
    ),
    ReasonCode.WATCHDOG_ARMED: N_(
        "A watchdog is armed: unless its run confirms in time, the former state comes back."
    ),
    ReasonCode.PUT_BACK: N_("The watchdog has put the former state back: {detail}."),
    ReasonCode.WOULD_CUT_WAY_IN: N_("This change would cut the last proven way in: {subject}."),
    ReasonCode.BLOCKED_BY: N_("This change waits for another that is not made: {subject}."),
    ReasonCode.RULE_FIRST: N_("This change needs a rule that is not applied yet: {subject}."),
    ReasonCode.NOT_TAKEN: N_(
        "The device was started anew since, and it did not take effect: {subject}."
    ),
    ReasonCode.CONTROLLER_SHUT_OUT: N_(
        "This firewall would shut this controller out: {subject} is in no management source."
    ),
    ReasonCode.NEVER_USED: N_("It was issued, and no post has seen it used yet: {subject}."),
    ReasonCode.NOT_REVOKED: N_("The person left on {end}, and it was not revoked: {subject}."),
    ReasonCode.NOT_DECLARED: N_("Nobody has declared it."),
    ReasonCode.DECLARATION_WITHDRAWN: N_("The declaration was withdrawn: {subject}."),
    ReasonCode.DECLARATION_EXPIRED: N_("The declaration could be relied on until {end} only."),
    ReasonCode.DECLARED_NOT_SO: N_("It was declared not to be so: “{detail}”."),
    ReasonCode.DECLARED_NOT_CONCERNED: N_("It was declared to be of no concern here: “{detail}”."),
    ReasonCode.CONTRADICTED: N_("It was measured otherwise ({subject}): {detail}."),
    ReasonCode.LEFT_OVER: N_("“{subject}” still sets what no rule asks for any more: {detail}."),
    ReasonCode.PLAN_OUTDATED: N_("The device is no longer as the plan found it: {subject}."),
    ReasonCode.MOVED: N_("“{subject}” was changed since that run."),
    ReasonCode.IRREVERSIBLE: N_("“{subject}” cannot go back before the device is restarted."),
    ReasonCode.PRIOR_UNKNOWN: N_("What “{subject}” was before is not known any more."),
    ReasonCode.PRIOR_GONE: N_("What “{subject}” was before is kept nowhere: it cannot go back."),
    ReasonCode.CODES_REUSABLE: N_(
        "The former second factor counts its codes; back in place, one that was used could be used"
        " again: {subject}."
    ),
}
UNREAD_CODES: Final = frozenset({ReasonCode.UNREADABLE, ReasonCode.FACT_UNREADABLE})
"""Codes whose detail begins with an ``Unread`` code."""
_DIFFERS_SILENTLY: Final = N_("“{subject}” is what it must not be.")

_ACTIONS: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.DIFFERS: N_("Set the expected value."),
    ReasonCode.ABSENT: N_("Set the expected value."),
    ReasonCode.INSTANCE_MISSING: N_("Create what is missing, then check again."),
    ReasonCode.NO_INSTANCE: N_("Check whether it should exist; if so, install it."),
    ReasonCode.INSTANCES_INCOMPLETE: N_("Check again; if it lasts, look at the device."),
    ReasonCode.UNREADABLE: N_("Mend what prevents the read, then check again."),
    ReasonCode.FACT_UNREADABLE: N_("Mend what prevents the read, then check again."),
    ReasonCode.NO_VARIANT: N_("Nothing."),
    ReasonCode.NOTHING_ASKED: N_("Nothing."),
    ReasonCode.NEVER_USED: N_("Have a session opened with the code, then check again."),
    ReasonCode.NOT_REVOKED: N_("Run: esms-kit enrol revoke, then apply --only enrol."),
    ReasonCode.OTHER_MANAGER: N_("Set the value where it is managed, or stop managing it there."),
    ReasonCode.CAPABILITY_MISSING: N_("Replace the equipment, or have a waiver approved."),
    ReasonCode.NOT_REACHED: N_("Switch the device on, check its network and address."),
    ReasonCode.NEVER_SEEN: N_("Put the device into service, then check it."),
    ReasonCode.TOO_OLD: N_("Read the device again."),
    ReasonCode.DATED_AHEAD: N_("Set the clock of the controller that read it; read it again."),
    ReasonCode.REFUSED: N_("Correct the management account on the device, then check again."),
    ReasonCode.SITE_VALUE_MISSING: N_("Give the value in the site file."),
    ReasonCode.CLASS_NOT_COVERED: N_("Check this equipment by hand and keep a record of it."),
    ReasonCode.MANAGED_BY_OTHER: N_("Ask the third party for evidence of its settings."),
    ReasonCode.AWAITING_EVIDENCE: N_("Bring evidence newer than the settings handed over."),
    ReasonCode.PROFILE_CONTRADICTED: N_(
        "Compare the device with its delivery note and hardware profile."
    ),
    ReasonCode.RULE_DISABLED: N_("Review the reason for disabling it."),
    ReasonCode.WATCHDOG_NEEDED: N_("Make this change by hand, at the device."),
    ReasonCode.WATCHDOG_ARMED: N_("Wait until it is disarmed or has put things back; check again."),
    ReasonCode.PUT_BACK: N_("Correct what shut the administrators out, then apply again."),
    ReasonCode.WOULD_CUT_WAY_IN: N_("Correct the rule, its parameter or the site file."),
    ReasonCode.BLOCKED_BY: N_("Settle the other change first."),
    ReasonCode.RULE_FIRST: N_("Apply that rule first, or name both with --rule."),
    ReasonCode.NOT_TAKEN: N_("Look on the device for what sets another value when it starts."),
    ReasonCode.CONTROLLER_SHUT_OUT: N_("Add this address to management.sources of the site file."),
    ReasonCode.NOT_DECLARED: N_("Look, then declare it: esms-kit declare add."),
    ReasonCode.DECLARATION_WITHDRAWN: N_("Look again, then declare it: esms-kit declare add."),
    ReasonCode.DECLARATION_EXPIRED: N_("Look again, then declare it: esms-kit declare add."),
    ReasonCode.DECLARED_NOT_SO: N_("Put it right, then declare it: esms-kit declare add."),
    ReasonCode.DECLARED_NOT_CONCERNED: N_("Nothing."),
    ReasonCode.CONTRADICTED: N_("Mend what was measured; the declaration cannot stand against it."),
    ReasonCode.LEFT_OVER: N_("Take these lines out of the file, or restore the rule."),
    ReasonCode.PLAN_OUTDATED: N_("Make the plan again."),
    ReasonCode.MOVED: N_("Decide by hand which value is to stand."),
    ReasonCode.IRREVERSIBLE: N_("Undo the rest, then restart the device."),
    ReasonCode.PRIOR_UNKNOWN: N_("Set the old value by hand; the journal shows what is known."),
    ReasonCode.PRIOR_GONE: N_("Bring back by hand what is to be there again."),
    ReasonCode.CODES_REUSABLE: N_("Issue the person a new second factor."),
}
_OUTCOME_ACTIONS: Final[Mapping[Outcome, str]] = {
    Outcome.NOT_REACHED: N_("Switch the device on, check its network and address."),
    Outcome.KEY_CHANGED: N_("Find out why the key changed before trusting the device again."),
    Outcome.NOT_TRUSTED: N_("Compare the host key at the device, then pin it."),
    Outcome.LOGIN_REFUSED: N_("Put the management account and its key back on the device."),
    Outcome.SUDO_REFUSED: N_(
        "Give the management account its administrator rights back, or its connection the "
        "password sudo asks for."
    ),
    Outcome.TIMEOUT: N_("Check the load and the network of the device, then check again."),
    Outcome.TOO_LARGE: N_("Look at the device: such an answer is not normal."),
    Outcome.BROKEN: N_("Look at the device: such an answer is not normal."),
    Outcome.NOT_ATTEMPTED: N_("Give the device an address in the site’s inventory."),
}

_UNTRIED_ACTIONS: Final[Mapping[str, str]] = {
    "no account is named": N_("Name the account under “management” in the site file."),
    "secret ": N_("Provide the secret that its connection names: esms-kit secrets set."),
    "jump host": N_("Correct the jump host in the connection of the device."),
}
"""By what the collector said of a device it did not try."""
_UNREAD_ACTIONS: Final[Mapping[Unread, str]] = {
    Unread.TRUNCATED: N_("Check again; if it lasts, look at the device."),
    Unread.TIMEOUT: N_("Check the load and the network of the device, then check again."),
    Unread.MISSING_BINARY: N_("Install the program, or let “apply” do it; then check again."),
    Unread.DENIED: N_("Give the management account its administrator rights back."),
    Unread.NOT_COLLECTED: N_("Read the device again: the reading at hand does not hold it."),
}

_EXPECTATIONS: Final[Mapping[Operator, str]] = {
    Operator.EQUALS: "{value}",
    Operator.NOT_EQUALS: N_("other than {value}"),
    Operator.AT_LEAST: N_("at least {value}"),
    Operator.AT_MOST: N_("at most {value}"),
    Operator.BETWEEN: N_("between {low} and {high}"),
    Operator.ONE_OF: N_("one of: {value}"),
    Operator.NOT_IN: N_("none of: {value}"),
    Operator.CONTAINS: N_("contains {value}"),
    Operator.CONTAINS_ALL: N_("contains all of: {value}"),
    Operator.CONTAINS_NONE: N_("contains none of: {value}"),
    Operator.SUBSET_OF: N_("nothing but: {value}"),
    Operator.SUPERSET_OF: N_("contains all of: {value}"),
    Operator.EXACTLY: N_("exactly: {value}"),
    Operator.EMPTY: N_("empty"),
    Operator.NOT_EMPTY: N_("not empty"),
    Operator.PRESENT: N_("present"),
    Operator.ABSENT: N_("absent"),
    Operator.EQUAL_OR_ABSENT: N_("{value}, or absent"),
    Operator.NOT_EQUALS_OR_ABSENT: N_("other than {value}, or absent"),
    Operator.MODE_WITHIN: N_("permissions {value} or stricter"),
    Operator.MASK_INCLUDES: N_("mask {value} or stricter"),
    Operator.SUPPORTED_ON: N_("supported on {value}"),
}
_QUANTIFIERS: Final[Mapping[Quantifier, str]] = {
    Quantifier.ALL: "{expected}",
    Quantifier.ANY: N_("{expected}, at least once"),
    Quantifier.NONE: N_("never: {expected}"),
    Quantifier.EXACTLY_ONE: N_("{expected}, exactly once"),
}

# An observation that is no value, as ``judging.show_observation`` writes it: alone, or as one of
# the instances ``name: <code>; name: value``.
_PLACEHOLDER: Final = re.compile(r"(?:(?<=: )|\A)<([a-z_]+)>(?=; |\Z)")


def verdict_label(verdict: Verdict) -> str:
    """What a verdict is called, in the current language."""
    return label(verdict)


def severity_label(severity: Severity) -> str:
    """What a severity is called, in the current language."""
    return label(severity)


def fix_label(fix: Fix) -> str:
    """Who can mend a failure, in the current language."""
    return label(fix)


def pending_label(pending: Pending) -> str:
    """What a value that is configured right waits for, in the current language."""
    return label(pending)


def outcome_label(outcome: Outcome) -> str:
    """What became of a collection, in the current language."""
    return label(outcome)


@cache
def _members(kind: type[_Member]) -> Mapping[str, _Member]:
    return {one.value: one for one in kind}


def _member(kind: type[_Member], text: str) -> _Member | None:
    return _members(kind).get(text)


def unread_code(reason: Reason) -> Unread | None:
    """Why something could not be read, from a reason that says so; ``None`` if it does not."""
    return _member(Unread, reason.detail.partition(": ")[0])


def _unread(detail: str) -> str:
    """``denied: what was said`` as words; what is no code of ours is left as it is."""
    code, _colon, said = detail.partition(": ")
    known = _member(Unread, code)
    if known is None:
        return detail or _("no reason was given")
    return f"{label(known)} ({said})" if said else label(known)


def _outcome(reason: Reason) -> str:
    known = _member(Outcome, reason.subject)
    told = label(known) if known is not None else reason.subject or _("no reason was given")
    return f"{told} ({transport_shown(reason.detail)})" if reason.detail else told


def _fact(reason: Reason) -> str:
    known = _member(Fact, reason.subject)
    return label(known) if known is not None else reason.subject


def _ways(reason: Reason) -> str:
    names = [_member(Path, name) for name in reason.subject.split(", ")]
    return ", ".join(label(name) for name in names if name is not None) or reason.subject


def _day(text: str) -> str:
    """An ISO day as the language writes it; what is none is left as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day:%d/%m/%Y}" if current_language() == "fr" else day.isoformat()


def _class(reason: Reason) -> str:
    known = _member(DeviceClass, reason.subject)
    said = label(known) if known is not None else reason.subject
    system = _member(Platform, reason.detail)
    return f"{said} ({label(system)})" if system is not None else said


def explain(reason: Reason) -> str:
    """The reason as one sentence in the current language; every code has one.

    What the device said stands in it as it came: whoever shows it makes it safe.
    """
    sentence = _SENTENCES[reason.code]
    if reason.code is ReasonCode.DIFFERS and not reason.detail:
        sentence = _DIFFERS_SILENTLY
    translated = _(sentence)
    return translated.format(**{name: _WORDS[name](reason) for name in _names(translated)})


@cache
def _names(sentence: str) -> tuple[str, ...]:
    """What is filled into a sentence."""
    return tuple(name for _text, name, *_rest in Formatter().parse(sentence) if name)


_WORDS: Final[Mapping[str, Callable[[Reason], str]]] = {
    "subject": lambda reason: subject_shown(reason.subject),
    "detail": lambda reason: symbols_shown(reason.detail),
    "why": lambda reason: _unread(reason.detail),
    "outcome": _outcome,
    "fact": _fact,
    "class": _class,
    "ways": _ways,
    "day": lambda reason: _day(reason.subject),
    "end": lambda reason: _day(reason.detail),
}


def what_to_do(reason: Reason) -> str:
    """The next step in one sentence in the current language; every code has one."""
    if reason.code in {ReasonCode.NOT_REACHED, ReasonCode.REFUSED}:
        outcome = _member(Outcome, reason.subject)
        if outcome is Outcome.NOT_ATTEMPTED:
            for said, action in _UNTRIED_ACTIONS.items():
                if said in reason.detail:
                    return _(action)
        if outcome is not None and outcome in _OUTCOME_ACTIONS:
            return _(_OUTCOME_ACTIONS[outcome])
    if reason.code in UNREAD_CODES:
        unread = unread_code(reason)
        if unread is not None and unread in _UNREAD_ACTIONS:
            return _(_UNREAD_ACTIONS[unread])
    return _(_ACTIONS[reason.code])


def show_expected(operator: str, expected: str, quantifier: str = Quantifier.ALL.value) -> str:
    """What a finding expected, in words: ``at least 2``; ``expected`` as the finding holds it."""
    known = _member(Operator, operator)
    if known is None:
        shown = f"{operator} {expected}".strip()
    else:
        low, _comma, high = expected.partition(", ")
        value = symbols_shown(expected) or _("(empty)")
        shown = _(_EXPECTATIONS[known]).format(value=value, low=low, high=high)
    told = _member(Quantifier, quantifier) or Quantifier.ALL
    return _(_QUANTIFIERS[told]).format(expected=shown)


def show_observed(observed: str) -> str:
    """What a finding observed, its ``<codes>`` in words; values stay as the device gave them."""

    def words(found: re.Match[str]) -> str:
        code = found.group(1)
        unread = _member(Unread, code)
        if unread is not None:
            return _("[not read: {why}]").format(why=label(unread))
        return {"absent": _("[absent]"), "none": _("[none]")}.get(code, found.group(0))

    return _PLACEHOLDER.sub(words, symbols_shown(observed)) if observed else _("[empty]")
