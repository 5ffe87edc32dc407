"""``enrol import / issue / sheet / status / revoke``: people and their second factors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kit.cli.session import redactor, session_of
from kit.i18n import _, ngettext

if TYPE_CHECKING:
    from kit.enrolment.evidence import Standing
    from kit.enrolment.importing import People

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]
AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]
WithNames = Annotated[
    bool, typer.Option("--names", help=_("Names too, not only pseudonyms, in the JSON."))
]
Person = Annotated[
    str, typer.Option("--person", help=_("Login name, pseudonym or name of the person."))
]


def import_list(
    context: typer.Context,
    site: Site,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=_("List of people: CSV, XLSX or ODS."))
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Write nothing."))] = False,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit enrol import``."""
    from kit.app.people import import_people
    from kit.app.running import now

    workspace = session_of(context).workspace()
    done = import_people(workspace, site, file, redactor(), now(), dry_run=dry_run)
    if as_json:
        _show_import(done)
    else:
        _tell_import(done, dry_run=dry_run)
    return 0


def _show_import(done: People) -> None:
    from kit.cli.terminal import show_json

    show_json(
        {
            "schema": 1,
            "people": len(done.people),
            "added": [one.id for one in done.added],
            "changed": [one.id for one in done.changed],
            "notices": [str(one) for one in done.notices],
        }
    )


def _tell_import(done: People, *, dry_run: bool) -> None:
    from kit.cli.terminal import note, say

    for notice in done.notices:
        note(str(notice), style="yellow")
    say(
        ngettext(
            "{count} person: {added} new, {changed} changed.",
            "{count} people: {added} new, {changed} changed.",
            len(done.people),
        ).format(count=len(done.people), added=len(done.added), changed=len(done.changed))
    )
    if dry_run:
        say(_("Dry run: nothing was written."))


def issue(
    context: typer.Context,
    site: Site,
    person: Annotated[
        list[str] | None,
        typer.Option("--person", help=_("Only this person (repeatable); all by default.")),
    ] = None,
    renew: Annotated[
        bool,
        typer.Option("--renew", help=_("Another one for those named, whose former is revoked.")),
    ] = False,
) -> int:
    """Run ``esms-kit enrol issue``."""
    from kit.app.people import issue_factors
    from kit.app.running import now
    from kit.cli.terminal import say

    workspace = session_of(context).workspace()
    given = issue_factors(workspace, site, person or (), redactor(), now(), renew=renew)
    for one in given:
        say(f"{one.id}  {one.account}", style="green")
    count = len(given)
    text = ngettext("{count} second factor issued.", "{count} second factors issued.", count)
    say(text.format(count=count))
    if given:
        say(_("Next: enrol sheet for each of them, then apply --only enrol."))
    return 0


def sheet(
    context: typer.Context,
    site: Site,
    person: Person,
    output: Annotated[
        Path, typer.Option("-o", "--output", help=_("The PDF, outside the workspace."))
    ],
    again: Annotated[
        str | None, typer.Option("--again", help=_("Why it is printed a second time."))
    ] = None,
) -> int:
    """Run ``esms-kit enrol sheet``."""
    from kit.app.people import print_sheet
    from kit.app.running import now, operator
    from kit.cli.terminal import say

    workspace = session_of(context).workspace()
    by = operator()
    path = print_sheet(
        workspace, site, person, output, redactor(), now(), f"{by.account}@{by.controller}",
        again=again,
    )  # fmt: skip
    say(_("written: {path}").format(path=path))
    say(_("This file is a key. Print it, hand the sheet over in person, then delete the file."))
    return 0


def revoke(context: typer.Context, site: Site, person: Person) -> int:
    """Run ``esms-kit enrol revoke``."""
    from kit.app.people import revoke_factor
    from kit.app.running import now
    from kit.cli.terminal import say

    workspace = session_of(context).workspace()
    gone = revoke_factor(workspace, site, person, redactor(), now())
    say(_("{person}: the second factor is revoked.").format(person=gone.account), style="green")
    say(_("It still opens the posts until: esms-kit apply {site} --only enrol").format(site=site))
    return 0


def status(
    context: typer.Context, site: Site, as_json: AsJson = False, names: WithNames = False
) -> int:
    """Run ``esms-kit enrol status``."""
    from kit.app.opening import open_site
    from kit.app.people import status as use_case
    from kit.app.running import now
    from kit.cli.loop import kept

    workspace = session_of(context).workspace()
    opened = open_site(workspace, site)
    with kept(workspace) as store:
        found = use_case(opened, store, now())
    if as_json:
        from kit.cli.terminal import show_json

        people = [_as_data(one, names=names) for one in found.standings]
        show_json({"schema": 1, "people": people})
    else:
        _tell_status(found.standings, taken_in=opened.loaded.people is not None)
    return found.exit_code


def _as_data(one: Standing, *, names: bool) -> dict[str, Any]:
    enrolment, proof = one.enrolment, one.proof
    who = {"name": one.person.name, "account": one.person.account} if names else {}
    return {
        "person": one.person.id,
        **who,
        "state": one.state,
        "issued_at": enrolment.issued_at.isoformat() if enrolment else None,
        "delivered_at": enrolment.prints[0].at.isoformat()
        if enrolment and enrolment.prints
        else None,
        "prints": len(enrolment.prints) if enrolment else 0,
        "posts": list(one.posts),
        "placed_on": sorted(one.seen.placed),
        "proof": {"device": proof.device, "at": proof.at.isoformat()} if proof else None,
    }


def _tell_status(found: tuple[Standing, ...], *, taken_in: bool) -> None:
    from kit.cli.terminal import say, show_table
    from kit.reporting.text import show_short_date, show_short_time

    if not found:
        nobody = _("Nobody is listed: esms-kit enrol import SITE FILE")
        say(_("Nobody has a second factor, or needs one.") if taken_in else nobody)
        return
    words = {
        "missing": ("fail", _("missing")),
        "issued": ("not_checked", _("issued, not handed over")),
        "delivered": ("not_checked", _("handed over, never used")),
        "active": ("pass", _("active")),
        "revoked": ("fail", _("revoked")),
    }
    rows = []
    for one in found:
        proof = one.proof
        style, label = words[one.state]
        rows.append(
            [
                one.person.id,
                one.person.account,
                one.person.name,
                f"{style}\t{label}",
                show_short_date(one.enrolment.issued_at.date()) if one.enrolment else "",
                f"{len(one.seen.placed)}/{len(one.posts)}",
                f"{show_short_time(proof.at, 'UTC')} {proof.device}" if proof else "",
            ]
        )
    heads = [_("Pseudonym"), _("Account"), _("Name"), _("Second factor"), _("Issued"),
             _("On posts"), _("First use (UTC)")]  # fmt: skip
    show_table(heads, rows, styled=3, whole=2)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("import", help=_("Take a list of people in, or tell every faulty row."))(
        import_list
    )
    group.command("issue", help=_("Make second factors (TOTP); the seeds go into the vault."))(
        issue
    )
    group.command("sheet", help=_("Write the sheet of one person, with the QR code; once."))(sheet)
    group.command("status", help=_("Who has a second factor, since when, and what proves it."))(
        status
    )
    group.command("revoke", help=_("Take a second factor back; off posts at the next apply."))(
        revoke
    )
    app.add_typer(group, name="enrol")
