"""What became of declarations between two days: expired, withdrawn, contradicted, new. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from kit.model.declaration import DeclarationState, JudgedDeclaration
from kit.model.finding import Subject
from kit.model.record import Record
from kit.model.rule import Severity
from kit.model.verdict import Verdict

_SETTLED: Final = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})


class DeclaredSeen(Record):
    """How one matter stood on one of the two days."""

    state: DeclarationState
    verdict: Verdict


class DeclaredChange(Record):
    """One matter that stood otherwise. A side that is unset was not asked on that day.

    ``worse``: what could be relied on cannot be any more, or what was not known is a "no".
    """

    rule: str
    subject: Subject
    severity: Severity
    before: DeclaredSeen | None
    after: DeclaredSeen | None
    worse: bool


def declared_changes(
    before: Iterable[JudgedDeclaration], after: Iterable[JudgedDeclaration]
) -> tuple[DeclaredChange, ...]:
    """The matters that changed, by rule and subject."""
    was, is_ = _by_matter(before), _by_matter(after)
    changes = []
    for key in sorted(was.keys() | is_.keys()):
        one, other = _seen(was.get(key)), _seen(is_.get(key))
        if one == other:
            continue
        shown = is_.get(key) or was[key]
        changes.append(
            DeclaredChange(
                rule=shown.rule.id, subject=shown.finding.subject, severity=shown.rule.severity,
                before=one, after=other, worse=_worse(one, other),
            )
        )  # fmt: skip
    return tuple(changes)


def _by_matter(judged: Iterable[JudgedDeclaration]) -> Mapping[tuple[str, str], JudgedDeclaration]:
    return {(one.rule.id, one.finding.subject.id): one for one in judged}


def _seen(one: JudgedDeclaration | None) -> DeclaredSeen | None:
    return DeclaredSeen(state=one.state, verdict=one.finding.verdict) if one is not None else None


def _worse(was: DeclaredSeen | None, is_: DeclaredSeen | None) -> bool:
    if is_ is None or is_.verdict in _SETTLED:
        return False
    if was is None or was.verdict in _SETTLED:
        return True
    return is_.verdict is Verdict.FAIL and was.verdict is not Verdict.FAIL
