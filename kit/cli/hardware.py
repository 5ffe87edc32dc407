"""``hardware list / show / match / lint``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.session import session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.sites.workspace import Workspace

AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def _workspace(context: typer.Context) -> Workspace | None:
    """The workspace, when there is one: profiles are known without."""
    from kit.errors import WorkspaceError

    session = session_of(context)
    try:
        return session.workspace()
    except WorkspaceError:
        if session.workspace_asked is not None:
            raise
        return None


def list_all(
    context: typer.Context,
    device_class: Annotated[str | None, typer.Option("--class", help=_("Only this class."))] = None,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit hardware list``."""
    from kit.app import hardware as use_case
    from kit.checking.labels import label
    from kit.cli.choices import device_classes
    from kit.cli.terminal import show_json, show_table
    from kit.reporting.text import show_short_date

    chosen = device_classes([device_class])[0] if device_class else None
    found = use_case.list_profiles(_workspace(context), chosen)
    if as_json:
        listed = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in found]
        show_json({"schema": 1, "profiles": listed})
        return 0
    rows = []
    for one in found:
        end = one.support_end()
        sourced = _("sourced") if one.verified else _("unverified")
        until = show_short_date(end.until) if end else ""
        platforms = ", ".join(map(label, one.platforms))
        rows.append([one.id, one.label, platforms, until, sourced])
    heads = [_("Profile"), _("Model"), _("Platforms"), _("Support until"), _("Facts")]
    show_table(heads, rows, title=_("{count} profiles").format(count=len(rows)), whole=1)
    return 0


def show(
    context: typer.Context,
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help=_("Id of the profile."))],
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit hardware show``."""
    from kit.app import hardware as use_case
    from kit.cli.terminal import say, show_json
    from kit.documents_io.yaml import dump_yaml

    found = use_case.show_profile(profile, _workspace(context))
    data = found.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_defaults=not as_json
    )
    if as_json:
        show_json({"schema": 1, "profile": data})
        return 0
    say(found.label, style="bold")
    for line in dump_yaml(data).splitlines():
        say(line)
    return 0


def match(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help=_("Designation of a model."))],
    reference: Annotated[str, typer.Option("--reference", help=_("Maker's part number."))] = "",
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit hardware match``."""
    from kit.app import hardware as use_case
    from kit.cli.terminal import say, show_json

    found = use_case.match_text(text, reference, _workspace(context))
    if as_json:
        show_json(
            {
                "schema": 1,
                "profiles": [one.id for one in found.profiles],
                "nearest": [one.id for one in found.nearest],
            }
        )
    elif found.profile is not None:
        say(f"{found.profile.id}  {found.profile.label}", style="green")
    elif found.profiles:
        say(_("several models:"), style="yellow")
        for one in found.profiles:
            say(f"  {one.id}  {one.label}")
    elif not found.nearest:
        say(_("not known, and nothing comes near: see “esms-kit hardware list”."), style="yellow")
    else:
        say(_("not known; nearest:"), style="yellow")
        for one in found.nearest:
            say(f"  {one.id}  {one.label}")
    return 0 if found.profile is not None else 1


def lint(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help=_("Folder of profiles to check."))
    ] = None,
) -> int:
    """Run ``esms-kit hardware lint``."""
    from kit.app import hardware as use_case
    from kit.cli.terminal import say

    count, problems = use_case.lint(_workspace(context), folder)
    for problem in problems:
        say(str(problem), style="red")
    if problems:
        return 3
    say(
        _("{count} profiles: no overlap, every example finds its own.").format(count=count), "green"
    )
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list", help=_("List the profiles."))(list_all)
    group.command("show", help=_("One profile: what is known of a model."))(show)
    group.command("match", help=_("Which profile a designation finds."))(match)
    group.command("lint", help=_("Look for overlaps between profiles."))(lint)
    app.add_typer(group, name="hardware")
