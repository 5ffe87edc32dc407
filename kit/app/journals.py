"""The journal of a run: shown, written to a file, taken in from another controller."""

from __future__ import annotations

from pathlib import Path

from kit.app.plan_files import read_record
from kit.app.undo import site_of_run
from kit.documents_io.files import write_file
from kit.errors import InvalidDocuments, Position, Problem, UsageError
from kit.i18n import _
from kit.model.journal import RunJournal
from kit.store.store import Store


def journal_of(store: Store, run_id: str) -> RunJournal:
    """The journal of a run; raises ``UsageError`` when there is none."""
    site_of_run(store, run_id)
    run = store.run(run_id)
    if run is None:
        raise UsageError(_("there is no run “{run}” in this workspace.").format(run=run_id),
                         remedy=_("Name one of its runs."))  # fmt: skip
    return RunJournal(run=run, entries=store.journal(run_id))


def export_journal(store: Store, run_id: str, path: Path) -> RunJournal:
    """Write the journal of a run to a file that only its owner reads."""
    journal = journal_of(store, run_id)
    write_file(path, journal.model_dump_json(by_alias=True, indent=1) + "\n", mode=0o600)
    return journal


def import_journal(store: Store, path: Path) -> RunJournal:
    """Take in the journal of a run of another controller.

    Raises ``InvalidDocuments`` with positions, ``UsageError`` when the run is known already.
    """
    journal = read_record(RunJournal, path)
    problems = [
        Problem(Position(str(path)), _("an entry belongs to another run: {run}.").format(run=one))
        for one in sorted({entry.run for entry in journal.entries} - {journal.run.id})
    ]
    names = [(entry.device, entry.target) for entry in journal.entries]
    if len(set(names)) != len(names):
        problems.append(Problem(Position(str(path)), _("the same target stands twice.")))
    if journal.run.kind == "check":
        problems.append(Problem(Position(str(path)), _("this run changed nothing.")))
    if problems:
        raise InvalidDocuments(
            _("This journal cannot be used."), problems, remedy=_("Export it again.")
        )
    if store.run(journal.run.id) is not None:
        raise UsageError(
            _("the run {run} is known here already.").format(run=journal.run.id),
            where=str(path),
            remedy=_("Nothing was taken in."),
        )
    store.begin(journal.run)
    store.write_ahead(journal.entries)
    return journal
