"""One finding a person, by pseudonym: is a second factor issued, handed over, and in use. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from kit.enrolment.evidence import Standing
from kit.model.catalogue import Catalogue
from kit.model.enrolment import EnrolmentState
from kit.model.finding import Finding, Provenance, Subject, SubjectKind
from kit.model.meta import Fix
from kit.model.verdict import Reason, ReasonCode, Verdict

ACTIVE: Final = "second_factor_active"
_FACTOR: Final = "totp"


def person_findings(
    catalogue: Catalogue, standings: Iterable[Standing], origins: Mapping[str, Provenance]
) -> tuple[Finding, ...]:
    """What stands for each person, sorted by pseudonym.

    ``origins``: how what a device tells came to be known, by device.

    Active: a device told of a use since it was issued. Issued without one is ``not_checked``: it
    awaits evidence, however long ago it was handed over. None at all fails, and so does one that
    was not taken back from somebody who left.
    """
    found = [_finding(catalogue, one, origins) for one in standings]
    return tuple(sorted(found, key=lambda one: one.subject.id))


def _finding(catalogue: Catalogue, one: Standing, origins: Mapping[str, Provenance]) -> Finding:
    rule = catalogue.standing[ACTIVE]
    verdict, reason = _judged(one)
    proof = one.proof
    return Finding(
        subject=Subject(kind=SubjectKind.PERSON, id=one.person.id),
        rule=rule.id,
        theme=rule.theme,
        severity=rule.severity,
        tier=rule.tier,
        verdict=verdict,
        enforced=False,
        fix=Fix.BY_HAND,
        reasons=(reason,) if reason is not None else (),
        provenance=_provenance(one, origins),
        observed_at=proof.at if proof is not None else None,
    )


def _provenance(one: Standing, origins: Mapping[str, Provenance]) -> Provenance:
    """A use once noted was read by the kit itself; any other is worth what told of it."""
    if one.proof is None:
        return Provenance.NONE
    noted = one.enrolment is not None and one.enrolment.first_use is not None
    return Provenance.MEASURED if noted else origins[one.proof.device]


def _judged(one: Standing) -> tuple[Verdict, Reason | None]:
    if one.gone:
        left = one.person.left_on
        detail = left.isoformat() if left is not None else ""
        return Verdict.FAIL, Reason(code=ReasonCode.NOT_REVOKED, subject=_FACTOR, detail=detail)
    if one.enrolment is None or one.enrolment.revoked_at is not None:
        return Verdict.FAIL, Reason(code=ReasonCode.INSTANCE_MISSING, subject=_FACTOR)
    if one.state == EnrolmentState.ACTIVE:
        return Verdict.PASS, None
    return Verdict.NOT_CHECKED, Reason(code=ReasonCode.NEVER_USED, subject=_FACTOR)
