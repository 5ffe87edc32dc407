"""People by pseudonym and one client of the sample's site; all constructed."""

from __future__ import annotations

from datetime import UTC, date, datetime

from kit.catalogue.loading import shipped_catalogue
from kit.checking.declarations import judge_declarations
from kit.model.client import DeclaredSubject
from kit.model.declaration import (
    Answer,
    Declaration,
    DeclarationsFile,
    DeclarationState,
    JudgedDeclaration,
)
from kit.model.device import PostRole
from kit.model.finding import Finding, Provenance, Subject, SubjectKind
from kit.model.meta import Fix
from kit.model.rule import Severity
from kit.model.site import Site
from kit.model.tier import Tier
from kit.model.verdict import ReasonCode, Verdict
from kit.reporting.declared import (
    ClientSheet,
    DeclarationSheet,
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


_SAID = (
    # matter, answer, what was seen, document, on, until
    ("network_cabinets_locked", Answer.YES, "Deux baies vues, clés à l’accueil.", "Fiche 12",
     date(2026, 3, 2), date(2027, 3, 2)),
    ("restore_tried", Answer.NO, "Aucun essai depuis le changement de serveur.", None,
     date(2026, 9, 1), date(2027, 2, 28)),
    ("crisis_exercise_held", Answer.YES, "Une demi-journée sans dossier usager.", "CR du 5 nov.",
     date(2025, 11, 5), date(2026, 11, 5)),
    ("dpo_designated", Answer.YES, None, "DPO-000000", date(2025, 1, 6), date(2027, 1, 6)),
    ("mssante_mailbox_in_use", Answer.YES, "Boîte de l’infirmerie, relevée chaque jour.", None,
     date(2026, 10, 1), date(2027, 10, 1)),
    ("eprescription_in_use", Answer.NOT_CONCERNED, "Aucun prescripteur salarié.", None,
     date(2026, 10, 1), date(2027, 10, 1)),
    ("second_factor_handover_signed", Answer.YES, None, "Registre des remises",
     date(2026, 10, 1), date(2027, 10, 1)),
)  # fmt: skip


def declared(site: Site) -> tuple[JudgedDeclaration, ...]:
    """Declarations in every state, by somebody whose pseudonym is made up."""
    said = tuple(
        Declaration(
            id=f"DEC-2026-{number:02}", rule=rule, answer=answer, statement=statement,
            reference=reference, by="u-0123456789", function="référent numérique", on=on,
            until=until,
        )
        for number, (rule, answer, statement, reference, on, until) in enumerate(_SAID, 1)
    )  # fmt: skip
    missing = Finding(
        subject=Subject(kind=SubjectKind.PERSON, id="p-9c22e8aa"), rule="second_factor_active",
        theme="second_factor", severity=Severity.HIGH, tier=Tier.CORE, verdict=Verdict.FAIL,
        enforced=False, fix=Fix.BY_HAND, provenance=Provenance.NONE,
    )  # fmt: skip
    catalogue = shipped_catalogue()
    file = DeclarationsFile(schema=1, declarations=said)
    return judge_declarations(
        catalogue, catalogue.baselines["esms"], site, file, [missing], date(2026, 11, 21)
    )
