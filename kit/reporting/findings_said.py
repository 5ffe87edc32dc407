"""One finding in plain words, for formats that have a field where a page has a layout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from kit.checking.reasons import explain, fix_label, pending_label, what_to_do
from kit.i18n import Language, _, current_language, ngettext
from kit.model.finding import Finding
from kit.model.meta import Fix
from kit.model.verdict import Reason, Verdict
from kit.reporting.alike import Alike
from kit.reporting.cutting import cut_text
from kit.reporting.rows import LONGEST, Line, merged_lines
from kit.reporting.text import counted

MOST_LINES: Final = 8
MOST_REASONS: Final = 3
_BETWEEN: Final = " / "
_MOST_KEPT: Final = 40_000
"""Findings remembered with their words, some 40 MB: a large site has as many that differ."""


@dataclass(frozen=True)
class Said:
    """What was read, what was expected, what was observed, why, and what to do; not yet safe.

    ``why`` and ``do`` are empty for what complies. Texts hold what a device said as it came.
    """

    keys: str
    expected: str
    observed: str
    why: str
    do: str


def say_finding(finding: Finding, remedy: str = "") -> Said:
    """The finding in the current language; ``remedy`` is what its rule says a person does."""
    said = _sayer(current_language())(finding)
    return replace(said, do=next_step(finding, remedy)) if remedy else said


@cache
def _sayer(_lang: Language) -> Alike[Said]:
    """What was said in a language: every format of a report says the same again."""
    return Alike(_say, _MOST_KEPT)


def _say(finding: Finding) -> Said:
    failing = [one for one in finding.details if one.verdict is not Verdict.PASS]
    lines = tuple(merged_lines(failing or finding.details))
    shown = lines[:MOST_LINES]
    return Said(
        keys=_joined((_keys(one) for one in shown), len(lines)),
        expected=_joined((one.expected for one in shown), len(lines)),
        observed=_joined((one.observed for one in shown), len(lines)),
        why=_why(finding),
        do=next_step(finding),
    )


def _keys(line: Line) -> str:
    more = ngettext("and {count} more", "and {count} more", line.more_keys)
    told = ", ".join(line.keys)
    return f"{told}, {counted(more, line.more_keys)}" if line.more_keys else told


def _joined(parts: Iterable[str], total: int) -> str:
    told = list(parts)
    left = total - len(told)
    told = list(dict.fromkeys(told)) if len(set(told)) == 1 else told
    return _BETWEEN.join(told) + (f"{_BETWEEN}…[+{left}]" if left > 0 else "")


def _why(finding: Finding) -> str:
    if finding.verdict is Verdict.PASS:
        return ""
    told = dict.fromkeys(_explain(one) for one in finding.reasons[: MOST_REASONS + 1])
    return " ".join(list(told)[:MOST_REASONS]) + (" …" if len(told) > MOST_REASONS else "")


def _explain(reason: Reason) -> str:
    cut = {"subject": cut_text(reason.subject, LONGEST), "detail": cut_text(reason.detail, LONGEST)}
    return explain(reason.model_copy(update=cut))


def next_step(finding: Finding, remedy: str = "") -> str:
    """What is to be done about a finding; empty where nothing is."""
    if finding.verdict in {Verdict.ERROR, Verdict.NOT_CHECKED}:
        return what_to_do(finding.reasons[0]) if finding.reasons else ""
    if finding.verdict is not Verdict.FAIL:
        return ""
    if finding.pending is not None:
        return _("Configured, {pending}.").format(pending=pending_label(finding.pending))
    if finding.fix is Fix.REMOTE and finding.enforced:
        return _("The next “apply” mends it.")
    if finding.fix is Fix.REMOTE:
        return _("Recommended: applied on request.")
    return remedy or f"{fix_label(finding.fix)}."
