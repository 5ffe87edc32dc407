"""The tables of a report for spreadsheets: one list of columns and rows for CSV and XLSX alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Final

from kit.checking.labels import one_of, theme_label
from kit.i18n import N_, _, localized
from kit.model.finding import Finding
from kit.model.meta import Fix
from kit.model.verdict import Verdict
from kit.reporting.alike import Alike
from kit.reporting.data import DeviceSheet, ReportData
from kit.reporting.equipment_page import equipment_view
from kit.reporting.findings_said import say_finding
from kit.reporting.method import limits, meanings, scoring
from kit.reporting.page import state_sentences, task_titles
from kit.reporting.services import declared_sentence
from kit.reporting.sheets import identity, origin_text, run_identity
from kit.reporting.table_shapes import Cell, Cells, Column, Table, columns_of, local_time
from kit.reporting.tables_declared import declarations_table, second_factor_table
from kit.reporting.text import plain_value, show_share, show_time, typographic
from kit.reporting.words import notice_text, task_text, withheld_text, word
from kit.sites.systems import system_name


def tables(data: ReportData, *, codes: bool = False) -> tuple[Table, ...]:
    """Every table of a report, in the current language; the summary first.

    ``codes``: operating systems keep their labels, for programs; people are given names.
    """
    made = [
        _summary(data), _devices(data, codes=codes), _findings(data), _todo(data), _waivers(data),
        _choices(data), declarations_table(data), second_factor_table(data),
        _equipment(data, codes=codes), _deliveries(data), _rules(data), _frameworks(data),
        _method(data),
    ]  # fmt: skip
    return tuple(one for one in made if one is not None)


def _summary(data: ReportData) -> Table:
    def rows() -> Iterator[tuple[Cell, ...]]:
        summary = data.summary
        for notice in data.notices:
            yield _("Notice"), notice_text(notice)
        for name, value in (("", data.site.name), *identity(data), *run_identity(data)):
            yield name or _("Establishment"), value
        yield _("Checked on"), show_time(data.run.started_at, data.site.timezone)
        for sentence in state_sentences(data):
            yield _("State"), sentence
        if declared := declared_sentence(data.declared):
            yield _("Declarations"), declared
        grade = summary.result.grade
        yield _("Grade"), grade or _("No grade")
        if grade is None:
            yield _("Why"), ", ".join(withheld_text(one) for one in summary.withheld)
        result = summary.result
        yield _("Share of the applicable findings judged"), show_share(result.coverage)
        yield _("Share that complies, weighted by severity"), show_share(result.ratio)
        with_waivers = show_share(result.ratio_with_waivers)
        yield _("Share that complies, waivers accepted"), with_waivers
        if data.reference is not None:
            yield (
                _("Share that complies, at the values of the baseline"),
                show_share(data.reference.result.ratio),
            )
        for verdict, count in summary.result.counts.items():
            yield word(verdict), count
        for standing, count in summary.standings.items():
            if count:
                yield _("Devices: {standing}").format(standing=word(standing).lower()), count

    return Table("summary", _("Summary"), columns_of((N_("What"), 38), (N_("Value"), 90)), rows)


_DEVICE_HEADS: Final = (
    (N_("Device"), 16), (N_("Asset"), 16), (N_("Kind"), 18), (N_("Use"), 22), (N_("Model"), 30),
    (N_("System announced"), 16), (N_("Serial number"), 18), (N_("Zone"), 16),
    (N_("Administered by"), 20), (N_("State"), 16), (N_("Delivery"), 16), (N_("Standing"), 26),
    (N_("Read on"), 18), (N_("Age of the reading (days)"), 10), (N_("Provenance"), 40),
)  # fmt: skip


def _devices(data: ReportData, *, codes: bool) -> Table:
    columns = (
        *columns_of(*_DEVICE_HEADS),
        *(Column(word(one), 12) for one in Verdict),
        Column(_("Under waiver"), 12),
        Column(_("Share that complies"), 12, share=True),
        Column(_("Coverage"), 12, share=True),
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for one in data.devices:
            yield _device(one, data, codes=codes)

    return Table("devices", _("Devices"), columns, rows)


def _device(one: DeviceSheet, data: ReportData, *, codes: bool) -> tuple[Cell, ...]:
    result = one.result
    use = word(one.post_role) if one.post_role else None
    system = one.os if codes or one.os is None else system_name(one.os)
    days = one.age // 86_400 if one.age is not None else None
    return (
        one.id, one.asset_id, one_of(one.device_class), use, one.model, system, one.serial,
        one.zone, one.managed_by, word(one.state), one.delivery, word(one.standing),
        local_time(one.taken_at, data), days, word(one.provenance),
        *(result.counts[verdict] for verdict in Verdict), result.waived,
        result.ratio if result.coverage else None, result.coverage,
    )  # fmt: skip


_FINDING_HEADS: Final = (
    (N_("Device"), 16), (N_("Kind"), 18), (N_("Use"), 22), (N_("Theme"), 20), (N_("Rule"), 34),
    (N_("Title"), 46), (N_("Severity"), 12), (N_("Tier"), 14), (N_("Finding"), 16),
    (N_("What was read"), 40), (N_("Expected"), 34), (N_("Observed"), 34), (N_("Why"), 46),
    (N_("What to do"), 46), (N_("How it is mended"), 24), (N_("Enforced"), 10),
    (N_("Configured, but"), 20), (N_("Waiver"), 16), (N_("Waiver until"), 14),
    (N_("Provenance"), 40), (N_("Read on"), 18), (N_("Since"), 14),
)  # fmt: skip


def _findings(data: ReportData) -> Table:
    devices = {
        one.id: (one.id, one_of(one.device_class), word(one.post_role) if one.post_role else None)
        for one in data.devices
    }
    titles = {one.id: typographic(localized(one.title)) for one in data.rules}
    remedies = {one.id: typographic(localized(one.remedy)) for one in data.rules if one.remedy}
    ends = {one.waiver.id: one.waiver.end for one in data.waivers}
    history = data.history
    since = {(one.device, one.rule): one.since for one in history.since} if history else {}

    def cells(one: Finding) -> tuple[Cell, ...]:
        said = say_finding(one, remedies.get(one.rule, ""))
        failed = one.verdict is Verdict.FAIL
        return (
            theme_label(one.theme), one.rule, titles[one.rule], word(one.severity),
            word(one.tier), word(one.verdict), said.keys, said.expected,
            said.observed, said.why, said.do,
            word(one.fix) if failed or one.fix is not Fix.REMOTE else None,
            _("yes") if one.enforced else _("no"),
            word(one.pending) if one.pending else None, one.waiver,
            ends.get(one.waiver) if one.waiver else None, word(one.provenance),
        )  # fmt: skip

    @lru_cache(maxsize=1024)
    def moments(observed: datetime | None, stands: datetime | None) -> Cells:
        return local_time(observed, data), local_time(stands, data)

    def parts() -> Iterator[tuple[Cells, ...]]:
        of_alike = Alike(cells)
        for one in data.findings:
            device = one.subject.id
            stands = since.get((device, one.rule))
            yield devices[device], of_alike(one), moments(one.observed_at, stands)

    return Table(
        "findings",
        _("Findings"),
        columns_of(*_FINDING_HEADS),
        lambda: (tuple(chain(*one)) for one in parts()),
        parts,
    )


def _todo(data: ReportData) -> Table:
    heads = (
        (N_("No."), 6), (N_("Step"), 34), (N_("Severity"), 12), (N_("What"), 60),
        (N_("Rules"), 8), (N_("Devices"), 10), (N_("Names of the devices"), 60),
        (N_("Findings"), 10), (N_("In charge"), 20), (N_("Due date"), 14), (N_("Done on"), 14),
    )  # fmt: skip

    def rows() -> Iterator[tuple[Cell, ...]]:
        titles = task_titles(data)
        for number, action in enumerate(data.actions, 1):
            for task in action.tasks:
                what = titles[task.rule] if task.rule else task_text(task)
                yield (
                    number, word(action.kind), word(task.severity), what, task.rules,
                    len(task.devices), ", ".join(task.devices), task.findings,
                    None, None, None,
                )  # fmt: skip

    return Table("to-do", _("What to do"), columns_of(*heads), rows)


def _waivers(data: ReportData) -> Table:
    heads = (
        (N_("Waiver"), 16), (N_("State"), 18), (N_("Rule"), 34), (N_("Title"), 46),
        (N_("Devices named"), 30),
        (N_("Uses"), 24), (N_("Reason"), 50), (N_("Compensating measure"), 50),
        (N_("Risk accepted"), 50), (N_("Approved by"), 26), (N_("Start"), 12), (N_("End"), 12),
        (N_("Days left"), 10), (N_("Non-compliances in its scope"), 40),
    )  # fmt: skip

    def rows() -> Iterator[tuple[Cell, ...]]:
        titles = task_titles(data)
        for one in data.waivers:
            w = one.waiver
            yield (
                w.id, word(one.state), w.subject, titles.get(w.rule or ""), ", ".join(w.devices),
                ", ".join(word(role) for role in w.post_roles), w.reason, w.compensating, w.risk,
                w.approver, w.start, w.end, one.days_left, ", ".join(one.devices),
            )  # fmt: skip

    return Table("waivers", _("Waivers"), columns_of(*heads), rows)


def _choices(data: ReportData) -> Table:
    heads = (
        (N_("Choice"), 22), (N_("Name"), 34), (N_("Title"), 46),
        (N_("Value"), 34), (N_("Value of the baseline"), 34),
        (N_("Use"), 24), (N_("Reason given"), 50), (N_("Decided by"), 30),
    )  # fmt: skip

    def rows() -> Iterator[tuple[Cell, ...]]:
        for one in data.baseline.parameters:
            yield (
                _("Value chosen"), one.name, typographic(localized(one.title)),
                plain_value(one.value),
                plain_value(one.default) if one.default is not None else None,
                word(one.post_role) if one.post_role else None, None, origin_text(one.origin),
            )  # fmt: skip
        for rule in data.baseline.disabled:
            yield (
                _("Rule disabled"), rule.rule,
                typographic(localized(rule.title)) if rule.title else None,
                None, None, None, rule.reason,
                origin_text(rule.origin),
            )  # fmt: skip

    return Table("choices", _("Choices of the site"), columns_of(*heads), rows)


def _equipment(data: ReportData, *, codes: bool) -> Table | None:
    if data.equipment is None:
        return None
    view = equipment_view(data.equipment, codes=codes)
    criteria = [one.criterion for one in data.equipment.criteria]
    heads = columns_of(
        (N_("Device"), 16), (N_("Kind"), 18), (N_("Use"), 22), (N_("Model"), 30),
        (N_("Fitness"), 12), (N_("What to do"), 34), (N_("Why"), 60),
    )  # fmt: skip
    columns = (*heads, *(Column(word(one), 22) for one in criteria))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for line in view.lines:
            one = line.device
            shown = {cell.criterion: cell for cell in line.cells}
            yield (
                one.id, one_of(one.device_class), word(one.post_role) if one.post_role else None,
                one.model, word(one.fitness), word(one.action), " / ".join(line.why),
                *(
                    " ".join(filter(None, (shown[c].text, shown[c].note)))
                    or (word(fitness) if (fitness := shown[c].fitness) else None)
                    for c in criteria
                ),
            )  # fmt: skip

    return Table("equipment", _("State of the equipment"), columns, rows)


def _deliveries(data: ReportData) -> Table | None:
    if not data.deliveries:
        return None
    heads = (
        (N_("Delivery"), 18), (N_("Order"), 18), (N_("Supplier"), 26), (N_("Dated"), 12),
        (N_("Lot"), 8), (N_("Model"), 34), (N_("Designation"), 40), (N_("Ordered"), 10),
        (N_("Received"), 10), (N_("In service"), 10), (N_("Compliant"), 10),
    )  # fmt: skip

    def rows() -> Iterator[tuple[Cell, ...]]:
        for one in data.deliveries or ():
            for line in one.lines:
                yield (
                    one.note_number or one.id, one.order_number, one.supplier, one.dated, line.lot,
                    line.model, line.designation, line.ordered, line.received, line.adopted,
                    line.compliant,
                )  # fmt: skip

    return Table("deliveries", _("Deliveries"), columns_of(*heads), rows)


def _rules(data: ReportData) -> Table:
    heads = columns_of(
        (N_("Rule"), 34), (N_("Title"), 50), (N_("Theme"), 20), (N_("Severity"), 12),
        (N_("Tier"), 14), (N_("Why it matters"), 80), (N_("Remedy"), 60),
        (N_("Reference facts"), 30),
    )  # fmt: skip
    columns = (*heads, *(Column(word(one), 12) for one in Verdict))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for one in data.rules:
            yield (
                one.id, typographic(localized(one.title)), theme_label(one.theme),
                word(one.severity), word(one.tier),
                typographic(localized(one.why)) if one.why else None,
                typographic(localized(one.remedy)) if one.remedy else None, ", ".join(one.facts),
                *(one.counts[verdict] for verdict in Verdict),
            )  # fmt: skip

    return Table("rules", _("Rules"), columns, rows)


def _frameworks(data: ReportData) -> Table | None:
    if not data.frameworks:
        return None
    heads = columns_of(
        (N_("Framework"), 50), (N_("Publisher"), 20), (N_("Version"), 10), (N_("Date"), 12),
        (N_("Text read for the mapping"), 14), (N_("Controls"), 10),
    )  # fmt: skip
    columns = (*heads, *(Column(word(one), 14) for one in Verdict))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for one in data.frameworks or ():
            yield (
                typographic(localized(one.title)), one.publisher, one.version, one.date,
                _("yes") if one.read else _("no"), one.controls,
                *(one.verdicts[verdict] for verdict in Verdict),
            )  # fmt: skip

    return Table("frameworks", _("Frameworks"), columns, rows)


def _method(data: ReportData) -> Table:
    def rows() -> Iterator[tuple[Cell, ...]]:
        for verdict, meaning in meanings():
            yield word(verdict), meaning
        for sentence in scoring(data):
            yield _("Shares and grade"), sentence
        for sentence in limits(data):
            yield _("Limits"), sentence

    return Table("method", _("Method and limits"), columns_of((N_("What"), 24), (N_("Text"), 120)),
                 rows)  # fmt: skip
