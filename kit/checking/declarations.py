"""What is declared of a site on one day: a finding for each matter of the catalogue. Pure.

Only what is heard and has not run out passes, and its provenance says that nobody measured it.
A "no" stays a failure after its last day: time alone mends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

from kit.model.catalogue import Catalogue, DeclaredRule
from kit.model.client import ClientChoice, ClientDeclaration, ClientPack
from kit.model.declaration import (
    Answer,
    Declaration,
    DeclarationsFile,
    DeclarationState,
    JudgedDeclaration,
    Said,
)
from kit.model.finding import Finding, Provenance, Subject, SubjectKind
from kit.model.meta import Fix
from kit.model.rule import Baseline, Texts
from kit.model.site import Site
from kit.model.verdict import Reason, ReasonCode, Verdict

WARN_DAYS: Final = 60
"""From so many days before the last one on, the end is announced. As for waivers."""
MOST_NAMES: Final = 5


def matters(catalogue: Catalogue, baseline: Baseline, site: Site) -> Iterator[DeclaredRule]:
    """The matters the baseline asks to be declared, by theme and id; disabled ones are left out."""
    disabled = {one.rule for one in site.disabled_rules}
    for one in sorted(catalogue.declared.values(), key=lambda one: (one.theme, one.id)):
        use = baseline.tiers.get(one.tier)
        checked = (use is not None and (use.check or use.enforce)) or one.tier in site.enforce
        if checked and one.id not in {*baseline.exclude, *disabled}:
            yield one


def judge_declarations(
    catalogue: Catalogue,
    baseline: Baseline,
    site: Site,
    declared: DeclarationsFile | None,
    measured: Iterable[Finding],
    day: date,
) -> tuple[JudgedDeclaration, ...]:
    """Every matter of a site and of its client packs, on a local day.

    ``measured``: the findings of devices and people that may contradict what is declared.
    """
    today = _Today(day, site.timezone, _failing(measured, catalogue))
    found = []
    for rule in matters(catalogue, baseline, site):
        if rule.about == "site":
            subject = Subject(kind=SubjectKind.SITE, id=site.id)
            found.append(today.judged(rule, subject, heard(declared, rule.id, day)))
            continue
        for choice in sorted(site.clients, key=lambda one: one.pack):
            pack = catalogue.clients.get(choice.pack)
            if pack is not None:
                said = Heard(said_of_client(rule, choice, pack))
                subject = Subject(kind=SubjectKind.CLIENT, id=choice.pack)
                found.append(today.judged(rule, subject, said, pack.title))
    return tuple(found)


@dataclass(frozen=True)
class Heard:
    """What counts of a matter; ``withdrawn``: the id of the last word, where it was taken back."""

    said: Said | None
    withdrawn: str = ""


def heard(declared: DeclarationsFile | None, rule: str, day: date) -> Heard:
    """What counts of a matter on a day.

    The last thing said counts, in the order of days, then of the file. What is dated later than
    today is not heard yet: a clock that went back brings no declaration forward.
    """
    if declared is None:
        return Heard(None)
    gone = {one.declaration for one in declared.withdrawals if one.on <= day}
    own = [one for one in declared.declarations if one.rule == rule and one.on <= day]
    if not own:
        return Heard(None)
    last = max(enumerate(own), key=lambda item: (item[1].on, item[0]))[1]
    return Heard(None, last.id) if last.id in gone else Heard(_said(last))


def state_on(day: date, until: date) -> DeclarationState:
    """How a declaration stands on a day that may be relied on until another."""
    left = (until - day).days
    if left < 0:
        return DeclarationState.EXPIRED
    return DeclarationState.ENDING if left <= WARN_DAYS else DeclarationState.DECLARED


def _said(one: Declaration) -> Said:
    return Said(
        id=one.id, answer=one.answer, statement=one.statement, reference=one.reference, by=one.by,
        function=one.function, on=one.on, until=one.until,
    )  # fmt: skip


def said_of_client(rule: DeclaredRule, choice: ClientChoice, pack: ClientPack) -> Said | None:
    """What the site, else the pack, declares of a client. Without an end it has the longest."""
    if rule.subject is None:
        return None
    one: ClientDeclaration | None = choice.declarations.get(
        rule.subject, pack.declarations.get(rule.subject)
    )
    if one is None:
        return None
    until = one.until if one.until is not None else one.on + timedelta(days=rule.max_days)
    return Said(
        id=None, answer=Answer.YES, statement=one.value, reference=one.source, by=one.by,
        function=None, on=one.on, until=until,
    )  # fmt: skip


def _failing(measured: Iterable[Finding], catalogue: Catalogue) -> Mapping[str, list[str]]:
    """Rule that may contradict -> the subjects on which it was measured to fail."""
    asked = set(chain.from_iterable(one.contradicted_by for one in catalogue.declared.values()))
    found: dict[str, list[str]] = {}
    for one in measured:
        if one.rule in asked and one.verdict is Verdict.FAIL:
            found.setdefault(one.rule, []).append(one.subject.id)
    return found


@dataclass(frozen=True)
class _Today:
    """One local day of a site, with what was measured to fail."""

    day: date
    timezone: str
    failing: Mapping[str, Sequence[str]]

    def judged(
        self, rule: DeclaredRule, subject: Subject, known: Heard, client: Texts | None = None
    ) -> JudgedDeclaration:
        """The finding of one matter."""
        said = known.said if known.said is not None and known.said.on <= self.day else None
        state = (
            state_on(self.day, said.until) if said is not None else DeclarationState.NOT_DECLARED
        )
        verdict, reason = self._verdict(rule, known.withdrawn, said, state)
        if reason is not None and reason.code is ReasonCode.CONTRADICTED:
            state = DeclarationState.CONTRADICTED
        finding = Finding(
            subject=subject, rule=rule.id, theme=rule.theme, severity=rule.severity,
            tier=rule.tier, verdict=verdict, enforced=False, fix=Fix.BY_HAND,
            reasons=(reason,) if reason is not None else (),
            provenance=Provenance.NONE if said is None else Provenance.DECLARED,
            observed_at=self._midnight(said.on) if said is not None else None,
        )  # fmt: skip
        return JudgedDeclaration(
            rule=rule, client=client, state=state, said=said, finding=finding,
            withdrawn=bool(known.withdrawn),
        )  # fmt: skip

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)

    def _verdict(
        self, rule: DeclaredRule, withdrawn: str, said: Said | None, state: DeclarationState
    ) -> tuple[Verdict, Reason | None]:
        if said is None:
            code = ReasonCode.DECLARATION_WITHDRAWN if withdrawn else ReasonCode.NOT_DECLARED
            return Verdict.NOT_CHECKED, Reason(code=code, subject=withdrawn)
        told = (said.statement or "").rstrip(". ")  # it stands inside of a sentence
        if said.answer is Answer.NO:
            return Verdict.FAIL, Reason(code=ReasonCode.DECLARED_NOT_SO, detail=told)
        against = [one for one in rule.contradicted_by if one in self.failing]
        if against:
            return Verdict.FAIL, self._contradiction(against)
        if state is DeclarationState.EXPIRED:
            until = said.until.isoformat()
            return Verdict.NOT_CHECKED, Reason(code=ReasonCode.DECLARATION_EXPIRED, detail=until)
        if said.answer is Answer.NOT_CONCERNED:
            aside = Reason(code=ReasonCode.DECLARED_NOT_CONCERNED, detail=told)
            return Verdict.NOT_APPLICABLE, aside
        return Verdict.PASS, None

    def _contradiction(self, rules: Sequence[str]) -> Reason:
        names = sorted({name for rule in rules for name in self.failing[rule]})
        shown = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
        return Reason(code=ReasonCode.CONTRADICTED, subject=", ".join(rules), detail=shown)
