"""``secrets reseal``: another password for the sealed account of posts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.loop import AsJson, EngineWord, Limit, Site, Yes, hands_for
from kit.cli.session import redactor, session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.app.resealing import Agreed, Result


def reseal(
    context: typer.Context,
    site: Site,
    limit: Limit = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help=_("Why: who opened the seal, and what for."))
    ] = None,
    engine: EngineWord = "auto",
    yes: Yes = False,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit secrets reseal``."""
    from kit.app import resealing as use_case
    from kit.app.opening import open_site
    from kit.app.running import asked

    session = session_of(context)
    workspace = session.workspace()
    opened = open_site(workspace, site)
    hands = hands_for(session, opened, engine, yes=yes, quiet=as_json)
    result = use_case.reseal(
        opened, asked(workspace, redactor()), limit, reason, hands, _agreement(yes=yes)
    )
    _show(result, site, as_json=as_json)
    return result.exit_code


def _agreement(*, yes: bool) -> Agreed:
    from kit.cli.terminal import confirm, note

    def agree(account: str, devices: Sequence[str]) -> bool:
        note(", ".join(devices))
        question = _(
            "Change the password of {account} on these {count} posts? It cannot be undone."
        )
        asked = question.format(account=account, count=len(devices))
        return yes or confirm(asked, otherwise=_("Say so beforehand: --yes."))

    return agree


def _show(result: Result, site: str, *, as_json: bool) -> None:
    from kit.cli.terminal import say, show_json
    from kit.loop.applying import explain_failure

    if as_json:
        rows = [
            {
                "device": one.device,
                "sealed_since": one.sealing.since if one.sealing else None,
                "failure": one.failure.model_dump(mode="json") if one.failure else None,
            }
            for one in result.devices
        ]
        agreed = result.agreed
        show_json({"schema": 1, "agreed": agreed, "account": result.account, "devices": rows})
        return
    if not result.agreed:
        say(_("Nothing was changed."), style="yellow")
        return
    for one in result.devices:
        if one.sealing is not None:
            text = _("sealed anew, {moment}").format(moment=one.sealing.since)
            say(f"{one.device}{_(': ')}{text}", style="green")
        elif one.failure is not None:
            why = explain_failure(one.failure)
            say(f"{one.device}{_(': ')}{why[0]} {why[1]}", style="bold red")
    if any(one.failure is not None for one in result.devices):
        say(
            _(
                "Where it failed the vault keeps the former password and the next one"
                " (break-glass-next/…); run the same command again."
            ),
            style="yellow",
        )
    if any(one.failure and one.failure.code.value == "account_missing" for one in result.devices):
        words = "esms-kit apply {site} --rule break_glass_account_present"
        say(_("Have the account made first: {command}").format(command=words.format(site=site)))
    say(_("Proof: esms-kit check {site}").format(site=site))
