"""The part of the PDF about each device: what it is, what stands open, what was counted."""

from __future__ import annotations

from collections.abc import Iterator

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
            word(one.sheet.device_class),
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
    yield heading(f"{sheet.id} – {word(sheet.device_class)}{model}{role}", 3)
    facts = _("; ").join(f"{name}{_(': ')}{value}" for name, value in page.facts[sheet.id])
    yield paragraph(facts, soft=True)
    for warning in page.warnings[sheet.id]:
        yield paragraph(warning)
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
            [_row(row, sheet.id, data, page) for row in one.rows.open],
        )  # fmt: skip
    settled = page.settled(sheet)
    if settled:
        yield paragraph(settled, soft=True)


def _row(row: Row, device: str, data: ReportData, page: Page) -> list[Cell]:
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
    rule: Cell = {"strong": f"{row.rule}. {page.title(row.rule)}", "text": " ".join(notes)}
    return [
        verdict_cell(row.verdict, row.severity),
        rule,
        " / ".join(_keys(line) for line in row.lines),
        _joined(row, "expected"),
        _joined(row, "observed"),
    ]


def _keys(line: Line) -> str:
    told = ", ".join(line.keys)
    return told + (f" [+{line.more_keys}]" if line.more_keys else "")


def _joined(row: Row, field: str) -> str:
    told = [getattr(line, field) for line in row.lines]
    return " / ".join(dict.fromkeys(told) if len(set(told)) == 1 else told)
