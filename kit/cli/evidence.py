"""``evidence export / import / status / stamp``, ``verify`` and ``purge``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.loop import kept
from kit.cli.loop_shown import few
from kit.cli.session import redactor, session_of
from kit.i18n import _, ngettext

MOST_PLACES = 12
"""Places of one kind of fault that are listed one by one."""

if TYPE_CHECKING:
    from kit.evidence.verification import Verification
    from kit.secrets.ring_file import RingFile
    from kit.sites.workspace import Workspace

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]
Head = Annotated[
    str | None, typer.Option("--head", help=_("Head digest that stands on the report."))
]
Keys = Annotated[
    list[Path] | None,
    typer.Option("--key", help=_("Public key deposited beforehand (PEM, repeatable).")),
]
AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def export(
    context: typer.Context,
    site: Site,
    output: Annotated[Path, typer.Option("-o", "--output", help=_("A new folder."))],
) -> int:
    """Run ``esms-kit evidence export``: 1 when the folder could not be sealed."""
    from kit.app.evidence import seal_of
    from kit.app.evidence_folder import export_evidence
    from kit.app.running import now
    from kit.app.secret_sources import load_keyring
    from kit.cli.terminal import say
    from kit.sites.loading import load_site

    workspace = session_of(context).workspace()
    loaded = load_site(workspace, site)
    seal = seal_of(workspace.root, lambda: load_keyring(workspace, redactor()))
    with kept(workspace) as store:
        done = export_evidence(loaded, store, output, ring=_ring(workspace), seal=seal, at=now())
    say(_("written: {path}").format(path=output))
    say(_("{count} entries, head {head}").format(count=done.entries, head=done.head))
    if done.key is None:
        _unsealed(done.why_unsealed)
        return 1
    say(_("Sealed with key {key}. To verify: esms-kit verify DIR --key PEM --head DIGEST").format(
        key=done.key))  # fmt: skip
    return 0


def _ring(workspace: Workspace) -> tuple[RingFile, bytes] | None:
    from kit.app.operator_keys import public_keys

    path = workspace.root / "keys" / "ring.yaml"
    return (public_keys(workspace, redactor()), path.read_bytes()) if path.exists() else None


def _unsealed(why: str) -> None:
    from kit.cli.terminal import say

    told = why or _("this operator has no keys yet; run “esms-kit keys init”.")
    say(_("NOT SEALED: {why}").format(why=told), style="bold red")


def annex(
    context: typer.Context,
    site: Site,
    output: Annotated[Path, typer.Option("-o", "--output", help=_("File (CSV)."))],
) -> int:
    """Run ``esms-kit evidence annex``."""
    from kit.app.opening import open_site
    from kit.app.pseudonymous import nominative_annex
    from kit.cli.terminal import say
    from kit.documents_io.files import write_file

    workspace = session_of(context).workspace()
    opened = open_site(workspace, site)
    with kept(workspace) as store:
        write_file(output, nominative_annex(opened, store), mode=0o600)
    say(_("written: {path}").format(path=output))
    say(_("This file holds names of persons. It is not part of the evidence."), style="yellow")
    return 0


def status(context: typer.Context, site: Site, as_json: AsJson = False) -> int:
    """Run ``esms-kit evidence status``: 1 when an entry has no seal."""
    from kit.app.evidence import mark_of
    from kit.cli.terminal import say, show_json, show_table
    from kit.store.chain import Chain

    workspace = session_of(context).workspace()
    workspace.site_folder(site)
    with kept(workspace) as store:
        chain = Chain(store, site)
        links, names = chain.links(), chain.names()
    marks = [(link.read(), mark_of(link)) for link in links]
    if as_json:
        rows = [{**mark.model_dump(mode="json"), "files": len(names.get(mark.number, ())),
                 "entry": entry.model_dump(mode="json", by_alias=True)}
                for entry, mark in marks]  # fmt: skip
        show_json({"schema": 1, "site": site, "entries": rows})
    elif not marks:
        say(_("the site “{site}” has no evidence yet.").format(site=site))
    else:
        lines = [
            [
                str(mark.number), entry.run.id if entry.run else _("deletion"),
                f"{mark.head[:16]}…", mark.key or _("NOT SEALED"),
                f"{len(names.get(mark.number, ()))}/{entry.files}",
            ]
            for entry, mark in marks
        ]  # fmt: skip
        heads = ["n°", _("Run"), _("Digest"), _("Key"), _("Files kept")]
        show_table(heads, lines, whole=3)
        say(_("Head: {head}").format(head=marks[-1][1].head))
    return int(any(mark.key is None for _entry, mark in marks))


def stamp(
    context: typer.Context,
    site: Site,
    token: Annotated[Path, typer.Argument(metavar="FILE", help=_("Time-stamp token (RFC 3161)."))],
) -> int:
    """Run ``esms-kit evidence stamp``."""
    from kit.app.evidence_folder import add_stamp
    from kit.cli.terminal import say

    workspace = session_of(context).workspace()
    with kept(workspace) as store:
        number, found = add_stamp(store, site, token)
    say(_("Entry {number} is stamped: {at}").format(number=number, at=found.at.isoformat()))
    say(_("The authority’s signature is verified with: openssl ts -verify"), style="dim")
    return 0


def take_in(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder of evidence."))],
    head: Head = None,
    keys: Keys = None,
) -> int:
    """Run ``esms-kit evidence import``: 1 when it was taken in with reserves."""
    from kit.app.evidence_import import import_evidence
    from kit.cli.terminal import say

    workspace = session_of(context).workspace()
    with kept(workspace) as store:
        done = import_evidence(workspace, store, folder, keys or (), head)
    _show(done.verification)
    say(_("{count} runs of the site “{site}” taken in.").format(count=done.runs, site=done.site))
    say(_("Next: esms-kit report {site}; esms-kit drift {site}; esms-kit history {site}").format(
        site=done.site))  # fmt: skip
    return int(bool(done.verification.reserves))


def purge(
    context: typer.Context,
    site: Site,
    raw_days: Annotated[
        int | None, typer.Option("--raw-days", min=1, help=_("Days raw answers are kept."))
    ] = None,
    finding_days: Annotated[
        int | None, typer.Option("--finding-days", min=1, help=_("Days findings are kept."))
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help=_("Do not ask."))] = False,
) -> int:
    """Run ``esms-kit purge``."""
    from kit.app.evidence import seal_of
    from kit.app.purging import plan_purge, retention
    from kit.app.purging import purge as use_case
    from kit.app.running import now
    from kit.app.secret_sources import load_keyring
    from kit.cli.terminal import confirm, say
    from kit.sites.loading import load_site

    workspace = session_of(context).workspace()
    loaded = load_site(workspace, site)
    days, at = retention(raw_days, finding_days), now()
    seal = seal_of(workspace.root, lambda: load_keyring(workspace, redactor()))
    for kind, count in sorted(days.items()):
        say(_("{kind}: {count} days").format(kind=kind, count=count), style="dim")
    with kept(workspace) as store:
        plan = plan_purge(site, store, days, at)
        if not plan.count:
            say(_("Nothing has had its time."))
            return 0
        question = _("Delete {count} files of {entries} entries for good?").format(
            count=plan.count, entries=len(plan.files)
        )
        if not yes and not confirm(question, otherwise=_("Say --yes.")):
            return 1
        link = use_case(loaded, store, days, at, seal)
    say(_("{count} files deleted; their digests are kept.").format(count=plan.count))
    if link is not None:
        say(_("Head: {head}").format(head=link.digest))
    return 0


def verify(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder of evidence."))],
    head: Head = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit verify``: 0 whole, 1 with reserves, 3 altered."""
    from kit.app.evidence_folder import verify as use_case
    from kit.cli.terminal import show_json

    del context
    found = use_case(folder, keys or (), head)
    code = 3 if found.faults else int(bool(found.reserves))
    if as_json:
        show_json({"schema": 1, "exit_code": code, **found.model_dump(mode="json")})
    else:
        _show(found)
    return code


