"""What ``journal show`` shows: what was, what was written, how it was found afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kit.cli.plan_shown import target_words
from kit.cli.terminal import say, show_json
from kit.i18n import _

if TYPE_CHECKING:
    from kit.model.journal import JournalEntry, RunJournal
    from kit.model.run import Operator


def show_journal(journal: RunJournal, *, as_json: bool) -> None:
    """A line for each target, and each of its values below it."""
    if as_json:
        show_json(journal.model_dump(mode="json", by_alias=True))
        return
    run = journal.run
    say(
        _("Run {run} of {who}, site “{site}”, {when}").format(
            run=run.id,
            who=f"{run.operator.account}@{run.operator.controller}",
            site=run.site,
            when=run.started_at.isoformat(timespec="seconds"),
        ),
        style="bold",
    )
    say(_who(run.operator), style="dim")
    for entry in journal.entries:
        _show_entry(entry)
    if not journal.entries:
        say(_("Nothing was changed."))


def _who(operator: Operator) -> str:
    """In which capacity and from what session, as it was noted."""
    from kit.checking.labels import label

    known = [label(one) for one in (operator.capacity, operator.authentication) if one is not None]
    return ", ".join(known) or _("capacity and authentication not noted")


def _show_entry(entry: JournalEntry) -> None:
    from kit.checking.reasons import show_observed

    found = _read_back(entry.read_back.value if entry.read_back else "")
    good = entry.read_back is not None and entry.read_back.value == "as_wanted"
    style = "" if good or entry.state in {"unchanged", "skipped"} else "yellow"
    say(
        f"{entry.device}  {target_words(entry.target)}{_(': ')}{_state(entry.state)}, {found}",
        style=style,
    )
    for value in entry.change.values:
        say(f"     {value.key}: {show_observed(value.old)} → {show_observed(value.new)}")


def _state(word: str) -> str:
    known = {
        "planned": _("begun, end not told"),
        "done": _("done"),
        "unchanged": _("was so already"),
        "failed": _("failed"),
        "skipped": _("not tried"),
        "unknown": _("end not known"),
        "reverted": _("put back by the watchdog"),
    }
    return known.get(word, word)


def _read_back(word: str) -> str:
    return {
        "as_wanted": _("read back as wanted"),
        "as_before": _("read back as it was before"),
        "otherwise": _("read back as something else"),
        "not_read": _("could not be read back"),
        "": _("not read back"),
    }[word]
