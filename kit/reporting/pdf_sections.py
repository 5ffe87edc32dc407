"""The sections of the PDF about the whole site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from kit.checking.labels import one_of, theme_label
from kit.i18n import _, localized, ngettext
from kit.model.device import DeviceClass
from kit.model.rule import Severity
from kit.model.verdict import Verdict
from kit.reporting import blocks
from kit.reporting.blocks import Block, Cell, heading, paragraph, table
from kit.reporting.data import ReportData
from kit.reporting.delivery_page import difference_text, show_pieces
from kit.reporting.equipment_page import equipment_view
from kit.reporting.heat_map import heat_map
from kit.reporting.page import Page
from kit.reporting.pdf_declared import declared_blocks
from kit.reporting.results import Group
from kit.reporting.services import declared_sentence
from kit.reporting.text import (
    counted,
    show_date,
    show_number,
    show_result,
    show_share,
    typographic,
)
from kit.reporting.words import notice_text, task_text, word

MOST_NAMES: Final = 40
MOST_MAPPED: Final = 200
_APPLICABLE: Final = tuple(one for one in Verdict if one is not Verdict.NOT_APPLICABLE)


def names(ids: Sequence[str]) -> str:
    """Names of devices, the first of many."""
    if len(ids) <= MOST_NAMES:
        return ", ".join(ids)
    left = len(ids) - MOST_NAMES
    more = counted(ngettext("and {count} more", "and {count} more", left), left)
    return ", ".join(ids[:MOST_NAMES]) + f" {more}"


def first_page(data: ReportData, page: Page) -> Iterator[Block]:
    """Identity, state, figures, what to do first: what a director reads."""
    if data.notices:
        told = [blocks.safe(notice_text(one)) for one in data.notices]
        yield {"kind": "notice", "items": told}
    yield blocks.pairs(page.identity)
    yield heading(_("In brief"))
    for sentence in page.state:
        yield paragraph(sentence)
    if declared := declared_sentence(data.declared):
        yield paragraph(declared)
    for sentence in page.changes:
        yield paragraph(sentence)
    result = data.summary.result
    grade = f"{_('Grade')}{_(': ')}{result.grade}" if result.grade else _("No grade")
    yield paragraph(f"{grade}. {page.grade_note}")
    figures = [
        (_("of the equipment read, at least in part"), page.seen),
        (_("of the applicable findings judged"), result.coverage),
        (_("compliant, weighted by severity"), result.ratio),
        (_("the same with waivers accepted"), result.ratio_with_waivers),
    ]
    if data.reference is not None:
        figures.append((_("the same at the values of the baseline"), data.reference.result.ratio))
    yield {"kind": "figures", "items": [[name, show_share(share)] for name, share in figures]}
    if page.verdicts:
        yield blocks.bar(_("Findings, all applicable rules of all devices"), page.verdicts)
    if page.coverage:
        yield blocks.bar(_("Devices, by how far they were looked at"), page.coverage)
    yield heading(_("To do first"), 3)
    steps = [
        [word(action.kind), size]
        for action, size in zip(data.actions[:5], page.action_sizes, strict=False)
    ]
    yield {"kind": "steps", "items": steps} if steps else paragraph(page.nothing_to_do)
    yield {
        "kind": "signatures",
        "title": _("Seen by"),
        "items": [
            f"{who}{_(': ')}{_('name, capacity, date, signature')}"
            for who in (_("For the establishment"), _("For the audit"))
        ],
    }
    yield from _unseen(page)


def _unseen(page: Page) -> Iterator[Block]:
    if not page.unseen:
        return
    yield heading(_("What was not looked at"), page=True)
    yield paragraph(
        _(
            "Nothing is known of this equipment. It counts in the denominator of every share and is"
            " never counted as compliant."
        )
    )
    rows: list[list[Cell]] = [
        [
            word(one.standing),
            _("; ").join(f"{word(kind)}{_(': ')}{names(ids)}" for kind, ids in one.kinds),
            one.why,
            one.do,
        ]
        for one in page.unseen
    ]
    yield table(
        _("Devices of which nothing is known, and why"),
        [_("Standing"), _("Devices"), _("Why"), _("What to do")],
        ["1.1", "1.7", "1.4", "1.4"],
        rows,
    )


def _groups(caption: str, name: str, groups: Sequence[Group], label: Callable[[str], str]) -> Block:
    heads = [name, _("Devices"), *(word(one) for one in _APPLICABLE), _("Share that complies")]
    rows: list[list[Cell]] = [
        [
            label(one.key),
            show_number(one.devices),
            *(show_number(one.result.counts[verdict]) for verdict in _APPLICABLE),
            show_result(one.result),
        ]
        for one in groups
    ]
    return table(
        caption, heads, ["2", *["1"] * (len(heads) - 1)], rows, numbers=range(1, len(heads))
    )


def result_blocks(data: ReportData, page: Page) -> Iterator[Block]:
    """Results by theme, severity, class and device; the heat map; the census."""
    yield heading(_("Results"), page=True)
    if not data.findings:
        yield paragraph(_("This check gave no finding."))
        yield from _census(page)
        return
    yield heading(_("By theme"), 3)
    yield _groups(_("Findings of each theme of rules"), _("Theme"), data.themes, theme_label)
    yield heading(_("By severity"), 3)
    yield _groups(_("Findings of each severity"), _("Severity"), data.severities,
                  lambda key: word(Severity(key)))  # fmt: skip
    yield heading(_("By kind of equipment"), 3)
    yield _groups(_("Findings of each kind of equipment"), _("Kind"), data.classes,
                  lambda key: word(DeviceClass(key)))  # fmt: skip
    yield from _heat(data)
    yield from _census(page)


def _heat(data: ReportData) -> Iterator[Block]:
    yield heading(_("Devices by themes"), 3)
    if len(data.devices) > MOST_MAPPED:
        yield paragraph(_("Too many devices to draw each here: the HTML report does."))
        return
    heat = heat_map(data.devices, data.findings, [one.key for one in data.themes])
    yield paragraph(
        _(
            "Each square is the worst finding of a theme on a device; a number counts"
            " non-compliances. Where there is none, no rule of the theme is for the device."
        )
        + " " + heat.summary
    )  # fmt: skip
    yield {
        "kind": "heat",
        "heads": [_("Device"), *(blocks.safe(name) for name, _x in heat.themes)],
        "rows": [
            {
                "name": blocks.safe(row.device),
                "cells": [
                    {
                        "style": cell.verdict.value if cell.verdict else "",
                        "count": str(cell.count) if cell.verdict is Verdict.FAIL else "",
                    }
                    for cell in row.cells
                ],
            }
            for row in heat.rows
        ],
    }
    legend = {
        "✓": Verdict.PASS, "✗": Verdict.FAIL, "!": Verdict.ERROR, "○": Verdict.NOT_CHECKED,
        "–": Verdict.NOT_APPLICABLE,
    }  # fmt: skip
    yield {
        "kind": "paragraph",
        "soft": True,
        "keep": False,
        "text": ", ".join(f"{sign} {word(verdict)}" for sign, verdict in legend.items()),
    }


def _census(page: Page) -> Iterator[Block]:
    yield heading(_("Declared, delivered, seen"), 3)
    rows: list[list[Cell]] = [
        [
            word(row.kind) if row.kind else _("Total"),
            *(show_number(n) for n in (row.declared, row.delivered, row.in_service, row.seen,
                                       row.removed)),
        ]
        for row in page.census.rows
    ]  # fmt: skip
    heads = [
        _("Kind"), _("In the inventory"), _("From a known delivery"), _("In service"),
        _("Seen in this check"), _("Removed"),
    ]  # fmt: skip
    yield table("", heads, ["2", *["1"] * 5], rows, numbers=range(1, 6))
    for title, ids in (
        (_("In the inventory without a known delivery"), page.census.without_delivery),
        (_("Not yet in service"), page.census.not_in_service),
        (_("Removed, kept for the record"), page.census.removed),
    ):
        if ids:
            yield paragraph(f"{title}{_(': ')}{names(ids)}")


def history_blocks(data: ReportData, page: Page) -> Iterator[Block]:
    """The trend and the frameworks."""
    if page.trend:
        yield heading(_("Trend"))
        heads = [
            _("Check of"), _("Share that complies"), _("Coverage"), _("Non-compliances"),
            _("Not known"), _("Remark"),
        ]  # fmt: skip
        rows: list[list[Cell]] = [
            [one.when, one.share, one.coverage, str(one.failures), str(one.unknown), one.note]
            for one in page.trend
        ]
        yield table("", heads, ["1.4", "1", "1", "1", "1", "2"], rows, numbers=range(1, 5))
    if data.frameworks:
        yield heading(_("Frameworks"))
        yield paragraph(
            _(
                "Each control counts once, by the worst of what answers it at this site. A control"
                " that no rule measures in full is never compliant. This tells what was found, not"
                " compliance with the text."
            )
        )
        heads = [_("Framework"), _("Controls"), *(word(one) for one in Verdict)]
        told: list[list[Cell]] = [
            [
                typographic(localized(one.title)),
                str(one.controls),
                *(str(one.verdicts[verdict]) for verdict in Verdict),
            ]
            for one in data.frameworks
        ]
        yield table("", heads, ["3", *["1"] * 6], told, numbers=range(1, 7))


def todo_blocks(data: ReportData, page: Page) -> Iterator[Block]:
    """What to do, the equipment to renew, the deliveries."""
    yield heading(_("What to do"), page=True)
    if not data.actions:
        yield paragraph(page.nothing_to_do)
    for number, (action, size) in enumerate(zip(data.actions, page.action_sizes, strict=True), 1):
        yield heading(f"{number}. {word(action.kind)}", 3)
        rows: list[list[Cell]] = []
        for task in action.tasks:
            what = page.titles[task.rule] if task.rule else task_text(task)
            remedy = page.remedies.get(task.rule, "") if task.rule else ""
            cell: Cell = {"strong": what, "text": remedy} if remedy else what
            where = names(task.devices) if task.devices else _("Establishment")
            rows.append([word(task.severity), cell, where])
        yield table(size, [_("Severity"), _("What"), _("Devices")], ["0.7", "2", "2"], rows)
    yield from _equipment(data)
    yield from declared_blocks(data)
    yield from _deliveries(data)


def _equipment(data: ReportData) -> Iterator[Block]:
    if data.equipment is None:
        return
    view = equipment_view(data.equipment)
    yield heading(_("State of the equipment"))
    yield paragraph(view.state)
    if view.segments:
        yield blocks.bar(_("Devices, by what they are fit for"), view.segments)
    heads = [_("Device"), _("Kind and use"), _("Why")]
    for title, lines in (
        (_("To replace"), view.to_replace),
        *((word(action).capitalize(), lines) for action, lines in view.to_plan),
    ):
        if lines:
            yield heading(title, 3)
            rows: list[list[Cell]] = [
                [one.device.id, f"{one_of(one.device.device_class)} – {one.device.model}",
                 " / ".join(one.why)]
                for one in lines
            ]  # fmt: skip
            yield table("", heads, ["1", "2", "2.5"], rows)
    if view.gaps:
        yield heading(_("What is not known"), 3)
        gaps: list[list[Cell]] = [[word(g.criterion), names(g.devices), g.do] for g in view.gaps]
        gap_heads = [_("Criterion"), _("Devices"), _("What to do")]
        yield table("", gap_heads, ["1", "2", "1.6"], gaps)


def _deliveries(data: ReportData) -> Iterator[Block]:
    if not data.deliveries:
        return
    yield heading(_("Deliveries"))
    heads = [_("Lot"), _("Model"), _("Ordered"), _("Received"), _("In service"), _("Compliant")]
    for one in data.deliveries:
        number = one.note_number or one.id
        yield heading(_("Delivery {number}").format(number=number), 3)
        if one.order_number:
            order = _("order {number}").format(number=one.order_number)
            taken = _("taken in on {date}").format(date=show_date(one.taken_in_on))
            yield paragraph(f"{order}, {taken}", soft=True, keep=True)
        if one.differences:
            told = (difference_text(difference) for difference in one.differences)
            yield blocks.bullets(told, keep=True)
        rows: list[list[Cell]] = [
            [line.lot or "–", line.model, show_pieces(line.ordered), show_number(line.received),
             show_number(line.adopted), show_pieces(line.compliant)]
            for line in one.lines
        ]  # fmt: skip
        yield table("", heads, ["0.5", "3", "1", "1", "1", "1"], rows, numbers=range(2, 6))
