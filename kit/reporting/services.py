"""What is declared, in sentences, and the services of a site: declared, and reached from posts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from kit.catalogue.services import service_rule_id
from kit.checking.labels import declared_label, label
from kit.i18n import _, localized, ngettext
from kit.model.declaration import DeclarationState
from kit.model.shared_service import SharedService
from kit.model.verdict import Verdict
from kit.reporting.data import ReportData
from kit.reporting.declared import DeclaredSheet, MatterSheet
from kit.reporting.text import counted, typographic
from kit.reporting.words import word


@dataclass(frozen=True)
class ServiceRow:
    """One service. ``matter`` unset: nothing is declared of it; ``reached``: in words."""

    name: str
    matter: MatterSheet | None
    reached: str


def service_rows(data: ReportData) -> tuple[ServiceRow, ...]:
    """The care-record software the site has chosen, then the shared services of digital health."""
    own = [
        ServiceRow(
            typographic(localized(one.title)), None, _reached(data, f"client_{one.pack}_reached")
        )
        for one in data.clients or ()
    ]
    matters = {
        one.service: one
        for one in (data.declared.matters if data.declared is not None else ())
        if one.service is not None
    }
    shared = [
        ServiceRow(label(one), matters.get(one), _reached(data, service_rule_id(one)))
        for one in SharedService
    ]
    return (*own, *shared)


def _reached(data: ReportData, rule: str) -> str:
    """From how many posts a service was reached, of those that were asked."""
    found = Counter(one.verdict for one in data.findings if one.rule == rule)
    asked = sum(found.values()) - found[Verdict.NOT_APPLICABLE]
    if not asked:
        return _("not measured")
    told = _("{good} of {total} posts").format(good=found[Verdict.PASS], total=asked)
    unknown = found[Verdict.ERROR] + found[Verdict.NOT_CHECKED]
    if not unknown:
        return told
    message = ngettext("{count} not known", "{count} not known", unknown)
    return f"{told}, {counted(message, unknown)}"


def declared_sentence(declared: DeclaredSheet | None) -> str:
    """How much is declared, for the first page; empty where it was not looked at."""
    if declared is None or not declared.matters:
        return ""
    good = declared.counts[Verdict.PASS] + declared.counts[Verdict.NOT_APPLICABLE]
    return _("Declarations: {good} in force, {missing} missing or expired, {bad} to mend.").format(
        good=good, missing=declared.counts[Verdict.NOT_CHECKED], bad=declared.counts[Verdict.FAIL]
    )


def ending_sentence(declared: DeclaredSheet) -> str:
    """How many end soon; empty when none does."""
    count = declared.states[DeclarationState.ENDING]
    message = ngettext(
        "{count} of those in force ends within 60 days.",
        "{count} of those in force end within 60 days.",
        count,
    )
    return counted(message, count) if count else ""


def matter_title(one: MatterSheet) -> str:
    """What it is about, with the client where it is one's."""
    title = typographic(localized(one.title))
    return f"{title} ({typographic(localized(one.client))})" if one.client is not None else title


def who_said(one: MatterSheet) -> str:
    """Pseudonym and function of who declared it."""
    return ", ".join(filter(None, (one.by, one.function)))


def what_was_said(one: MatterSheet) -> str:
    """The answer, what was seen, and the document that shows it."""
    if one.answer is None:
        return ""
    parts = [word(one.answer), one.statement, one.reference]
    return " – ".join(part for part in parts if part)


STYLES = {
    DeclarationState.DECLARED: "not_applicable",
    DeclarationState.ENDING: "not_applicable",
    DeclarationState.EXPIRED: "not_checked",
    DeclarationState.NOT_DECLARED: "not_checked",
    DeclarationState.CONTRADICTED: "fail",
}
"""Styles of states. None is green: nobody measured it."""


def matter_style(one: MatterSheet) -> str:
    """The style of a matter: what was declared not to be so is a failure."""
    return "fail" if one.verdict is Verdict.FAIL else STYLES[one.state]


def matter_state(one: MatterSheet) -> str:
    """The state in words; a "no" says so."""
    return declared_label(one.state, one.verdict)
