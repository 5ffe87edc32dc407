"""PDF: tagged (PDF/UA-1), fonts inside, the same bytes for the same report.

On paper each device shows what stands open; what complies is counted, and its values stand in the
spreadsheet and the JSON report. Sites with very many open findings leave those to them too, and the
document says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kit.data_folders import data_folder
from kit.documents_io.typesetting import typeset
from kit.i18n import Language, _, language
from kit.reporting.blocks import Block, safe
from kit.reporting.data import ReportData
from kit.reporting.page import Page, page_of
from kit.reporting.pdf_annex import annex_blocks
from kit.reporting.pdf_devices import device_blocks
from kit.reporting.pdf_sections import (
    first_page,
    history_blocks,
    result_blocks,
    todo_blocks,
)
from kit.reporting.text import show_short_time, show_time
from kit.reporting.words import notice_text

MOST_OPEN: Final = 2500
"""Open findings shown one by one: about 150 pages. Our own choice."""


def document(data: ReportData) -> Mapping[str, Any]:
    """What the template is given, in the current language."""
    page = page_of(data)
    checked = show_short_time(data.run.started_at, data.site.timezone)
    title = _("Compliance report on IT equipment")
    return {
        "lang": "fr" if _("yes") == "oui" else "en",
        "kind": title,
        "title": safe(f"{title} – {data.site.name} – {checked}"),
        "description": safe(" ".join(notice_text(one) for one in data.notices)),
        "site": safe(data.site.name),
        "when": safe(_("Check of {when}").format(
            when=show_time(data.run.started_at, data.site.timezone)
        )),
        "run": safe(_("Run {run}").format(run=data.run.id)
                    + f" – {data.baseline.id} {data.baseline.version}"),
        "colon": _(": "),
        "blocks": list(_blocks(data, page)),
    }  # fmt: skip


def _blocks(data: ReportData, page: Page) -> Iterable[Block]:
    yield from first_page(data, page)
    yield from result_blocks(data, page)
    yield from history_blocks(data, page)
    yield from todo_blocks(data, page)
    yield from device_blocks(data, page, MOST_OPEN)
    yield from annex_blocks(data, page)


def render(data: ReportData, lang: Language) -> Mapping[str, bytes]:
    """``report.pdf`` in one language."""
    with language(lang):
        template = data_folder("templates") / "report.typ"
        return {"report.pdf": typeset(template, document(data), data.made_at, accessible=True)}


def chunks(data: ReportData, lang: Language) -> Mapping[str, Iterable[bytes]]:
    """The same as pieces, made when asked for."""
    return {"report.pdf": (render(data, lang)["report.pdf"] for _once in range(1))}
