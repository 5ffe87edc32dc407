"""``reach``: log into devices and out again."""

from __future__ import annotations

from typing import Annotated

import typer

from kit.cli.session import redactor, session_of
from kit.i18n import _


def reach(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))],
    limit: Annotated[
        str | None, typer.Option("--limit", help=_("Only these devices: names or patterns."))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))] = False,
) -> int:
    """Run ``esms-kit reach``."""
    from dataclasses import asdict

    from kit.app.opening import open_site
    from kit.app.reach import reach as use_case
    from kit.app.trust import shows_a_key
    from kit.cli.terminal import progress, say, show_json, show_table

    session = session_of(context)
    opened = open_site(session.workspace(), site)
    jobs = session.jobs_for(opened.workspace)
    total = sum(map(shows_a_key, opened.devices(limit)))
    step, finished = progress(total, _("Logging in")) if not as_json else (lambda _one: None, None)
    try:
        found = use_case(opened, limit=limit, jobs=jobs, redactor=redactor(), done=step)
    finally:
        if finished is not None:
            finished()
    if as_json:
        show_json({"schema": 1, "devices": [asdict(one) for one in found]})
    else:
        rows = [
            [one.device, one.access.value, _("reached") if one.reached else _("not reached"),
             " ".join(text for text in (one.why, one.remedy) if text)]
            for one in found
        ]  # fmt: skip
        show_table([_("Device"), _("Way"), _("Result"), _("What to do")], rows, whole=3)
        say(_("Devices reached: {count} of {total}.").format(
            count=sum(one.reached for one in found), total=len(found)))  # fmt: skip
    return 0 if all(one.reached for one in found) else 4


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reach)
