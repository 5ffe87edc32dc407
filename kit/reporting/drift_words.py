"""What changed, in words: the same on the screen, in the page and in the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kit.checking.declared_drift import DeclaredSeen
from kit.checking.drift import (
    ChangeKind,
    DeviceChange,
    Drift,
    Incomparable,
    Ranking,
    RuleChange,
    Seen,
    Since,
)
from kit.checking.labels import declared_label, label
from kit.checking.reasons import show_observed
from kit.i18n import N_, _, localized, ngettext
from kit.model.catalogue import Catalogue
from kit.model.verdict import ReasonCode, Verdict
from kit.reporting.text import counted, show_number, show_short_time, typographic

ORDER: Final = (
    ChangeKind.NEW, ChangeKind.FOUND_FAILING, ChangeKind.LOST, ChangeKind.EXPECTATION,
    ChangeKind.FIXED, ChangeKind.FOUND_HOLDING, ChangeKind.VALUE, ChangeKind.WAIVER,
    ChangeKind.STILL_UNKNOWN,
)  # fmt: skip
"""What needs somebody first."""

_KINDS: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.NEW: N_("New failures"),
    ChangeKind.FOUND_FAILING: N_("Failures seen for the first time (not checked before)"),
    ChangeKind.LOST: N_("No longer known (judged before, not now)"),
    ChangeKind.EXPECTATION: N_("Judged otherwise because what is asked for changed"),
    ChangeKind.FIXED: N_("Fixed"),
    ChangeKind.FOUND_HOLDING: N_("Seen to hold for the first time (not checked before)"),
    ChangeKind.VALUE: N_("Another value, the same verdict"),
    ChangeKind.WAIVER: N_("Waived, or no longer waived"),
    ChangeKind.STILL_UNKNOWN: N_("Still not known, for another reason"),
}
_WHY_NOT: Final[Mapping[Incomparable, str]] = {
    Incomparable.OTHER_BASELINE: N_("the two runs were judged against different baselines"),
    Incomparable.OTHER_VERSION: N_("the two runs were judged against different versions of it"),
    Incomparable.OTHER_CATALOGUE: N_("the rules or their values changed between the two runs"),
    Incomparable.PARTIAL: N_("one of the two runs looked at a part of the site only"),
}
_DEVICES: Final[Mapping[str, str]] = {
    "new": N_("new at the site"),
    "vanished": N_("no longer at the site"),
    "not_asked_before": N_("not part of the earlier run"),
    "not_asked_after": N_("not part of the later run"),
}
_TRENDS: Final[Mapping[str, str]] = {
    "better": N_("better"),
    "same": N_("unchanged"),
    "worse": N_("worse"),
}


@dataclass(frozen=True)
class ChangeGroup:
    """Changes of one kind and rule: the devices, and what each showed before and after."""

    kind: ChangeKind
    rule: str
    title: str
    severity: str
    rows: tuple[RuleChange, ...]


def kind_words(kind: ChangeKind) -> str:
    """What a kind of change is called."""
    return _(_KINDS[kind])


def why_not_words(drift: Sequence[Incomparable]) -> str:
    """Why two runs cannot be ranked, as one text; empty when they can."""
    return ", ".join(_(_WHY_NOT[one]) for one in drift)


def device_words(change: DeviceChange) -> str:
    """What became of a device."""
    return _(_DEVICES[change.kind])


def trend_words(ranking: Ranking | None) -> str:
    """Which way it went; a dash where it cannot be said."""
    return _(_TRENDS[ranking.trend]) if ranking is not None else "–"


def rule_title(catalogue: Catalogue, rule: str) -> str:
    """The title of a rule, or its id when this catalogue no longer has it."""
    if rule in catalogue.rules or rule in catalogue.standing or rule in catalogue.declared:
        return typographic(localized(catalogue.texts(rule).title))
    return rule


def seen_words(seen: Seen) -> str:
    """One side of a change in a few words: the verdict and what was observed."""
    if seen.verdict is None:
        return _("no finding")
    told = label(seen.verdict)
    if seen.observed:
        values = map(show_observed, seen.observed.split("; "))  # of several settings, each its own
        told += f" ({_('; ').join(values)})"
    elif seen.verdict in {Verdict.ERROR, Verdict.NOT_CHECKED} and seen.reason:
        told += f" ({reason_words(seen.reason)})"
    if seen.waiver:
        told += _(", waiver {id}").format(id=seen.waiver)
    return told


_REASONS: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.NOT_REACHED: N_("not reached"),
    ReasonCode.NEVER_SEEN: N_("never seen"),
    ReasonCode.TOO_OLD: N_("read too long ago"),
    ReasonCode.DATED_AHEAD: N_("dated after the check"),
    ReasonCode.REFUSED: N_("answered, and could not be read"),
    ReasonCode.SITE_VALUE_MISSING: N_("a value of the site is missing"),
    ReasonCode.CLASS_NOT_COVERED: N_("class not covered"),
    ReasonCode.MANAGED_BY_OTHER: N_("administered by a third party"),
    ReasonCode.AWAITING_EVIDENCE: N_("awaiting evidence"),
    ReasonCode.UNREADABLE: N_("could not be read"),
    ReasonCode.FACT_UNREADABLE: N_("a fact could not be read"),
}


def declared_words(seen: DeclaredSeen | None) -> str:
    """How a matter stood on one of the two days."""
    return declared_label(seen.state, seen.verdict) if seen is not None else _("not asked")


def reason_words(code: str) -> str:
    """Why something is not known, in a few words; the bare code where there are none."""
    words = {one.value: text for one, text in _REASONS.items()}
    return _(words[code]) if code in words else code


def since_words(since: Since | None, timezone: str) -> str:
    """Since when a failure stands: never more than was seen."""
    if since is None:
        return ""
    at = show_short_time(since.at, timezone)
    if since.held_at is not None:
        told = _("since {at} (held on {held})").format(
            at=at, held=show_short_time(since.held_at, timezone)
        )
    else:
        told = _("at least since {at}").format(at=at)
    if since.unseen:
        line = ngettext(
            ", not looked at in {count} run since",
            ", not looked at in {count} runs since",
            since.unseen,
        )
        told += counted(line, since.unseen)
    return told


def ranking_words(drift: Drift) -> str:
    """One sentence: which way it went, on what, or why nothing can be said."""
    if drift.ranking is None:
        return _("No ranking: {why}.").format(why=why_not_words(drift.why_not))
    return _("On the {count} results judged in both runs: {trend}.").format(
        count=show_number(drift.ranking.judged_in_both), trend=trend_words(drift.ranking)
    )


@dataclass(frozen=True)
class DeviceGroup:
    """Many rules of one device of which no more is known than why."""

    kind: ChangeKind
    device: str
    words: str
    rules: tuple[str, ...]


_UNSEEN: Final = frozenset({ChangeKind.LOST, ChangeKind.STILL_UNKNOWN})
_MANY: Final = 4
"""Rules of one device lost for one reason that are told as one."""


def device_groups(drift: Drift) -> tuple[DeviceGroup, ...]:
    """Devices out of sight as a whole: one line each instead of one for each rule."""
    found: dict[tuple[ChangeKind, str, str], list[str]] = defaultdict(list)
    for one in drift.changes:
        if one.kind in _UNSEEN:
            words = reason_words(one.after.reason) if one.after.reason else seen_words(one.after)
            found[one.kind, one.device, words].append(one.rule)
    return tuple(
        DeviceGroup(*key, tuple(rules))
        for key, rules in sorted(found.items())
        if len(rules) > _MANY
    )


def grouped(drift: Drift, catalogue: Catalogue, *, whole: bool = False) -> tuple[ChangeGroup, ...]:
    """The changes by kind, gravest rule first.

    Without those ``device_groups`` tells, unless ``whole``.
    """
    told = {
        (group.kind, group.device, rule) for group in device_groups(drift) for rule in group.rules
    }
    found: dict[tuple[ChangeKind, str], list[RuleChange]] = defaultdict(list)
    for one in drift.changes:
        if whole or (one.kind, one.device, one.rule) not in told:
            found[one.kind, one.rule].append(one)
    groups = [
        ChangeGroup(kind, rule, rule_title(catalogue, rule), rows[0].severity.value, tuple(rows))
        for (kind, rule), rows in found.items()
    ]
    return tuple(
        sorted(
            groups,
            key=lambda one: (ORDER.index(one.kind), -one.rows[0].severity.order, one.rule),
        )
    )
