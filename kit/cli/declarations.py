"""``declare matters / add / list / withdraw``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kit.cli.loop import kept
from kit.cli.session import session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.app.declarations import SiteDeclarations
    from kit.model.declaration import JudgedDeclaration

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]
By = Annotated[
    str, typer.Option("--by", help=_("Name of who declares it; it stays with the operator."))
]
AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def matters(as_json: AsJson = False) -> int:
    """Run ``esms-kit declare matters``."""
    from kit.catalogue.loading import shipped_catalogue
    from kit.cli.terminal import show_json, show_table
    from kit.i18n import localized
    from kit.reporting.text import typographic

    found = sorted(shipped_catalogue().declared.values(), key=lambda one: (one.theme, one.id))
    if as_json:
        show_json({"schema": 1, "matters": [one.model_dump(mode="json") for one in found]})
        return 0
    heads = [_("Matter"), _("Title")]
    rows = ([one.id, typographic(localized(one.title))] for one in found)
    show_table(heads, rows, whole=1)
    return 0


def add(
    context: typer.Context,
    site: Site,
    matter: Annotated[str, typer.Argument(metavar="MATTER", help=_("What is declared."))],
    by: By,
    function: Annotated[str, typer.Option("--function", help=_("In which function."))],
    answer: Annotated[
        str, typer.Option("--answer", help=_("yes, no or not_concerned; yes if not given."))
    ] = "yes",
    statement: Annotated[
        str, typer.Option("--statement", help=_("What was seen, or why it is not so."))
    ] = "",
    reference: Annotated[
        str, typer.Option("--reference", help=_("The document that shows it."))
    ] = "",
    on: Annotated[
        str, typer.Option("--on", help=_("Day it was seen, YYYY-MM-DD; today if not given."))
    ] = "",
    until: Annotated[
        str,
        typer.Option("--until", help=_("Last day it may be relied on; the longest if not given.")),
    ] = "",
    declaration_id: Annotated[str, typer.Option("--id", help=_("Its id; made if not given."))] = "",
) -> int:
    """Run ``esms-kit declare add``."""
    from kit.app.declarations import add_declaration
    from kit.app.running import now
    from kit.cli.terminal import say
    from kit.reporting.text import show_date

    wanted: dict[str, Any] = {
        "id": declaration_id, "rule": matter, "answer": answer, "statement": statement,
        "reference": reference, "by": by, "function": function, "on": on, "until": until,
    }  # fmt: skip
    made = add_declaration(session_of(context).workspace(), site, wanted, now())
    say(
        _("Declaration {id} added: {name}, until {end} included.").format(
            id=made.id, name=made.rule, end=show_date(made.until)
        )
    )
    say(_("Nobody measured it: it changes nothing that was measured."), style="dim")
    return 0


def withdraw(
    context: typer.Context,
    site: Site,
    declaration: Annotated[str, typer.Argument(metavar="ID", help=_("Id of the declaration."))],
    by: By,
    reason: Annotated[str, typer.Option("--reason", help=_("Why it no longer holds."))],
) -> int:
    """Run ``esms-kit declare withdraw``."""
    from kit.app.declarations import withdraw_declaration
    from kit.app.running import now
    from kit.cli.terminal import say

    wanted = {"declaration": declaration, "by": by, "reason": reason}
    made = withdraw_declaration(session_of(context).workspace(), site, wanted, now())
    say(_("Declaration {id} withdrawn.").format(id=made.declaration))
    return 0


def list_all(context: typer.Context, site: Site, as_json: AsJson = False) -> int:
    """Run ``esms-kit declare list``."""
    from kit.app.declarations import site_declarations
    from kit.app.running import now
    from kit.cli.terminal import show_json

    workspace = session_of(context).workspace()
    with kept(workspace) as store:
        found = site_declarations(workspace, site, store, now())
    if as_json:
        show_json(
            {
                "schema": 1, "site": found.site.loaded.site.id, "day": found.day.isoformat(),
                "run": found.run,
                "matters": [one.model_dump(mode="json") for one in found.matters],
            }
        )  # fmt: skip
    else:
        _table(found)
    return 0


def _title(one: JudgedDeclaration) -> str:
    from kit.i18n import localized
    from kit.reporting.text import typographic

    title = typographic(localized(one.rule.title))
    return title if one.client is None else f"{title} ({typographic(localized(one.client))})"


def _line(one: JudgedDeclaration) -> list[str]:
    from kit.checking.labels import declared_label
    from kit.checking.reasons import explain
    from kit.reporting.text import show_short_date

    said = one.said
    last = show_short_date(said.until) if said is not None else ""
    who = ", ".join(filter(None, (said.by, said.function))) if said is not None else ""
    state = f"{one.finding.verdict.value}\t{declared_label(one.state, one.finding.verdict)}"
    told = [_title(one), who, *(explain(reason) for reason in one.finding.reasons)]
    return [
        (said.id if said is not None else None) or "–",
        last,
        state,
        " – ".join(filter(None, told)),
    ]


def _table(found: SiteDeclarations) -> None:
    from kit.cli.terminal import note, say, show_table

    known = [one for one in found.matters if one.said is not None or one.withdrawn]
    if known:
        heads = [_("No."), _("Last day"), _("State"), _("Matter")]
        show_table(heads, map(_line, known), styled=2, whole=2)
    missing = [one for one in found.matters if one not in known]
    if missing:
        say(_("Nobody has declared:"), style="bold")
    for one in missing:
        say(f"  {one.rule.id}", style="yellow")
        say(f"      {_title(one)}", style="dim")
    if found.run is None:
        told = _("The site has not been checked yet: nothing is compared with measurements.")
        note(told, style="yellow")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("matters", help=_("List what can be declared."))(matters)
    group.command("add", help=_("Declare something of a site, for a time."))(add)
    group.command("list", help=_("List what is declared of a site, and what is missing."))(list_all)
    group.command("withdraw", help=_("Take a declaration back; it stays in the file."))(withdraw)
    app.add_typer(group, name="declare")
