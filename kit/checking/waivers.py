"""What waivers stand for, and what somebody should know about each of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import combinations
from typing import Final
from zoneinfo import ZoneInfo

from kit.model.catalogue import Catalogue
from kit.model.device import Device, DeviceState
from kit.model.finding import Finding
from kit.model.record import Record
from kit.model.rule import WaiverTerms
from kit.model.verdict import Verdict
from kit.model.waiver import Waiver

# How persons are written where a function is asked for: civil titles, an e-mail address.
_PERSON: Final = re.compile(r"(?:^|[ (,])(?:M|Mr|Mme|Mlle|Ms|Mrs|Dr|Pr)\.? (?=[A-ZÀ-Þ])|@")


class NoticeKind(StrEnum):
    """What is to be said about a waiver."""

    EXPIRED = "expired"
    NOT_STARTED = "not_started"
    ENDING = "ending"  # ``days`` are left, its last day included in none of them
    UNUSED = "unused"  # in force, and nothing it covers fails
    UNKNOWN = "unknown"  # no such rule, control or device
    OVERLAPPING = "overlapping"  # another one covers some of the same on some of the same days
    TOO_LONG = "too_long"
    NO_DEVICE = "no_device"  # its scope holds no device that is still there
    PERSON_NAMED = "person_named"  # where the function of who approved is asked for


class Notice(Record):
    """One thing to say; ``subject`` is the other waiver, the unknown name, or empty."""

    kind: NoticeKind
    subject: str = ""
    days: int = 0


class WaiverStanding(Record):
    """A waiver on one day: its rules, the devices it excuses today, and what to say about it.

    ``failing``: devices of its scope on which one of its rules fails in the last check, whatever
    the day; unset when there was no check of the whole site.
    """

    waiver: Waiver
    rules: tuple[str, ...]
    devices: tuple[str, ...]
    failing: tuple[str, ...] | None
    days_left: int
    notices: tuple[Notice, ...]

    @property
    def in_force(self) -> bool:
        """Whether this day is one of its days."""
        return not {NoticeKind.EXPIRED, NoticeKind.NOT_STARTED} & {one.kind for one in self.notices}


def local_day(at: datetime, timezone: str) -> date:
    """The calendar day of a moment (aware) at a site: days change at its own midnight."""
    return at.astimezone(ZoneInfo(timezone)).date()


def waived_rules(waiver: Waiver, catalogue: Catalogue) -> frozenset[str]:
    """The rules a waiver is about; empty when the catalogue knows none of them."""
    if waiver.rule is not None:
        known = waiver.rule in catalogue.rules or waiver.rule in catalogue.standing
        return frozenset({waiver.rule}) if known else frozenset()
    framework, _slash, number = (waiver.control or "").partition("/")
    found = catalogue.frameworks.get(framework)
    controls = [one for one in found.controls if one.id == number] if found else []
    return frozenset(
        rule
        for control in controls
        for answer in (control.default, *control.platforms.values())
        if answer is not None
        for rule in answer.rules
    )


def longest(waiver: Waiver, catalogue: Catalogue, terms: WaiverTerms) -> int:
    """How many days from start to end the baseline lets a waiver for these rules last."""
    rules = waived_rules(waiver, catalogue)
    return terms.longest(catalogue.texts(rule).severity for rule in rules)


def stand(
    waivers: Sequence[Waiver],
    devices: Sequence[Device],
    catalogue: Catalogue,
    terms: WaiverTerms,
    day: date,
    findings: Mapping[str, Sequence[Finding]] | None,
) -> tuple[WaiverStanding, ...]:
    """Every waiver of a site on a local day, by end, then id.

    ``findings``: those of the last check of the whole site by device, or ``None`` when there was
    none; then no waiver is called unused.
    """
    failing = None if findings is None else _failing(findings)
    known = {one.id for one in devices}
    scopes = {one.id: _scope(one, devices) for one in waivers}
    others = dict(_overlaps(waivers, catalogue, scopes))
    found = []
    for waiver in sorted(waivers, key=lambda one: (one.end, one.id)):
        rules = waived_rules(waiver, catalogue)
        scope = scopes[waiver.id]
        fails = None if failing is None else tuple(
            name for name in scope if rules & failing.get(name, frozenset())
        )  # fmt: skip
        notices = [
            *_dates(waiver, day, terms),
            *_unknown(waiver, rules, known),
            *(Notice(kind=NoticeKind.OVERLAPPING, subject=one) for one in others[waiver.id]),
            *_form(waiver, catalogue, terms, scope),
        ]
        if fails == () and rules and waiver.holds_on(day):
            notices.append(Notice(kind=NoticeKind.UNUSED))
        found.append(
            WaiverStanding(
                waiver=waiver, rules=tuple(sorted(rules)), devices=scope, failing=fails,
                days_left=(waiver.end - day).days, notices=tuple(notices),
            )
        )  # fmt: skip
    return tuple(found)


def _failing(findings: Mapping[str, Sequence[Finding]]) -> dict[str, frozenset[str]]:
    return {
        device: frozenset(one.rule for one in found if one.verdict is Verdict.FAIL)
        for device, found in findings.items()
    }


def _scope(waiver: Waiver, devices: Iterable[Device]) -> tuple[str, ...]:
    """The devices still there that it is about, sorted."""
    return tuple(
        sorted(
            one.id
            for one in devices
            if one.state is not DeviceState.REMOVED and waiver.in_scope(one.id, one.post_role)
        )
    )


def _dates(waiver: Waiver, day: date, terms: WaiverTerms) -> Iterator[Notice]:
    left = (waiver.end - day).days
    if left < 0:
        yield Notice(kind=NoticeKind.EXPIRED, days=-left)
    elif day < waiver.start:
        yield Notice(kind=NoticeKind.NOT_STARTED, days=(waiver.start - day).days)
    elif left <= max(terms.warn_days):
        yield Notice(kind=NoticeKind.ENDING, days=left)


def _unknown(waiver: Waiver, rules: frozenset[str], known: set[str]) -> Iterator[Notice]:
    if not rules:
        yield Notice(kind=NoticeKind.UNKNOWN, subject=waiver.subject)
    for name in waiver.devices:
        if name not in known:
            yield Notice(kind=NoticeKind.UNKNOWN, subject=name)


def _form(
    waiver: Waiver, catalogue: Catalogue, terms: WaiverTerms, scope: Sequence[str]
) -> Iterator[Notice]:
    most = longest(waiver, catalogue, terms)
    if (waiver.end - waiver.start).days > most:
        yield Notice(kind=NoticeKind.TOO_LONG, days=most)
    if not scope:
        yield Notice(kind=NoticeKind.NO_DEVICE)
    if _PERSON.search(waiver.approver):
        yield Notice(kind=NoticeKind.PERSON_NAMED)


def _overlaps(
    waivers: Sequence[Waiver], catalogue: Catalogue, scopes: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each waiver's id with the ids of those that cover some of the same."""
    others: dict[str, set[str]] = {one.id: set() for one in waivers}
    for first, second in combinations(waivers, 2):
        same_days = first.start <= second.end and second.start <= first.end
        if (
            same_days
            and waived_rules(first, catalogue) & waived_rules(second, catalogue)
            and set(scopes[first.id]) & set(scopes[second.id])
        ):
            others[first.id].add(second.id)
            others[second.id].add(first.id)
    for name, found in others.items():
        yield name, tuple(sorted(found))
