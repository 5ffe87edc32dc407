"""The part of the PDF about each device: what it is, what stands open, what was counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kit.checking.labels import one_of
from kit.i18n import _, ngettext
from kit.model.verdict import Verdict
from kit.reporting.blocks import Block, Cell, heading, paragraph, table, verdict_cell
from kit.reporting.data import UNSEEN, ReportData
from kit.reporting.device_views import DeviceView
from kit.reporting.page import Page
from kit.reporting.rows import Line, Row
from kit.reporting.text import counted, show_short_time
from kit.reporting.words import word


def device_blocks(data: ReportData, page: Page, most_open: int) -> Iterator[Block]:
    """Every device; beyond ``most_open`` findings in all, without the values one by one."""
    yield heading(_("Findings per device"), page=True)
    opened = sum(
        count
        for verdict, count in data.summary.result.counts.items()
        if verdict in {Verdict.FAIL, Verdict.ERROR, Verdict.NOT_CHECKED}
    )
    brief = opened > most_open
    if brief:
        yield paragraph(
            _(
                "This site has too many open findings to print each with its values: the HTML, XLSX"
                " and JSON reports hold them. Here they are counted."
            )
        )
        yield _counts(page)
        return
    yield paragraph(
        _("What stands open, device by device. The values that comply stand in the XLSX report.")
    )
    for one in page.devices:
        yield from _device(one, data, page)


def _counts(page: Page) -> Block:
    heads = [_("Device"), _("Kind and use"), _("Standing"), _("Open"), _("Settled")]
    rows: list[list[Cell]] = [
        [
            one.sheet.id,
            one_of(one.sheet.device_class),
            word(one.sheet.standing),
            str(len(one.rows.open) or (len(one.rows.same.rules) if one.rows.same else 0)),
            page.settled(one.sheet),
        ]
        for one in page.devices
    ]
    return table("", heads, ["1.2", "1.4", "1.6", "0.6", "2"], rows, numbers=[3])


def _device(one: DeviceView, data: ReportData, page: Page) -> Iterator[Block]:
    sheet = one.sheet
    role = f" – {word(sheet.post_role)}" if sheet.post_role else ""
    model = f" – {sheet.model}" if sheet.model else ""
    yield heading(f"{sheet.id} – {one_of(sheet.device_class)}{model}{role}", 3)
    facts = _("; ").join(f"{name}{_(': ')}{value}" for name, value in page.facts[sheet.id])
    yield paragraph(facts, soft=True, keep=True)
    for warning in page.warnings[sheet.id]:
        yield paragraph(warning, keep=True)
    same = one.rows.same
    if same is not None:
        count = len(same.rules)
        told = counted(ngettext("{count} rule", "{count} rules", count), count)
        yield paragraph(f"{word(same.verdict)}, {told}{_(': ')}{same.why} {same.do}")
    elif sheet.standing in UNSEEN and not one.rows.open:
        yield paragraph(word(sheet.standing))
    if one.rows.open:
        yield table(
            "",
            [_("Finding"), _("Rule, and what to do"), _("What was read"), _("Expected"),
             _("Observed")],
            ["1.15", "2", "1.5", "1.2", "1.2"],
            [told for row in one.rows.open for told in _rows(row, sheet.id, data, page)],
        )  # fmt: skip
    settled = page.settled(sheet)
    if settled:
        yield paragraph(settled, soft=True)


def _rows(row: Row, device: str, data: ReportData, page: Page) -> Iterator[list[Cell]]:
    """The finding beside a line for each thing that was read."""
    notes = list(row.notes)
    since = page.since.get((device, row.rule))
    if since is not None:
        when = show_short_time(since.since, data.site.timezone)
        notes.append(_("Since {date}.").format(date=when))
    cut = row.cut
    if cut:
        message = ngettext(
            "{count} more value stands in the JSON report.",
            "{count} more values stand in the JSON report.",
            cut,
        )
        notes.append(counted(message, cut))
    verdict = verdict_cell(row.verdict, row.severity)
    rule: dict[str, Any] = {
        "strong": f"{row.rule}. {page.title(row.rule)}",
        "text": " ".join(notes),
    }
    lines = len(row.lines)
    if lines > 1:
        verdict["lines"] = rule["lines"] = lines
    told: list[list[Cell]] = [
        [_keys(line, row.lines), line.expected, line.observed] for line in row.lines
    ]
    first, *more = told or [["", "", ""]]
    yield [verdict, rule, *first]
    yield from more


def _keys(line: Line, lines: Sequence[Line]) -> Cell:
    """What was read; and where, if the same name was read in several places."""
    told = ", ".join(line.keys) + (f" [+{line.more_keys}]" if line.more_keys else "")
    again = sum(set(one.keys) & set(line.keys) != set() for one in lines) > 1
    return {"text": told, "small": line.reads} if again else told
