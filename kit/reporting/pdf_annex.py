"""The end of the PDF: waivers, choices, rules, method, limits, references."""

from __future__ import annotations

from collections.abc import Iterator

from kit.checking.labels import theme_label
from kit.i18n import _, localized
from kit.reporting import blocks
from kit.reporting.blocks import Block, Cell, heading, paragraph, table, verdict_cell
from kit.reporting.data import ReportData
from kit.reporting.page import Page
from kit.reporting.pdf_sections import names
from kit.reporting.sheets import origin_text
from kit.reporting.text import plain_value, show_date, typographic
from kit.reporting.words import word


def annex_blocks(data: ReportData, page: Page) -> Iterator[Block]:
    """Waivers, choices, rules, method, limits, references."""
    yield heading(_("Waivers and choices of the site"), page=True)
    yield from _waivers(data, page)
    yield from _choices(data)
    yield heading(_("Rules"), page=True)
    rules: list[list[Cell]] = [
        [
            str(number),
            {
                "strong": page.titles[one.id],
                "text": typographic(localized(one.why)) if one.why else "",
            },
            theme_label(one.theme),
            word(one.severity),
        ]
        for number, one in enumerate(data.rules, 1)
    ]
    heads = [_("No."), _("Rule, and why it matters"), _("Theme"), _("Severity")]
    yield table("", heads, ["0.3", "5", "1.2", "0.9"], rules)
    yield heading(_("Method, limits and references"), page=True)
    yield heading(_("Verdicts"), 3)
    meanings: list[list[Cell]] = [[verdict_cell(one), text] for one, text in page.meanings]
    yield table("", [_("Finding"), _("Meaning")], ["1", "4"], meanings)
    yield heading(_("Shares and grade"), 3)
    yield from (paragraph(one) for one in page.scoring)
    yield heading(_("Limits"), 3)
    yield blocks.bullets(page.limits)
    yield heading(_("References"), 3)
    title = typographic(localized(data.baseline.title))
    yield blocks.bullets([f"{title}, {data.baseline.version}", *page.references])
    yield heading(_("How this check was made"), 3)
    yield blocks.pairs(page.run_identity)


def _waivers(data: ReportData, page: Page) -> Iterator[Block]:
    yield heading(_("Waivers"), 3)
    if not data.waivers:
        yield paragraph(_("There is no waiver."))
        return
    heads = [
        _("Waiver"), _("State"), _("Rule and reason"), _("Approved by"), _("Period"), _("Devices")
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for one in data.waivers:
        w = one.waiver
        more = [
            f"{_('Compensating measure:')} {w.compensating}" if w.compensating else "",
            f"{_('Risk accepted:')} {w.risk}" if w.risk else "",
        ]
        reason = " ".join(filter(None, (w.reason, *more)))
        period = _("from {start} to {end}").format(start=show_date(w.start), end=show_date(w.end))
        rule = w.rule if w.rule in page.numbers else None
        title = f"{page.numbers[rule]}. {page.titles[rule]}" if rule else ""
        subject: Cell = {"strong": title or w.subject, "text": reason}
        rows.append([w.id, word(one.state), subject, w.approver, period, names(one.devices)])
    yield table("", heads, ["1", "0.8", "2.6", "1.1", "1.1", "1.2"], rows)


def _choices(data: ReportData) -> Iterator[Block]:
    yield heading(_("Disabled rules"), 3)
    disabled: list[list[Cell]] = [
        [
            {"text": typographic(localized(one.title)), "small": one.rule}
            if one.title
            else one.rule,
            one.reason,
            origin_text(one.origin),
        ]
        for one in data.baseline.disabled
    ]
    if disabled:
        heads = [_("Rule"), _("Reason given"), _("Decided by")]
        yield table("", heads, ["1.4", "2", "1"], disabled)
    else:
        yield paragraph(_("No rule is disabled."))
    yield heading(_("Values chosen"), 3)
    chosen: list[list[Cell]] = [
        [
            typographic(localized(one.title)),
            plain_value(one.value),
            _("none: every site gives its own")
            if one.default is None
            else plain_value(one.default),
            word(one.post_role) if one.post_role else _("whole site"),
            origin_text(one.origin),
        ]
        for one in data.baseline.parameters
    ]
    if chosen:
        heads = [
            _("Parameter"), _("Value"), _("Value of the baseline"), _("Where"), _("Decided by")
        ]  # fmt: skip
        yield table("", heads, ["1.8", "1.2", "1.2", "1", "1.2"], chosen)
    else:
        yield paragraph(_("The site uses the values of the baseline."))