def _show_notices(found: Verification) -> None:
    """What is so of every run of a year is one line."""
    from kit.cli.terminal import say
    from kit.evidence.words import notice_words

    told: dict[str, list[str]] = {}
    for notice in found.notices:
        told.setdefault(notice_words(notice), []).append(notice.place)
    for words, names in told.items():
        text = _("{name}: {problem}").format(name=few(names), problem=words)
        say(f"· {text if names[0] else words}")


def _show(found: Verification) -> None:
    from kit.cli.terminal import say
    from kit.evidence.words import fault_words, reserve_words
    from kit.reporting.text import show_short_time

    if found.site:
        text = ngettext("Site {site}: {count} entry", "Site {site}: {count} entries", found.entries)
        say(text.format(site=found.site, count=found.entries))
    if found.first_at and found.last_at:
        first, last = (show_short_time(at, "UTC") for at in (found.first_at, found.last_at))
        text = _("from {first} to {last} (UTC), by the clock of the operator")
        say(text.format(first=first, last=last))
    if found.head:
        say(_("Head: {head}").format(head=found.head))
    places: dict[str, list[str]] = {}
    for fault in found.faults:
        names = places.setdefault(fault_words(fault), [])
        if fault.place not in names:  # one file may be wrong for two lists
            names.append(fault.place)
    for words, names in sorted(places.items(), key=lambda item: len(item[1])):
        # A whole run that is gone is one line, not a hundred.
        for name in [few(names)] if len(names) > MOST_PLACES else names:
            text = _("{name}: {problem}").format(name=name, problem=words)
            say(f"✗ {text}", style="bold red")
    for reserve in found.reserves:
        words = reserve_words(reserve)
        text = _("{name}: {problem}").format(name=reserve.place, problem=words)
        say(f"! {text if reserve.place else words}", style="yellow")
    _show_notices(found)
    if found.faults:
        say(_("ALTERED: this evidence is not what was sealed."), style="bold red")
    elif found.reserves:
        say(_("Nothing was found altered, with the reserves above."), style="yellow")
    else:
        say(_("Whole: nothing was changed, removed from the middle, or put in another order."),
            style="bold green")  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("export", help=_("Write the evidence of a site into a new folder."))(export)
    group.command("import", help=_("Verify evidence and take it into this workspace."))(take_in)
    group.command("status", help=_("List the entries of the chain, with their seals."))(status)
    group.command("annex", help=_("Write whose the pseudonyms are, into a file apart."))(annex)
    group.command("stamp", help=_("Keep a time-stamp token beside the entry it is about."))(stamp)
    app.add_typer(group, name="evidence")
    app.command("verify")(verify)
    app.command("purge")(purge)
