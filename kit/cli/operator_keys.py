"""``keys init / rotate / show / export``: the operator's sealing and encryption keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.session import redactor, session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.secrets.ring_file import RingFile

AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def init(context: typer.Context) -> int:
    """Run ``esms-kit keys init``."""
    from kit.app.operator_keys import make_keys
    from kit.app.running import now
    from kit.cli.terminal import say

    made = make_keys(session_of(context).workspace(), now(), redactor())
    for path in made.made:
        say(_("written: {path}").format(path=path))
    _show(made.ring)
    say(_("Keep a copy of the folder “keys” and of the vault key in a safe, apart."))
    say(_("Next: esms-kit keys export -o DIR, and give it to the auditor."))
    return 0


def rotate(context: typer.Context) -> int:
    """Run ``esms-kit keys rotate``."""
    from kit.app.operator_keys import change_keys
    from kit.app.running import now
    from kit.cli.terminal import say

    ring = change_keys(session_of(context).workspace(), now(), redactor())
    say(_("The keys are changed; the former sealing key vouches for the new one."))
    _show(ring)
    say(_("Sticks built before still work until they expire. Export the keys again."))
    return 0


def show(context: typer.Context, as_json: AsJson = False) -> int:
    """Run ``esms-kit keys show``."""
    from kit.app.operator_keys import public_keys
    from kit.cli.terminal import show_json

    ring = public_keys(session_of(context).workspace(), redactor())
    if as_json:
        show_json(ring.model_dump(mode="json", by_alias=True))
    else:
        _show(ring)
    return 0


def export(
    context: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", help=_("Folder to write to."))],
) -> int:
    """Run ``esms-kit keys export``."""
    from kit.app.operator_keys import export_keys, public_keys
    from kit.cli.terminal import say

    workspace = session_of(context).workspace()
    for path in export_keys(workspace, output, redactor()):
        say(_("written: {path}").format(path=path))
    _show(public_keys(workspace, redactor()))
    return 0


def _show(ring: RingFile) -> None:
    """Every key, the ones in use with their whole fingerprint."""
    from kit.cli.terminal import say
    from kit.reporting.text import show_short_date
    from kit.secrets.ring_file import grouped

    names = {"sealing": _("sealing key"), "encryption": _("encryption key")}
    for key in (*ring.sealing, *ring.encryption):
        since = show_short_date(key.created_at.date())
        if key.retired_at is None:
            say(_("{name} {id}, in use since {since}").format(
                name=names[key.kind], id=key.id, since=since), style="bold")  # fmt: skip
            say(f"  SHA-256 {grouped(key.digest)}")
        else:
            say(_("{name} {id}, in use from {since} to {until}").format(
                name=names[key.kind], id=key.id, since=since,
                until=show_short_date(key.retired_at.date())), style="dim")  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("init", help=_("Make the operator’s keys."))(init)
    group.command("rotate", help=_("Change the keys; the old one vouches for the new one."))(rotate)
    group.command("show", help=_("Show the public keys and their fingerprints."))(show)
    group.command("export", help=_("Write the public keys, to give them to the auditor."))(export)
    app.add_typer(group, name="keys")
