"""What changed between two runs of a site, and since when each failure stands. Pure.

Nothing is called mended or broken that was not seen on both sides: what nobody looked at, before
or after, is told as such. A run of another version of the baseline is never ranked against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from kit.checking.declared_drift import DeclaredChange
from kit.checking.scores import WEIGHTS, Score, score
from kit.model.finding import Finding
from kit.model.record import Record
from kit.model.rule import Severity
from kit.model.run import Run
from kit.model.verdict import Pending, Verdict

_HOLDS: Final = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})
_LONGEST: Final = 2000
"""Characters of a value that are kept; what differs is told by the whole."""
Key = tuple[str, str]
"""A device and a rule."""


@dataclass(frozen=True)
class Looked:
    """One run and what it found, by device."""

    run: Run
    findings: Mapping[str, Sequence[Finding]]

    def by_key(self) -> dict[Key, Finding]:
        """Every finding by device and rule."""
        return {(device, one.rule): one for device, found in self.findings.items() for one in found}


class ChangeKind(StrEnum):
    """What became of one rule on one device."""

    NEW = "new"  # held before, fails now
    FIXED = "fixed"  # failed before, holds now
    VALUE = "value"  # the same verdict, another value
    EXPECTATION = "expectation"  # the same value, judged otherwise: what is asked for changed
    LOST = "lost"  # was known, is not known now
    FOUND_FAILING = "found_failing"  # was not known, fails now
    FOUND_HOLDING = "found_holding"  # was not known, holds now
    STILL_UNKNOWN = "still_unknown"  # not known for another reason than before
    WAIVER = "waiver"  # the same failure, waived or no longer waived


class Incomparable(StrEnum):
    """Why two runs cannot be ranked against each other."""

    OTHER_BASELINE = "other_baseline"
    OTHER_VERSION = "other_version"
    OTHER_CATALOGUE = "other_catalogue"  # same version, other texts or values
    PARTIAL = "partial"  # one of them left devices out


class Seen(Record):
    """One side of a change. ``verdict`` unset: the rule has no finding there."""

    verdict: Verdict | None
    expected: str = ""
    observed: str = ""
    reason: str = ""  # code of the first reason
    waiver: str | None = None


class Since(Record):
    """Since when a failure stands.

    ``at``: the oldest run of the unbroken row of runs that saw it fail, or could not tell.
    ``held_at``: the last run before it that saw it hold; unset: none ever did, so that the failure
    may be older. ``unseen``: runs of the row that could not tell.
    """

    run: str
    at: datetime
    held_at: datetime | None = None
    unseen: int = 0


class RuleChange(Record):
    """One rule on one device, before and after."""

    kind: ChangeKind
    device: str
    rule: str
    severity: Severity
    before: Seen
    after: Seen
    pending: Pending | None = None
    since: Since | None = None  # for what fails now


class Failure(Record):
    """A failure that stands, whether or not anything changed."""

    device: str
    rule: str
    severity: Severity
    waiver: str | None
    since: Since


_Where = Literal["new", "vanished", "not_asked_before", "not_asked_after"]


class DeviceChange(Record):
    """A device in one of the two runs only. ``not_asked``: that run was of other devices."""

    kind: _Where
    device: str
    findings: int


class Side(Record):
    """One of the two runs."""

    run: str
    kind: Literal["check", "apply", "undo"]
    started_at: datetime
    baseline: str
    baseline_version: str
    catalogue_digest: str
    selection: tuple[str, ...]
    devices: int
    score: Score


class Ranking(Record):
    """Which way it went, on what was judged in both runs alone.

    ``gained`` and ``lost``: weight of what is fixed and of what is new; see ``docs/scoring.md``.
    """

    trend: Literal["better", "same", "worse"]
    judged_in_both: int
    gained: int
    lost: int


class Drift(Record):
    """What changed between two runs. ``ranking`` unset: they cannot be ranked (``why_not``)."""

    site: str
    before: Side
    after: Side
    clock_went_back: bool
    why_not: tuple[Incomparable, ...]
    ranking: Ranking | None
    devices: tuple[DeviceChange, ...]
    rules_added: tuple[str, ...]
    rules_gone: tuple[str, ...]
    changes: tuple[RuleChange, ...]
    standing: tuple[Failure, ...]
    declared: tuple[DeclaredChange, ...] = ()


def compare(before: Looked, after: Looked, older: Iterable[Looked] = ()) -> Drift:
    """The difference of two runs of one site.

    ``older``: the runs before ``after``, newest first; they are read only as far as needed to tell
    since when failures stand.
    """
    was, is_ = before.by_key(), after.by_key()
    failing = {key for key, one in is_.items() if one.verdict is Verdict.FAIL}
    since = standing_since(after, failing, older)
    why_not = tuple(_why_not(before.run, after.run))
    rules_before, rules_after = {rule for _d, rule in was}, {rule for _d, rule in is_}
    added, gone = rules_after - rules_before, rules_before - rules_after
    both = set(before.findings) & set(after.findings)
    changes = []
    for key in sorted(was.keys() | is_.keys()):
        if key[0] not in both or key[1] in added or key[1] in gone:
            continue
        change = _change(key, was.get(key), is_.get(key), since.get(key))
        if change is not None:
            changes.append(change)
    return Drift(
        site=after.run.site,
        before=_side(before),
        after=_side(after),
        clock_went_back=after.run.started_at < before.run.started_at,
        why_not=why_not,
        ranking=None if why_not else _ranking(was, is_),
        devices=tuple(_devices(before, after)),
        rules_added=tuple(sorted(added)) if both else (),
        rules_gone=tuple(sorted(gone)) if both else (),
        changes=tuple(changes),
        standing=tuple(
            Failure(
                device=key[0], rule=key[1], severity=is_[key].severity,
                waiver=is_[key].waiver, since=since[key],
            )
            for key in sorted(failing, key=lambda one: (since[one].at, one))
        ),
    )  # fmt: skip


def standing_since(
    last: Looked, failing: Iterable[Key], older: Iterable[Looked]
) -> dict[Key, Since]:
    """Since when each of the failures of ``last`` stands; ``older``: newest first."""
    found = {key: Since(run=last.run.id, at=last.run.started_at) for key in failing}
    waiting = set(found)
    gaps = dict.fromkeys(found, 0)
    for looked in older if waiting else ():
        known = looked.by_key()
        for key in tuple(waiting):
            finding = known.get(key)
            if finding is not None and finding.verdict is Verdict.FAIL:
                found[key] = Since(
                    run=looked.run.id, at=looked.run.started_at,
                    unseen=found[key].unseen + gaps[key],
                )  # fmt: skip
                gaps[key] = 0
            elif finding is not None and finding.verdict in _HOLDS:
                update = {"held_at": looked.run.started_at}
                found[key] = found[key].model_copy(update=update)
                waiting.discard(key)
            else:
                gaps[key] += 1
        if not waiting:
            break
    return found


def _why_not(before: Run, after: Run) -> Iterator[Incomparable]:
    if before.baseline != after.baseline:
        yield Incomparable.OTHER_BASELINE
    elif before.baseline_version != after.baseline_version:
        yield Incomparable.OTHER_VERSION
    elif before.catalogue_digest != after.catalogue_digest:
        yield Incomparable.OTHER_CATALOGUE
    if before.selection or after.selection:
        yield Incomparable.PARTIAL


def _side(looked: Looked) -> Side:
    run = looked.run
    return Side(
        run=run.id, kind=run.kind, started_at=run.started_at, baseline=run.baseline,
        baseline_version=run.baseline_version, catalogue_digest=run.catalogue_digest,
        selection=run.selection, devices=len(looked.findings),
        score=score(one for found in looked.findings.values() for one in found),
    )  # fmt: skip


def _devices(before: Looked, after: Looked) -> Iterator[DeviceChange]:
    for name in sorted(set(before.findings) ^ set(after.findings)):
        here = name in after.findings
        count = len((after if here else before).findings[name])
        kind: _Where = "new" if here else "vanished"
        if (before if here else after).run.selection:
            kind = "not_asked_before" if here else "not_asked_after"
        yield DeviceChange(kind=kind, device=name, findings=count)


def _seen(finding: Finding | None) -> Seen:
    if finding is None:
        return Seen(verdict=None)
    telling = [one for one in finding.details if one.verdict is finding.verdict]
    return Seen(
        verdict=finding.verdict,
        expected=_joined(one.expected for one in telling),
        observed=_joined(one.observed for one in telling),
        reason=finding.reasons[0].code.value if finding.reasons else "",
        waiver=finding.waiver,
    )


def _joined(texts: Iterable[str]) -> str:
    told = "; ".join(dict.fromkeys(texts))
    return told if len(told) <= _LONGEST else told[:_LONGEST] + "…"


def _values(finding: Finding) -> tuple[tuple[str, str, str, str], ...]:
    return tuple(sorted((one.setting, one.read, one.key, one.observed) for one in finding.details))


def _expected(finding: Finding) -> tuple[tuple[str, str, str, str, str], ...]:
    return tuple(
        sorted(
            (one.setting, one.read, one.key, one.operator, one.expected) for one in finding.details
        )
    )


def _change(
    key: Key, was: Finding | None, is_: Finding | None, since: Since | None
) -> RuleChange | None:
    kind = _kind(was, is_)
    if kind is None:
        return None
    shown = is_ or was
    return RuleChange(
        kind=kind, device=key[0], rule=key[1], severity=shown.severity if shown else Severity.LOW,
        before=_seen(was), after=_seen(is_), pending=is_.pending if is_ else None, since=since,
    )  # fmt: skip


def _kind(was: Finding | None, is_: Finding | None) -> ChangeKind | None:
    known_before = was is not None and _judged(was)
    known_after = is_ is not None and _judged(is_)
    if was is None or is_ is None or not (known_before and known_after):
        return _kind_of_unknown(was, is_)
    if (was.verdict is Verdict.FAIL) != (is_.verdict is Verdict.FAIL):
        if was.details and _values(was) == _values(is_) and _expected(was) != _expected(is_):
            return ChangeKind.EXPECTATION
        return ChangeKind.NEW if is_.verdict is Verdict.FAIL else ChangeKind.FIXED
    if _values(was) != _values(is_) or was.verdict is not is_.verdict:
        return ChangeKind.VALUE
    return ChangeKind.WAIVER if was.waiver != is_.waiver else None


def _kind_of_unknown(was: Finding | None, is_: Finding | None) -> ChangeKind | None:
    if is_ is not None and _judged(is_):
        failing = is_.verdict is Verdict.FAIL
        return ChangeKind.FOUND_FAILING if failing else ChangeKind.FOUND_HOLDING
    if was is not None and _judged(was):
        return ChangeKind.LOST
    same = _seen(was).verdict == _seen(is_).verdict and _seen(was).reason == _seen(is_).reason
    return None if same else ChangeKind.STILL_UNKNOWN


def _judged(finding: Finding) -> bool:
    return finding.verdict in _HOLDS or finding.verdict is Verdict.FAIL


def _ranking(was: Mapping[Key, Finding], is_: Mapping[Key, Finding]) -> Ranking:
    """On pairs judged in both runs: what was not seen on one side moves nothing."""
    both = [key for key in was.keys() & is_.keys() if _judged(was[key]) and _judged(is_[key])]
    gained = lost = 0
    for key in both:
        if was[key].verdict is Verdict.FAIL and is_[key].verdict is not Verdict.FAIL:
            gained += WEIGHTS[is_[key].severity]
        elif was[key].verdict is not Verdict.FAIL and is_[key].verdict is Verdict.FAIL:
            lost += WEIGHTS[is_[key].severity]
    trend: Literal["better", "same", "worse"] = "same"
    if gained != lost:
        trend = "better" if gained > lost else "worse"
    return Ranking(trend=trend, judged_in_both=len(both), gained=gained, lost=lost)


class HistoryEntry(Record):
    """One run in a row of runs; ``ranking`` against the run before it, where it can be ranked."""

    side: Side
    ended: bool
    exit_code: int | None
    judged: int
    ranking: Ranking | None
    against: str | None  # the run ranked against
    why_not: tuple[Incomparable, ...]
    clock_went_back: bool


def history(row: Iterable[Looked]) -> tuple[HistoryEntry, ...]:
    """A row of runs, oldest first, each beside the last whole run before it."""
    entries: list[HistoryEntry] = []
    last: Looked | None = None
    newest: datetime | None = None
    for looked in row:
        why_not = tuple(_why_not(last.run, looked.run)) if last is not None else ()
        known = looked.by_key()
        entries.append(
            HistoryEntry(
                side=_side(looked),
                ended=looked.run.ended_at is not None,
                exit_code=looked.run.exit_code,
                judged=sum(1 for one in known.values() if _judged(one)),
                ranking=_ranking(last.by_key(), known) if last and not why_not else None,
                against=last.run.id if last is not None else None,
                why_not=why_not,
                clock_went_back=newest is not None and looked.run.started_at < newest,
            )
        )
        if not looked.run.selection and looked.run.ended_at is not None:
            last = looked
        newest = max(newest or looked.run.started_at, looked.run.started_at)
    return tuple(entries)
