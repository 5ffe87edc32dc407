"""``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.cli.session import session_of
from kit.i18n import _


def report(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))],
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            help=_(
                "Formats, comma-separated: html, pdf, xlsx, csv, json, oscal, arf, xccdf, junit."
            ),
        ),
    ] = "html",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help=_("Folder of the files."))
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help=_("Report this run instead of the last check."))
    ] = None,
) -> int:
    """Run ``esms-kit report``."""
    from kit.app import report as use_case
    from kit.app.opening import open_site
    from kit.app.running import now
    from kit.cli.terminal import say
    from kit.documents_io.side_by_side import write_side_by_side
    from kit.i18n import current_language
    from kit.store.store import open_store

    session = session_of(context)
    workspace = session.workspace()
    opened = open_site(workspace, site)
    store = open_store(workspace.store_url())
    folder = output if output is not None else workspace.root / "reports" / site
    try:
        names = [part.strip() for part in formats.split(",") if part.strip()]
        makers = use_case.report_makers(
            opened, store, now(), names, current_language(), folder, run
        )
    finally:
        store.close()
    for paths in write_side_by_side(makers, mode=0o600):
        for path in paths:
            say(_("written: {path}").format(path=path))
    return 0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)
