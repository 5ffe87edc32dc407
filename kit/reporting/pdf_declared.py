"""The part of the PDF about people, clients and services."""

from __future__ import annotations

from collections.abc import Iterator

from kit.checking.reasons import explain
from kit.i18n import _, localized, ngettext
from kit.model.verdict import ReasonCode, Verdict
from kit.reporting.blocks import Block, Cell, heading, paragraph, table
from kit.reporting.data import ReportData
from kit.reporting.declared import DeclaredSheet, MatterSheet
from kit.reporting.services import (
    declared_sentence,
    ending_sentence,
    matter_state,
    matter_style,
    matter_title,
    service_rows,
    what_was_said,
    who_said,
)
from kit.reporting.text import counted, show_date, typographic
from kit.reporting.words import word


def declared_blocks(data: ReportData) -> Iterator[Block]:
    """Second factor, clients with their declarations, national services."""
    yield heading(_("People, care-record software and services"))
    factor = data.second_factor
    if factor is None:
        yield paragraph(
            _("No list of people was taken in: how many have a second factor is not known.")
        )
    else:
        message = ngettext(
            "{count} person, by pseudonym. A second factor counts once a post has told of its use.",
            "{count} persons, by pseudonym. A second factor counts once a post has told of its"
            " use.",
            factor.persons,
        )
        told = ", ".join(
            f"{word(one)}{_(': ')}{factor.counts[one]}" for one in Verdict if factor.counts[one]
        )
        yield paragraph(f"{counted(message, factor.persons)} {told}")
    if not data.clients:
        yield paragraph(
            _("The site has chosen no care-record software in its file: nothing is known of it.")
        )
    else:
        heads = [_("Software"), _("Subject"), _("State"), _("Declared"), _("By"), _("Until")]
        rows: list[list[Cell]] = [
            [
                typographic(localized(client.title)), word(one.subject), word(one.state),
                one.value or "–", one.by or "–", show_date(one.until) if one.until else "–",
            ]
            for client in data.clients
            for one in client.declarations
        ]  # fmt: skip
        caption = _("Declarations, with the last day they may be relied on")
        yield table(caption, heads, ["1.4", "1", "1", "1.6", "1.2", "1"], rows)
    yield from _services(data)
    if data.declared is not None:
        yield from _declarations(data.declared)


def _services(data: ReportData) -> Iterator[Block]:
    yield heading(_("Services"), 3)
    yield paragraph(
        _(
            "Whether a service is in use is declared; whether posts reach it is measured for the"
            " care-record software and for the services the site names."
        )
    )
    heads = [_("Service"), _("State"), _("Declared"), _("Until"), _("Reached")]
    rows: list[list[Cell]] = [
        [
            row.name,
            _state(row.matter) if row.matter else "–",
            (what_was_said(row.matter) if row.matter else "") or "–",
            show_date(row.matter.until) if row.matter and row.matter.until else "–",
            row.reached,
        ]
        for row in service_rows(data)
    ]
    caption = _("Services: declared, and reached from the posts that were read")
    yield table(caption, heads, ["1.3", "1", "1.8", "1", "1"], rows)


def _state(one: MatterSheet) -> Cell:
    """The state with its sign: colour is never alone."""
    return {"style": matter_style(one), "text": matter_state(one)}


def _told(one: MatterSheet) -> str:
    """What was said and what speaks against it; where nothing was, what to do."""
    said = what_was_said(one)
    against = [explain(why) for why in one.reasons if why.code is ReasonCode.CONTRADICTED]
    return ". ".join([said, *against]) if said else typographic(localized(one.remedy))


def _declarations(declared: DeclaredSheet) -> Iterator[Block]:
    yield heading(_("Declarations of the establishment"), 3)
    yield paragraph(
        _(
            "No read can show this: somebody looked, and answers for it until a day. It is no part"
            " of the score."
        )
    )
    yield paragraph(f"{declared_sentence(declared)} {ending_sentence(declared)}".strip())
    heads = [_("Subject"), _("State"), _("Declared"), _("By"), _("Until")]
    rows: list[list[Cell]] = [
        [
            matter_title(one),
            _state(one),
            _told(one),
            f"{who_said(one)}, {show_date(one.on)}" if one.on else "–",
            show_date(one.until) if one.until else "–",
        ]
        for one in declared.matters
        if one.client is None and one.service is None
    ]
    caption = _("What is declared of the establishment, by whom and until when")
    yield table(caption, heads, ["1.5", "1", "2", "1.3", "0.9"], rows)
