"""The part of the PDF about people, clients and services."""

from __future__ import annotations

from collections.abc import Iterator

from kit.i18n import _, localized, ngettext
from kit.model.verdict import Verdict
from kit.reporting.blocks import Block, Cell, heading, paragraph, table
from kit.reporting.data import ReportData
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
    yield paragraph(
        _(
            "Whether posts reach DMP, MSSanté, INSi and Pro Santé Connect was not looked at by this"
            " check."
        )
    )
