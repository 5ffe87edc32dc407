"""``client list / show / lint``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.session import session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.app.clients import Declared, ShownPack
    from kit.sites.workspace import Workspace

AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def _workspace(context: typer.Context) -> Workspace | None:
    """The workspace, when there is one: the kit's packs are known without."""
    from kit.errors import WorkspaceError

    session = session_of(context)
    try:
        return session.workspace()
    except WorkspaceError:
        if session.workspace_asked is not None:
            raise
        return None


def list_all(context: typer.Context, as_json: AsJson = False) -> int:
    """Run ``esms-kit client list``."""
    from kit.app import clients as use_case
    from kit.cli.terminal import show_json, show_table
    from kit.i18n import localized

    found = use_case.list_packs(_workspace(context))
    if as_json:
        listed = [one.model_dump(mode="json", exclude_none=True) for one in found]
        show_json({"schema": 1, "clients": listed})
        return 0
    kinds = {"web": _("web page"), "native": _("Debian package")}
    rows = [
        [one.id, localized(one.title), kinds[one.kind], ", ".join(p.id for p in one.parameters)]
        for one in found
    ]
    heads = [_("Pack"), _("Client"), _("Kind"), _("Values of the site")]
    show_table(heads, rows, title=_("{count} client packs").format(count=len(rows)), whole=1)
    return 0


def show(
    context: typer.Context,
    pack: Annotated[str, typer.Argument(metavar="PACK", help=_("Id of the pack."))],
    site: Annotated[str | None, typer.Option("--site", help=_("As this site has it."))] = None,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit client show``."""
    from kit.app import clients as use_case
    from kit.app.running import now
    from kit.cli.terminal import show_json

    workspace = session_of(context).workspace() if site is not None else _workspace(context)
    found = use_case.show_pack(pack, now().date(), workspace, site)
    if as_json:
        show_json(_as_data(found))
    else:
        _in_words(found)
    return 0


def _as_data(found: ShownPack) -> dict[str, object]:
    return {
        "schema": 1,
        "pack": found.pack.model_dump(mode="json", exclude_none=True),
        "site": found.site,
        "client": found.client.model_dump(mode="json", exclude_none=True),
        "missing": list(found.missing),
        "rules": [one.id for one in found.rules],
        "declared": [
            {
                "subject": one.subject.value,
                "standing": one.standing.value,
                "declaration": one.declaration.model_dump(mode="json", exclude_none=True)
                if one.declaration is not None
                else None,
            }
            for one in found.declared
        ],
    }


def _in_words(found: ShownPack) -> None:
    from kit.cli.terminal import say
    from kit.documents_io.yaml import dump_yaml
    from kit.i18n import localized

    say(localized(found.pack.title), style="bold")
    say(localized(found.pack.about))
    say("")
    if found.missing:
        message = _("Values only the site knows, shown by examples: {names}.")
        say(message.format(names=", ".join(found.missing)), style="yellow")
    data = found.client.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    for line in dump_yaml({str(found.pack.kind): data}).splitlines():
        say(line)
    say("")
    say(_("Declared, since nobody can see it on a post:"), style="bold")
    for one in found.declared:
        say(f"  {_declared_in_words(one)}")
    say("")
    say(_("Rules on each post that gets it:"), style="bold")
    for rule in found.rules:
        say(f"  {rule.id}  {localized(rule.title)}")


def _declared_in_words(one: Declared) -> str:
    subjects = {
        "editor": _("editor"),
        "version": _("version"),
        "hds_host": _("HDS host"),
        "segur_reference": _("Ségur reference"),
    }
    name = subjects[one.subject.value]
    if one.declaration is None:
        return _("{subject}: not declared").format(subject=name)
    text = _("{subject}: {value} (declared by {by} on {day})")
    if one.standing.value == "expired":
        text = _("{subject}: {value} (declared by {by} on {day}; expired on {until})")
    said = one.declaration
    return text.format(
        subject=name, value=said.value, by=said.by, day=said.on.isoformat(),
        until=said.until.isoformat() if said.until else "",
    )  # fmt: skip


def lint(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help=_("Folder of packs to check."))
    ] = None,
) -> int:
    """Run ``esms-kit client lint``."""
    from kit.app import clients as use_case
    from kit.cli.terminal import say
    from kit.errors import UsageError

    if folder is not None and not folder.is_dir():
        raise UsageError(
            _("this is not a folder."), where=str(folder), remedy=_("Give a folder of packs.")
        )
    found = use_case.lint(_workspace(context), folder)
    for problem in found.problems:
        say(str(problem), style="red")
    if found.problems:
        return 3
    say(_("{count} client packs: no mistake.").format(count=found.packs), "green")
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list", help=_("List the client packs."))(list_all)
    group.command("show", help=_("One pack: what it sets, what is declared."))(show)
    group.command("lint", help=_("Check packs: every mistake with file and line."))(lint)
    app.add_typer(group, name="client")
