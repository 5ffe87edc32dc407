"""``waiver add / list / lint``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from kit.cli.loop import kept
from kit.cli.session import session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.app.waivers import SiteWaivers
    from kit.checking.waivers import WaiverStanding

Site = Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))]
AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]
SOON_DAYS: Final = 30
"""From here on an end that comes near is shown in red."""


def add(
    context: typer.Context,
    site: Site,
    reason: Annotated[str, typer.Option("--reason", help=_("Why it is not done."))],
    approver: Annotated[
        str, typer.Option("--approver", help=_("Function of who approves it, not a name."))
    ],
    end: Annotated[str, typer.Option("--end", help=_("Last day it holds, YYYY-MM-DD."))],
    rule: Annotated[str, typer.Option("--rule", help=_("The rule it is about."))] = "",
    control: Annotated[
        str, typer.Option("--control", help=_("Or a control: anssi_bp_028/R12."))
    ] = "",
    devices: Annotated[
        list[str] | None, typer.Option("--device", help=_("Only this device (repeatable)."))
    ] = None,
    post_roles: Annotated[
        list[str] | None,
        typer.Option("--post-role", help=_("Only posts of this use (repeatable).")),
    ] = None,
    compensating: Annotated[
        str, typer.Option("--compensating", help=_("What is done instead."))
    ] = "",
    risk: Annotated[str, typer.Option("--risk", help=_("The risk accepted."))] = "",
    start: Annotated[
        str, typer.Option("--start", help=_("First day it holds; today if not given."))
    ] = "",
    waiver_id: Annotated[str, typer.Option("--id", help=_("Its id; made if not given."))] = "",
) -> int:
    """Run ``esms-kit waiver add``."""
    from kit.app.running import now
    from kit.app.waivers import add_waiver
    from kit.cli.terminal import say
    from kit.reporting.text import show_date

    wanted: dict[str, Any] = {
        "id": waiver_id, "rule": rule, "control": control, "devices": tuple(devices or ()),
        "post_roles": tuple(post_roles or ()), "reason": reason, "compensating": compensating,
        "risk": risk, "approver": approver, "start": start, "end": end,
    }  # fmt: skip
    made = add_waiver(session_of(context).workspace(), site, wanted, now())
    say(
        _("Waiver {id} added: {name}, until {end} included.").format(
            id=made.id, name=made.subject, end=show_date(made.end)
        )
    )
    say(_("It explains the failure; it does not make it compliant."), style="dim")
    return 0


def _found(context: typer.Context, site: str) -> SiteWaivers:
    from kit.app.running import now
    from kit.app.waivers import site_waivers

    workspace = session_of(context).workspace()
    with kept(workspace) as store:
        return site_waivers(workspace, site, store, now())


def _json(found: SiteWaivers, standings: list[WaiverStanding]) -> None:
    from kit.cli.terminal import show_json

    show_json(
        {
            "schema": 1, "site": found.site.site.id, "day": found.day.isoformat(),
            "run": found.run, "waivers": [one.model_dump(mode="json") for one in standings],
        }
    )  # fmt: skip


def _line(one: WaiverStanding) -> list[str]:
    from kit.checking.waiver_words import notice_words
    from kit.reporting.text import show_short_date

    fails = "?" if one.failing is None else str(len(one.failing))
    state = "pass\t" + _("in force")
    if one.notices:
        late = one.days_left < 0 or not one.rules
        word = "fail" if late or one.days_left <= SOON_DAYS else "not_checked"
        state = f"{word}\t" + "; ".join(map(notice_words, one.notices))
    waiver = one.waiver
    return [
        waiver.id, show_short_date(waiver.end), waiver.subject, state, fails, waiver.reason,
    ]  # fmt: skip


def _table(found: SiteWaivers, standings: list[WaiverStanding]) -> None:
    from kit.cli.terminal import note, show_table

    heads = [_("Waiver"), _("Last day"), _("Rule"), _("State"), "✗", _("Reason")]
    show_table(heads, map(_line, standings), styled=3, whole=3)
    if found.run is None:
        told = _("The whole site has not been checked yet: whether they are used is not known.")
        note(told, style="yellow")


def list_all(context: typer.Context, site: Site, as_json: AsJson = False) -> int:
    """Run ``esms-kit waiver list``."""
    from kit.cli.terminal import say

    found = _found(context, site)
    if as_json:
        _json(found, list(found.standings))
    elif not found.standings:
        say(_("There is no waiver."))
    else:
        _table(found, list(found.standings))
    return 0


def lint(context: typer.Context, site: Site, as_json: AsJson = False) -> int:
    """Run ``esms-kit waiver lint``: 1 when something is to be said."""
    from kit.cli.terminal import say
    from kit.i18n import ngettext

    found = _found(context, site)
    told = [one for one in found.standings if one.notices]
    if as_json:
        _json(found, told)
    elif told:
        _table(found, told)
    else:
        count = len(found.standings)
        line = ngettext(
            "{count} waiver, nothing to say.", "{count} waivers, nothing to say.", count
        )
        say(line.format(count=count))
    return 1 if told else 0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("add", help=_("Add a waiver to a site."))(add)
    group.command("list", help=_("List the waivers of a site with their state."))(list_all)
    group.command("lint", help=_("Say which waivers ended, end soon, are unused or unknown."))(lint)
    app.add_typer(group, name="waiver")
