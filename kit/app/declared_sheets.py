"""What a report says of people's second factors, of clients, and of what is declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from kit.app.declared_matters import judged_declarations
from kit.app.evidence import pseudonyms_of
from kit.app.opening import OpenSite
from kit.app.packs import workspace_packs
from kit.app.person_evidence import findings_of_people, local_day
from kit.checking.declarations import state_on
from kit.evidence.documents import hidden_declarants
from kit.model.client import ClientChoice, ClientPack, DeclaredSubject
from kit.model.declaration import DeclarationState, JudgedDeclaration
from kit.model.finding import Finding
from kit.model.snapshot import Snapshot
from kit.reporting.declared import (
    ClientSheet,
    DeclarationSheet,
    SecondFactorSheet,
    second_factor_sheet,
)


def second_factor(
    site: OpenSite, snapshots: Mapping[str, Snapshot], at: datetime
) -> SecondFactorSheet | None:
    """The second factor of everybody, by pseudonym; unset without a list of people."""
    if site.loaded.people is None:
        return None
    return second_factor_sheet(findings_of_people(site, snapshots, at))


def declared_matters(
    site: OpenSite,
    findings: Mapping[str, Sequence[Finding]],
    snapshots: Mapping[str, Snapshot],
    at: datetime,
) -> tuple[JudgedDeclaration, ...]:
    """Everything that is to be declared, by pseudonym, told apart by what the run measured."""
    declared = hidden_declarants(site.loaded.declarations, pseudonyms_of(site))
    hidden = replace(site, loaded=replace(site.loaded, declarations=declared))
    measured = [one for own in findings.values() for one in own]
    if site.loaded.people is not None:
        measured += findings_of_people(site, snapshots, at)
    return judged_declarations(hidden, measured, at)


def client_sheets(site: OpenSite, at: datetime) -> tuple[ClientSheet, ...]:
    """The clients the site has chosen, each with what is declared of it on that day."""
    today = local_day(site.loaded.site, at)
    longest = {one.subject: one.max_days for one in site.catalogue.declared.values()}
    packs = workspace_packs(site.workspace)
    chosen = sorted(site.loaded.site.clients, key=lambda one: one.pack)
    return tuple(
        _client(packs[one.pack], one, longest, today) for one in chosen if one.pack in packs
    )


def _client(
    pack: ClientPack,
    choice: ClientChoice,
    longest: Mapping[DeclaredSubject | None, int],
    today: date,
) -> ClientSheet:
    return ClientSheet(
        pack=pack.id,
        title=pack.title,
        post_roles=choice.post_roles,
        declarations=tuple(
            _declaration(pack, choice, one, longest[one], today) for one in DeclaredSubject
        ),
    )


def _declaration(
    pack: ClientPack, choice: ClientChoice, subject: DeclaredSubject, longest: int, today: date
) -> DeclarationSheet:
    one = choice.declarations.get(subject, pack.declarations.get(subject))
    if one is None:
        return DeclarationSheet(subject=subject, state=DeclarationState.NOT_DECLARED)
    until = one.until if one.until is not None else one.on + timedelta(days=longest)
    return DeclarationSheet(
        subject=subject,
        state=state_on(today, until),
        value=one.value,
        by=one.by,
        on=one.on,
        until=until,
        source=one.source,
    )
