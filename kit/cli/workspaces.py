"""``init`` and ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from kit.cli.session import session_of
from kit.i18n import _

_MARKS: Final = {"good": "✓", "note": "·", "lacking": "✗", "unknown": "?"}
_STYLES: Final = {"good": "green", "note": "dim", "lacking": "red", "unknown": "yellow"}


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder of the workspace."))],
) -> int:
    """Run ``esms-kit init``."""
    from kit.app.workspaces import new_workspace
    from kit.cli.terminal import say
    from kit.i18n import current_language

    for path in new_workspace(folder, current_language()):
        say(_("written: {path}").format(path=path))
    say(_("Next: cd {path} && esms-kit site add FINESS").format(path=folder))
    return 0


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))] = False,
) -> int:
    """Run ``esms-kit doctor``."""
    from dataclasses import asdict

    from kit.app.doctor import State, examine, this_machine
    from kit.app.running import now
    from kit.cli.terminal import say, show_json
    from kit.errors import WorkspaceError
    from kit.sites.workspace import find_root

    asked = session_of(context).workspace_asked
    try:
        workspace: Path | None = asked or find_root(Path.cwd())
    except WorkspaceError:
        workspace = None
    points = examine(this_machine(now()), workspace)
    if as_json:
        show_json({"schema": 1, "points": [asdict(point) for point in points]})
    else:
        width = max(len(point.name) for point in points)
        for point in points:
            line = f"{_MARKS[point.state]} {point.name:<{width}}  {point.message}"
            say(line, style=_STYLES[point.state])
            if point.remedy:
                say(f"  {'':<{width}}  → {point.remedy}")
    return 1 if any(point.state is State.LACKING for point in points) else 0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(doctor)
