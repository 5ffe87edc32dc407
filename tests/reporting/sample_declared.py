"""People by pseudonym and one client of the sample's site; all constructed."""

from __future__ import annotations

from datetime import UTC, date, datetime

from kit.model.client import DeclaredSubject
from kit.model.device import PostRole
from kit.model.verdict import ReasonCode, Verdict
from kit.reporting.declared import (
    ClientSheet,
    DeclarationSheet,
    DeclarationState,
    PersonSheet,
    SecondFactorSheet,
)


def second_factor() -> SecondFactorSheet:
    seen = datetime(2026, 11, 20, 7, 2, tzinfo=UTC)
    people = (
        PersonSheet(id="p-3f0a91c2", verdict=Verdict.PASS, reason=None, observed_at=seen),
        PersonSheet(
            id="p-51be07d4", verdict=Verdict.NOT_CHECKED, reason=ReasonCode.NEVER_USED,
            observed_at=None,
        ),
        PersonSheet(
            id="p-9c22e8aa", verdict=Verdict.FAIL, reason=ReasonCode.INSTANCE_MISSING,
            observed_at=None,
        ),
    )  # fmt: skip
    counts = {one: sum(person.verdict is one for person in people) for one in Verdict}
    return SecondFactorSheet(persons=len(people), counts=counts, people=people)


def clients() -> tuple[ClientSheet, ...]:
    said = {
        DeclaredSubject.EDITOR: (DeclarationState.DECLARED, "Éditeur d’exemple", None),
        DeclaredSubject.VERSION: (DeclarationState.EXPIRED, "8.2", date(2026, 6, 30)),
        DeclaredSubject.HDS_HOST: (
            DeclarationState.DECLARED, "Hébergeur d’exemple", date(2027, 12, 31),
        ),
    }  # fmt: skip
    declarations = [
        DeclarationSheet(
            subject=subject, state=said[subject][0], value=said[subject][1],
            by="direction des systèmes d’information", on=date(2026, 1, 5),
            until=said[subject][2],
        )
        if subject in said
        else DeclarationSheet(subject=subject, state=DeclarationState.NOT_DECLARED)
        for subject in DeclaredSubject
    ]  # fmt: skip
    return (
        ClientSheet(
            pack="sample_dui",
            title={"fr": "DUI d’exemple", "en": "Sample care record"},
            post_roles=(PostRole.SHARED_CARE_POST,),
            declarations=tuple(declarations),
        ),
    )
