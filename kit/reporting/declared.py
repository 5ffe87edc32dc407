"""What people and editors answer for: second factors by pseudonym, clients, declarations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from kit.model.client import DeclaredSubject
from kit.model.device import PostRole
from kit.model.finding import Finding
from kit.model.record import Record
from kit.model.rule import Texts
from kit.model.verdict import ReasonCode, Verdict
from kit.reporting.results import counts_of


class DeclarationState(StrEnum):
    """Whether a declaration can be relied on, on the local day of the report."""

    DECLARED = "declared"
    EXPIRED = "expired"
    NOT_DECLARED = "not_declared"


class PersonSheet(Record):
    """One person by pseudonym; ``observed_at``: when a post told of a use."""

    id: str
    verdict: Verdict
    reason: ReasonCode | None
    observed_at: datetime | None


class SecondFactorSheet(Record):
    """The second factor of the people of the site. One that was never seen in use is no pass."""

    persons: int
    counts: dict[Verdict, int]
    people: tuple[PersonSheet, ...]


class DeclarationSheet(Record):
    """What is said of one subject, by whom, until when; unset where nothing is said."""

    subject: DeclaredSubject
    state: DeclarationState
    value: str | None = None
    by: str | None = None
    on: date | None = None
    until: date | None = None
    source: str | None = None


class ClientSheet(Record):
    """One client pack the site has chosen; what its posts show stands in the findings."""

    pack: str
    title: Texts
    post_roles: tuple[PostRole, ...]
    declarations: tuple[DeclarationSheet, ...]


def second_factor_sheet(findings: Iterable[Finding]) -> SecondFactorSheet:
    """The sheet of the findings about people, sorted by pseudonym."""
    found = sorted(findings, key=lambda one: one.subject.id)
    return SecondFactorSheet(
        persons=len(found),
        counts=counts_of(found),
        people=tuple(
            PersonSheet(
                id=one.subject.id,
                verdict=one.verdict,
                reason=one.reasons[0].code if one.reasons else None,
                observed_at=one.observed_at,
            )
            for one in found
        ),
    )
