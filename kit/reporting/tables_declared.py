"""The tables of what people answer for: declarations, second factors."""

from __future__ import annotations

from collections.abc import Iterator

from kit.checking.labels import theme_label
from kit.checking.reasons import explain
from kit.i18n import N_, _
from kit.reporting.data import ReportData
from kit.reporting.declared import MatterSheet
from kit.reporting.services import matter_state, matter_title
from kit.reporting.table_shapes import Cell, Table, columns_of, local_time
from kit.reporting.words import word

_HEADS = (
    (N_("Subject"), 46), (N_("Theme"), 24), (N_("Severity"), 12), (N_("Finding"), 16),
    (N_("State"), 26), (N_("Answer"), 18), (N_("Declared"), 46), (N_("Source"), 30),
    (N_("By"), 22), (N_("Function"), 26), (N_("On"), 12), (N_("Age (days)"), 10),
    (N_("Until"), 12), (N_("Days left"), 10), (N_("Provenance"), 18), (N_("Why"), 46),
    (N_("Number"), 16),
)  # fmt: skip


def declarations_table(data: ReportData) -> Table | None:
    """Everything that is to be declared, of the site and of its clients, missing or not."""
    declared = data.declared
    if declared is None:
        return None

    def rows() -> Iterator[tuple[Cell, ...]]:
        for one in declared.matters:
            yield _row(one)

    return Table("declarations", _("Declarations"), columns_of(*_HEADS), rows)


def _row(one: MatterSheet) -> tuple[Cell, ...]:
    return (
        matter_title(one), theme_label(one.theme), word(one.severity), word(one.verdict),
        matter_state(one), word(one.answer) if one.answer else None, one.statement, one.reference,
        one.by, one.function, one.on, one.age, one.until, one.days_left, word(one.provenance),
        " ".join(explain(reason) for reason in one.reasons) or None, one.declaration,
    )  # fmt: skip


def second_factor_table(data: ReportData) -> Table | None:
    """A row for each person, by pseudonym."""
    factor = data.second_factor
    if factor is None:
        return None
    heads = ((N_("Pseudonym"), 24), (N_("Finding"), 18), (N_("Seen in use on"), 18))

    def rows() -> Iterator[tuple[Cell, ...]]:
        for one in factor.people:
            yield one.id, word(one.verdict), local_time(one.observed_at, data)

    return Table("second-factor", _("Second factor"), columns_of(*heads), rows)
