"""``adopt build / import / list / revoke``: first contact."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.session import redactor, session_of
from kit.i18n import _, ngettext

if TYPE_CHECKING:
    from kit.adoption.matching import Matched
    from kit.adoption.records import Opened
    from kit.app.adoption_import import ImportAsked, ImportDone
    from kit.sites.workspace import Workspace

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]
AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def build(
    context: typer.Context,
    site: Site,
    output: Annotated[Path, typer.Option("-o", "--output", help=_("Folder of the USB stick."))],
    keys: Annotated[
        list[Path] | None,
        typer.Option("--key", help=_("Public SSH key to let in; yours, unless you name one.")),
    ] = None,
    slots: Annotated[
        int | None, typer.Option("--slots", help=_("How many devices the stick is for."))
    ] = None,
    days: Annotated[int, typer.Option("--days", help=_("How many days it is valid."))] = 30,
) -> int:
    """Run ``esms-kit adopt build``."""
    from kit.app.adoption import StickAsked, build_stick
    from kit.app.running import now
    from kit.cli.terminal import say

    asked = StickAsked(site, output, tuple(keys or ()), slots, days)
    built = build_stick(session_of(context).workspace(), asked, now(), Path.home(), redactor())
    for name in built.files:
        say(_("written: {path}").format(path=output / name))
    token = built.token
    say(_("Stick {id}, for {slots} devices, until {until}.").format(
        id=token.id, slots=token.slots, until=f"{token.expires_at:%Y-%m-%d}"), "bold")  # fmt: skip
    for line in built.undeclared:
        say(_("No rule knows this key yet; under parameters.management_keys of site.yaml, write:"),
            "yellow")  # fmt: skip
        say(f"  - {line}")
    say(_("Name its file system ESMS-KIT. On each device, run what LISEZMOI.txt says."))
    say(_("Then: esms-kit adopt import {site} {folder}").format(site=site, folder=output))
    return 0


def take_in(
    context: typer.Context,
    site: Site,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help=_("The stick, or a copy of its records."))
    ],
    assign: Annotated[
        list[str] | None,
        typer.Option(
            "--assign", metavar="FILE=DEVICE", help=_("Which device a record is, if asked for.")
        ),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help=_("Take in the good records, tell the others."))
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Write nothing."))] = False,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit adopt import``."""
    from kit.app.adoption_import import ImportAsked

    workspace = session_of(context).workspace()
    asked = ImportAsked(site, folder, _assigned(assign or ()), partial, dry_run)
    done = _imported(workspace, asked, ask=not as_json)
    if as_json:
        _show_json(done)
    else:
        _tell(done, site, dry_run=dry_run)
    if done.matching.refused:
        return 3
    return 1 if done.matching.surplus or done.missing else 0


def _assigned(words: list[str] | tuple[str, ...]) -> dict[str, str]:
    from kit.errors import UsageError

    found = {}
    for word in words:
        file, equals, device = word.partition("=")
        if not file or not equals or not device:
            raise UsageError(
                _("“{word}” is not FILE=DEVICE.").format(word=word),
                where="--assign",
                remedy=_("Write the name of the record’s file, =, the name of the device."),
            )
        found[file] = device
    return found


def _imported(workspace: Workspace, asked: ImportAsked, *, ask: bool) -> ImportDone:
    """Import; on a terminal, ask which device each record is that nothing tells, once."""
    import sys
    from dataclasses import replace

    from kit.app.adoption_import import import_records
    from kit.app.running import now, operator

    by = operator().account
    if ask and sys.stdin.isatty():
        tried = import_records(workspace, replace(asked, dry_run=True), now(), by, redactor())
        answers = _ask_devices(tried)
        asked = replace(asked, assigned={**asked.assigned, **answers})
    return import_records(workspace, asked, now(), by, redactor())


def _ask_devices(tried: ImportDone) -> dict[str, str]:
    from kit.cli.terminal import note

    answers = {}
    if tried.matching.surplus and tried.missing:
        note(_("Without a record: {names}").format(
            names=", ".join(one.id for one in tried.missing)))  # fmt: skip
    for one in tried.matching.surplus if tried.missing else ():
        note(_described(one))
        answer = typer.prompt(_("Which device is it (empty: none of them)"), default="", err=True)
        if answer.strip():
            answers[one.envelope.file] = answer.strip()
    return answers


def _described(opened: Opened) -> str:
    """A record as people tell a machine."""
    record = opened.record
    said = (record.maker, record.model, record.serial, ", ".join(record.macs), record.os)
    return f"{opened.envelope.file}: {' · '.join(part for part in said if part)}"


def _fingerprints(matched: Matched) -> str:
    import base64

    from kit.model.known_host import fingerprint

    keys = matched.opened.record.keys
    best = next((key for key in keys if key.algorithm == "ssh-ed25519"), keys[0])
    return fingerprint(base64.b64decode(best.key))


