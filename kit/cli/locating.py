"""``locate``: known devices found again by their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.session import session_of
from kit.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kit.app.locate import Sought


def locate(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))],
    limit: Annotated[
        str | None, typer.Option("--limit", help=_("Only these devices: names or patterns."))
    ] = None,
    subnets: Annotated[
        list[str] | None,
        typer.Option("--subnet", help=_("Look in this part of the site’s zones only.")),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help=_("Write the new addresses without asking."))
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))] = False,
) -> int:
    """Run ``esms-kit locate``."""
    from kit.app import locate as use_case
    from kit.app.opening import open_site
    from kit.cli.terminal import progress

    opened = open_site(session_of(context).workspace(), site)
    networks = use_case.sought_networks(opened, subnets or ())
    devices = use_case.sought_devices(opened, limit)
    total = len(use_case.places_in(networks, devices))
    step, finished = progress(total, _("Looking")) if not as_json else (lambda _a: None, None)
    try:
        found = use_case.locate(opened, networks, limit, step)
    finally:
        if finished is not None:
            finished()
    moved = [one for one in found if one.whereabouts is use_case.Whereabouts.MOVED]
    _show(found, as_json=as_json)
    written = bool(moved) and (yes or (not as_json and _agreed(moved)))
    if written:
        use_case.write_addresses(opened, moved)
    settled = {use_case.Whereabouts.SAME, *({use_case.Whereabouts.MOVED} if written else ())}
    return 0 if all(one.whereabouts in settled for one in found) else 1


def _agreed(moved: Sequence[Sought]) -> bool:
    from kit.cli.terminal import confirm

    question = _("Write the new address of {count} devices?").format(count=len(moved))
    return confirm(question, otherwise=_("Say so beforehand: --yes."))


def _show(found: Sequence[Sought], *, as_json: bool) -> None:
    from kit.cli.terminal import show_json, show_table

    if as_json:
        rows = [
            {
                "device": one.device.id,
                "whereabouts": one.whereabouts,
                "known": one.device.connection.address if one.device.connection else None,
                "seen": [{"address": at.address, "port": at.port} for at in one.places],
            }
            for one in found
        ]
        show_json({"schema": 1, "devices": rows})
        return
    said = {
        "same": _("where it is said to be"),
        "moved": _("moved"),
        "several": _("at several addresses: look which one is it"),
        "shared": _("another device shows the same key: make new host keys on one of them"),
        "nowhere": _("not found"),
    }
    shown = [
        [
            one.device.id,
            one.device.connection.address if one.device.connection else "",
            ", ".join(at.address for at in one.places),
            said[str(one.whereabouts)],
        ]
        for one in found
    ]
    show_table([_("Name"), _("known address"), _("seen at"), _("result")], shown, whole=1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(locate)
