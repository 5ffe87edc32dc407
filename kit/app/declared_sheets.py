"""What a report says of people's second factors and of the clients a site has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from kit.app.opening import OpenSite
from kit.app.packs import workspace_packs
from kit.app.person_evidence import findings_of_people, local_day
from kit.model.client import ClientChoice, ClientPack, DeclaredSubject
from kit.model.snapshot import Snapshot
from kit.reporting.declared import (
    ClientSheet,
    DeclarationSheet,
    DeclarationState,
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


def client_sheets(site: OpenSite, at: datetime) -> tuple[ClientSheet, ...]:
    """The clients the site has chosen, each with what is declared of it on that day."""
    today = local_day(site.loaded.site, at)
    packs = workspace_packs(site.workspace)
    chosen = sorted(site.loaded.site.clients, key=lambda one: one.pack)
    return tuple(_client(packs[one.pack], one, today) for one in chosen if one.pack in packs)


def _client(pack: ClientPack, choice: ClientChoice, today: date) -> ClientSheet:
    return ClientSheet(
        pack=pack.id,
        title=pack.title,
        post_roles=choice.post_roles,
        declarations=tuple(_declaration(pack, choice, one, today) for one in DeclaredSubject),
    )


def _declaration(
    pack: ClientPack, choice: ClientChoice, subject: DeclaredSubject, today: date
) -> DeclarationSheet:
    one = choice.declarations.get(subject, pack.declarations.get(subject))
    if one is None:
        return DeclarationSheet(subject=subject, state=DeclarationState.NOT_DECLARED)
    late = one.until is not None and one.until < today
    return DeclarationSheet(
        subject=subject,
        state=DeclarationState.EXPIRED if late else DeclarationState.DECLARED,
        value=one.value,
        by=one.by,
        on=one.on,
        until=one.until,
        source=one.source,
    )
