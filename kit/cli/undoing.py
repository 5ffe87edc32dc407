"""``undo`` and ``journal``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.cli.loop import EngineWord, Yes, hands_for, kept
from kit.cli.session import redactor, session_of
from kit.i18n import _

RunName = Annotated[str, typer.Argument(metavar="RUN", help=_("A run that changed devices."))]
AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def undo(
    context: typer.Context,
    run: RunName,
    devices: Annotated[
        list[str] | None,
        typer.Option("--device", help=_("Only this device: a name or a pattern (repeatable).")),
    ] = None,
    rules: Annotated[
        list[str] | None, typer.Option("--rule", help=_("Only what this rule wrote (repeatable)."))
    ] = None,
    engine: EngineWord = "auto",
    yes: Yes = False,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit undo``."""
    from kit.app.opening import open_site
    from kit.app.running import asked
    from kit.app.undo import Behind, site_of_run
    from kit.app.undo import undo as use_case
    from kit.cli.apply_shown import show_apply

    session = session_of(context)
    workspace = session.workspace()
    behind = Behind(run, tuple(devices or ()), tuple(rules or ()))
    with kept(workspace) as store:
        opened = open_site(workspace, site_of_run(store, run))
        hands = hands_for(session, opened, engine, yes=yes, quiet=as_json)
        result = use_case(opened, store, asked(workspace, redactor()), behind, hands)
    show_apply(opened, result, as_json=as_json)
    return result.exit_code


def show(context: typer.Context, run: RunName, as_json: AsJson = False) -> int:
    """Run ``esms-kit journal show``."""
    from kit.app.journals import journal_of
    from kit.cli.journal_shown import show_journal

    with kept(session_of(context).workspace()) as store:
        show_journal(journal_of(store, run), as_json=as_json)
    return 0


def export(
    context: typer.Context,
    run: RunName,
    output: Annotated[Path, typer.Option("-o", "--output", help=_("Write it to this file."))],
) -> int:
    """Run ``esms-kit journal export``."""
    from kit.app.journals import export_journal
    from kit.cli.terminal import say

    with kept(session_of(context).workspace()) as store:
        journal = export_journal(store, run, output)
    say(_("{count} entries of run {run} written.").format(count=len(journal.entries), run=run))
    return 0


def take_in(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("What “export” wrote."))],
) -> int:
    """Run ``esms-kit journal import``."""
    from kit.app.journals import import_journal
    from kit.cli.terminal import say

    with kept(session_of(context).workspace()) as store:
        journal = import_journal(store, file)
    say(
        _("Run {run} of the site “{site}” taken in.").format(
            run=journal.run.id, site=journal.run.site
        )
    )
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(undo)
    group = typer.Typer(no_args_is_help=True)
    group.command("show", help=_("What a run did to each target, and what was read back."))(show)
    group.command("export", help=_("Write a run’s journal to a file, for another controller."))(
        export
    )
    group.command("import", help=_("Take in a run’s journal from another controller."))(take_in)
    app.add_typer(group, name="journal")
