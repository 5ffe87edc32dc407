"""What people and editors answer for: second factors by pseudonym, clients, declarations.

None of it is part of the score: what somebody says is shown beside what was measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from kit.model.client import DeclaredSubject
from kit.model.declaration import Answer, DeclarationState, JudgedDeclaration
from kit.model.device import PostRole
from kit.model.finding import Finding, Provenance, Subject
from kit.model.identifiers import RuleId
from kit.model.record import Record
from kit.model.rule import Severity, Texts
from kit.model.shared_service import SharedService
from kit.model.tier import Tier
from kit.model.verdict import Reason, ReasonCode, Verdict
from kit.reporting.cutting import cut_finding
from kit.reporting.results import counts_of


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


class MatterSheet(Record):
    """One matter somebody has to declare, and what is said of it on the day of the report.

    ``client``: the title of the client pack it is about. ``declaration``: its id, unset where the
    site file declares it. ``by`` is a pseudonym or a function. ``age`` and ``days_left`` in days:
    since the day it was said, and 0 on the last day it may be relied on, negative afterwards.
    """

    rule: RuleId
    title: Texts
    why: Texts
    remedy: Texts
    theme: str
    severity: Severity
    tier: Tier
    subject: Subject
    client: Texts | None
    service: SharedService | None
    verdict: Verdict
    state: DeclarationState
    reasons: tuple[Reason, ...]
    provenance: Provenance
    declaration: str | None = None
    answer: Answer | None = None
    statement: str | None = None
    reference: str | None = None
    by: str | None = None
    function: str | None = None
    on: date | None = None
    until: date | None = None
    age: int | None = None
    days_left: int | None = None

    @property
    def said_before(self) -> bool:
        """Whether something was declared, and does not hold: expired, a "no", contradicted."""
        return self.answer is not None and self.verdict in {Verdict.FAIL, Verdict.NOT_CHECKED}


class DeclaredSheet(Record):
    """Everything that is to be declared of the site and its clients; by theme and matter."""

    counts: dict[Verdict, int]
    states: dict[DeclarationState, int]
    matters: tuple[MatterSheet, ...]


def declared_sheet(judged: Iterable[JudgedDeclaration], today: date) -> DeclaredSheet:
    """The sheet of what was judged on a local day."""
    matters = tuple(_matter(one, today) for one in judged)
    states = Counter(one.state for one in matters)
    verdicts = Counter(one.verdict for one in matters)
    return DeclaredSheet(
        counts={one: verdicts[one] for one in Verdict},
        states={one: states[one] for one in DeclarationState},
        matters=matters,
    )


def _matter(one: JudgedDeclaration, today: date) -> MatterSheet:
    rule, said = one.rule, one.said
    finding = cut_finding(one.finding)
    sheet = MatterSheet(
        rule=rule.id, title=rule.title, why=rule.why, remedy=rule.remedy, theme=rule.theme,
        severity=rule.severity, tier=rule.tier, subject=finding.subject, client=one.client,
        service=rule.service, verdict=finding.verdict, state=one.state, reasons=finding.reasons,
        provenance=finding.provenance,
    )  # fmt: skip
    if said is None:
        return sheet
    return sheet.model_copy(
        update={
            "declaration": said.id, "answer": said.answer, "statement": said.statement,
            "reference": said.reference, "by": said.by, "function": said.function, "on": said.on,
            "until": said.until, "age": (today - said.on).days,
            "days_left": (said.until - today).days,
        }
    )  # fmt: skip
