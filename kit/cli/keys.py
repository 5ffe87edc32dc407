"""``trust``: pin the host keys of devices after comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.session import redactor, session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.app.trust import Candidate
    from kit.collectors.hostkeys import ShownKey


def trust(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help=_("Name of the site."))],
    limit: Annotated[
        str | None, typer.Option("--limit", help=_("Only these devices: names or patterns."))
    ] = None,
    fingerprints: Annotated[
        list[str] | None,
        typer.Option(
            "--fingerprint", help=_("SHA256:… read on the device itself; pins that key unasked.")
        ),
    ] = None,
    rekey: Annotated[
        bool, typer.Option("--rekey", help=_("Replace keys that have changed."))
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help=_("Why the key has changed."))] = "",
) -> int:
    """Run ``esms-kit trust``."""
    from kit.app.opening import open_site
    from kit.app.running import now, operator
    from kit.app.trust import look, pin
    from kit.cli.terminal import say
    from kit.errors import UsageError

    if rekey != bool(reason):
        raise UsageError(
            _("--rekey and --reason go together."),
            remedy=_("Say why the keys have changed: --rekey --reason “reinstalled”."),
        )
    session = session_of(context)
    opened = open_site(session.workspace(), site)
    jobs = session.jobs_for(opened.workspace)
    found = look(opened, limit=limit, jobs=jobs, redactor=redactor())
    wanted = frozenset(fingerprints or ())
    chosen = {
        device: keys
        for device, candidate in found.items()
        if (keys := _chosen(device, candidate, wanted, rekey=rekey))
    }
    written = pin(opened, chosen, at=now(), by=operator().account, rekey_reason=reason)
    say(_("{count} keys pinned for {devices} devices.").format(count=written, devices=len(chosen)))
    unsettled = [d for d, one in found.items() if d not in chosen and not _settled(one)]
    if unsettled:
        say(_("Still without a trusted key: {names}").format(names=", ".join(unsettled)), "yellow")
    unseen = any(not one.shown.keys for one in found.values())
    return 4 if unseen else int(bool(unsettled))


def _settled(candidate: Candidate) -> bool:
    from kit.collectors.hostkeys import Comparison

    return candidate.comparison in {Comparison.SAME, Comparison.MORE}


def _chosen(
    device: str, candidate: Candidate, wanted: frozenset[str], *, rekey: bool
) -> tuple[ShownKey, ...]:
    """The keys of one device somebody has vouched for."""
    from kit.checking.reasons import outcome_label
    from kit.checking.vocabulary import transport_shown
    from kit.cli.terminal import confirm, say
    from kit.collectors.hostkeys import Comparison

    if not candidate.shown.keys:
        label = outcome_label(candidate.shown.outcome)
        detail = transport_shown(candidate.shown.detail)
        say(f"{device}: {label} {detail}", style="yellow")
        return ()
    if candidate.comparison is Comparison.SAME:
        say(_("{device}: the pinned key, nothing to do.").format(device=device), style="green")
        return ()
    changed = candidate.comparison is Comparison.CHANGED
    say(device, style="bold")
    for key in candidate.shown.keys:
        say(f"  {key.algorithm:<20} {key.fingerprint}")
    if changed:
        say(
            "  " + _("This is NOT the key pinned before: the device was reinstalled, or another "
                     "machine answers in its place."),
            style="bold red",
        )  # fmt: skip
        if not rekey:
            return ()
    if wanted:
        return tuple(key for key in candidate.shown.keys if key.fingerprint in wanted)
    say("  " + _("On the device: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"))
    otherwise = _("Give what the device’s screen shows: --fingerprint SHA256:…")
    same = confirm(_("Is it the same on the device’s screen?"), otherwise=otherwise)
    return candidate.new_keys if same else ()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(trust)