def _tell(done: ImportDone, site: str, *, dry_run: bool) -> None:
    from kit.cli.terminal import say, show_table

    matching = done.matching
    told_by = {
        "serial": _("serial number"), "mac": _("network card"), "assigned": _("said by hand"),
    }  # fmt: skip
    rows = [
        [one.device.id, one.opened.record.model or "", one.device.serial or "",
         told_by[str(one.how)],
         one.device.connection.address if one.device.connection else "", _fingerprints(one)]
        for one in sorted(matching.matched, key=lambda each: each.device.id)
    ]  # fmt: skip
    if rows:
        heads = [_("Name"), _("Model"), _("Serial number"), _("known by"), _("Address"), _("Key")]
        show_table(heads, rows, whole=1)
    for matched in matching.matched:
        for notice in matched.notices:
            say(f"{matched.device.id}: {notice}", style="yellow")
    for opened in matching.surplus:
        say(_("surplus, of no device of the site: {record}").format(record=_described(opened)),
            style="yellow")  # fmt: skip
    for file, reason in sorted(matching.refused.items()):
        say(_("refused: {file}: {reason}").format(file=file, reason=reason), style="bold red")
    for known in done.known:
        say(_("taken in before, for {device}, on {day}").format(
            device=known.device, day=f"{known.imported_at:%Y-%m-%d}"), style="dim")  # fmt: skip
    if done.missing:
        names = ", ".join(one.id for one in done.missing)
        say(_("still without a record: {names}").format(names=names), style="yellow")
    _conclude(done, site, dry_run=dry_run)


def _conclude(done: ImportDone, site: str, *, dry_run: bool) -> None:
    from kit.cli.terminal import say

    count = len(done.matching.matched)
    if done.written:
        say(ngettext("{count} device adopted.", "{count} devices adopted.", count).format(
            count=count), style="green")  # fmt: skip
        say(_("Next: esms-kit check {site}").format(site=site))
    elif done.matching.refused and not dry_run:
        say(_("Nothing was written. --partial takes the good ones in."), style="bold")
    else:
        say(_("Nothing was written."))


def _show_json(done: ImportDone) -> None:
    from kit.cli.terminal import show_json

    matching = done.matching
    show_json(
        {
            "schema": 1,
            "written": done.written,
            "adopted": [
                {
                    "device": one.device.id,
                    "file": one.opened.envelope.file,
                    "how": one.how,
                    "notices": list(one.notices),
                    "record": one.opened.record.model_dump(mode="json", exclude_none=True),
                }
                for one in sorted(matching.matched, key=lambda each: each.device.id)
            ],
            "surplus": [
                {
                    "file": one.envelope.file,
                    "record": one.record.model_dump(mode="json", exclude_none=True),
                }
                for one in matching.surplus
            ],
            "refused": dict(sorted(matching.refused.items())),
            "superseded": [one.envelope.file for one in matching.superseded],
            "known": [one.model_dump(mode="json") for one in done.known],
            "missing": [one.id for one in done.missing],
        }
    )


def list_all(context: typer.Context, site: Site, as_json: AsJson = False) -> int:
    """Run ``esms-kit adopt list``."""
    from kit.app.adoption import list_sticks
    from kit.cli.terminal import say, show_json, show_table

    ledger = list_sticks(session_of(context).workspace(), site)
    if as_json:
        show_json(ledger.model_dump(mode="json", by_alias=True))
        return 0
    rows = []
    for token in ledger.tokens:
        used = len({one.slot for one in ledger.records if one.token == token.id})
        until = f"{token.expires_at:%Y-%m-%d}"
        if token.revoked_at is not None:
            until = _("revoked on {day}").format(day=f"{token.revoked_at:%Y-%m-%d}")
        rows.append([token.id, f"{token.created_at:%Y-%m-%d}", until, f"{used}/{token.slots}"])
    if not rows:
        say(_("No stick was built for this site."))
    else:
        show_table([_("stick"), _("built on"), _("valid until"), _("used")], rows, whole=1)
    return 0


def revoke(
    context: typer.Context,
    site: Site,
    token: Annotated[str, typer.Argument(metavar="STICK", help=_("Id of the stick."))],
) -> int:
    """Run ``esms-kit adopt revoke``."""
    from kit.app.adoption import revoke_stick
    from kit.app.running import now
    from kit.cli.terminal import say

    revoke_stick(session_of(context).workspace(), site, token, now())
    say(_("The stick {token} is revoked: none of its records is taken in any more.").format(
        token=token))  # fmt: skip
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("build", help=_("Prepare a USB stick: public keys, no password."))(build)
    group.command("import", help=_("Take the records of a stick in."))(take_in)
    group.command("list", help=_("The sticks of a site."))(list_all)
    group.command("revoke", help=_("Take nothing in any more from a lost stick."))(revoke)
    app.add_typer(group, name="adopt")
