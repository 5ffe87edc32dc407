"""``secrets init / set / list / rotate / reseal``: the vault of a site. No value is ever shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.session import redactor, session_of
from kit.i18n import _

if TYPE_CHECKING:
    from pydantic import SecretStr

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]
AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def init(
    context: typer.Context,
    site: Site,
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file", help=_("Where the key of the vaults is to be; made if missing.")
        ),
    ] = None,
) -> int:
    """Run ``esms-kit secrets init``."""
    from kit.app.vaults import make_vault
    from kit.cli.terminal import say

    for path in make_vault(session_of(context).workspace(), site, redactor(), key_file):
        say(_("written: {path}").format(path=path))
    say(_("Keep a copy of the key in a safe: without it nobody opens the vault again."))
    return 0


def set_one(
    context: typer.Context,
    site: Site,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help=_("Name of the secret: sudo/til-pc-001."))
    ],
    generate: Annotated[
        bool, typer.Option("--generate", help=_("A random password instead of asking for one."))
    ] = False,
) -> int:
    """Run ``esms-kit secrets set``; the value comes from the terminal or from standard input."""
    from kit.app.running import now
    from kit.app.vaults import generated, set_secret
    from kit.cli.terminal import say
    from kit.secrets.vault import check_name

    workspace = session_of(context).workspace()
    check_name(name)
    value = generated() if generate else asked_value(_("Value of {name}").format(name=name))
    set_secret(workspace, site, name, value, now(), redactor())
    say(_("The vault holds {name}.").format(name=name), style="green")
    return 0


def list_all(context: typer.Context, site: Site, as_json: AsJson = False) -> int:
    """Run ``esms-kit secrets list``."""
    from kit.app.vaults import list_secrets
    from kit.cli.terminal import say, show_json, show_table

    found = list_secrets(session_of(context).workspace(), site, redactor())
    if as_json:
        rows = [
            {"name": name, "changed_at": at.isoformat() if at else None}
            for name, at in found.items()
        ]
        show_json({"schema": 1, "secrets": rows})
    elif not found:
        say(_("The vault is empty."))
    else:
        rows_shown = [[name, f"{at:%Y-%m-%d %H:%M}" if at else "?"] for name, at in found.items()]
        show_table([_("secret"), _("set on (UTC)")], rows_shown, whole=1)
    return 0


def rotate(context: typer.Context) -> int:
    """Run ``esms-kit secrets rotate``."""
    from kit.app.vaults import change_key
    from kit.cli.terminal import say

    workspace = session_of(context).workspace()
    done = change_key(workspace, redactor(), lambda: asked_value(_("New key of the vaults")))
    for path in done:
        say(_("encrypted with the new key: {path}").format(path=workspace.shown(path)))
    source = workspace.config.vault
    if source is not None and source.key.file is None:
        say(_("From now on the key is the new one: {place}.").format(place=source.key), "yellow")
    say(_("Renew the copy of the key in the safe; the old one opens old copies only."))
    return 0


def asked_value(question: str) -> SecretStr:
    """A secret typed twice on the terminal, or all of standard input without its last newline."""
    from getpass import getpass

    from pydantic import SecretStr

    from kit.errors import UsageError

    if not sys.stdin.isatty():
        return SecretStr(sys.stdin.read().removesuffix("\n").removesuffix("\r"))
    first = getpass(f"{question}: ")
    redactor().register(first)
    if getpass(_("The same again") + ": ") != first:
        raise UsageError(
            _("the two are not the same."), remedy=_("Nothing was changed; run it again.")
        )
    return SecretStr(first)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    from kit.cli.resealing import reseal

    group = typer.Typer(no_args_is_help=True)
    group.command("init", help=_("Make the vault of a site, and its key."))(init)
    group.command("set", help=_("Put a secret into the vault; never on the command line."))(set_one)
    group.command("list", help=_("Names of the secrets, with when they were set."))(list_all)
    group.command("rotate", help=_("Change the key of all vaults of this workspace."))(rotate)
    group.command("reseal", help=_("Give the sealed accounts of posts another password."))(reseal)
    app.add_typer(group, name="secrets")
