"""``generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.cli.session import session_of
from kit.i18n import _


def generate(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))],
    output: Annotated[Path, typer.Option("-o", "--output", help=_("Folder of the project."))],
    from_files: Annotated[
        list[Path] | None,
        typer.Option("--from", help=_("Recorded snapshots instead of the last ones read.")),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))] = False,
) -> int:
    """Run ``esms-kit generate``."""
    from kit.app.collecting import recorded
    from kit.app.generate import generate as use_case
    from kit.app.generate import last_snapshots
    from kit.app.opening import open_site
    from kit.app.running import now
    from kit.cli.terminal import say, show_json
    from kit.store.store import open_store

    workspace = session_of(context).workspace()
    opened = open_site(workspace, site)
    if from_files:
        snapshots = recorded(opened, from_files)
    else:
        store = open_store(workspace.store_url())
        try:
            snapshots = last_snapshots(store, opened.loaded.site.id)
        finally:
            store.close()
    done = use_case(opened, snapshots, output, now())
    if as_json:
        show_json(
            {
                "schema": 1,
                "folder": str(output),
                "hosts": list(done.hosts),
                "left_out": dict(sorted(done.left_out.items())),
            }
        )
        return 0
    say(_("written: {path}").format(path=output / "README.md"))
    say(_("{count} devices in the project").format(count=len(done.hosts)))
    for device, reason in sorted(done.left_out.items()):
        say(f"{device}: {reason}")
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("generate")(generate)
