"""``trust``: pin the host keys of devices after comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from kit.cli.session import redactor, session_of
from kit.i18n import _

if TYPE_CHECKING:
    from kit.app.opening import OpenSite
    from kit.app.trust import Candidate
    from kit.collectors.hostkeys import ShownKey


# Of the certificate that the adoption script has made; .NET of every Windows 10 and 11 has these.
_ON_WINDOWS: Final = (
    "Get-ChildItem Cert:\\LocalMachine\\My | Where-Object FriendlyName -eq esms-kit-management | "
    "ForEach-Object { [BitConverter]::ToString("
    "[Security.Cryptography.SHA256]::Create().ComputeHash($_.RawData)) }"
)


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
        str,
        typer.Option("--rekey", metavar="DEVICE", help=_("Replace the pinned key of this device.")),
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help=_("Why the key has changed."))] = "",
) -> int:
    """Run ``esms-kit trust``."""
    from kit.app.opening import open_site
    from kit.app.running import now, operator
    from kit.app.trust import look, pin
    from kit.cli.terminal import say
    from kit.errors import UsageError

    if bool(rekey) != bool(reason) or (rekey and limit):
        raise UsageError(
            _("--rekey goes with --reason, without --limit."),
            remedy=_("Say which device and why: --rekey DEVICE --reason “reinstalled”."),
        )
    session = session_of(context)
    opened = open_site(session.workspace(), site)
    jobs = session.jobs_for(opened.workspace)
    wanted = frozenset(fingerprints or ())
    if rekey:
        return _rekey(opened, opened.loaded.device(rekey).id, reason, wanted)
    found = look(opened, limit=limit, jobs=jobs, redactor=redactor())
    chosen = {
        device: keys
        for device, candidate in found.items()
        if (keys := _chosen(opened.loaded.site.id, device, candidate, wanted))
    }
    written = pin(opened, chosen, at=now(), by=operator().account)
    say(_("{count} keys pinned for {devices} devices.").format(count=written, devices=len(chosen)))
    unsettled = [d for d, one in found.items() if d not in chosen and not _settled(one)]
    if unsettled:
        say(_("Still without a trusted key: {names}").format(names=", ".join(unsettled)), "yellow")
    unseen = any(not one.shown.keys for one in found.values())
    return 4 if unseen else int(bool(unsettled))


def _rekey(opened: OpenSite, device: str, reason: str, wanted: frozenset[str]) -> int:
    """Show the old keys and the new ones; replace them when somebody vouches for the new ones."""
    from kit.app.running import now, operator
    from kit.app.trust import look, repin
    from kit.cli.terminal import say
    from kit.collectors.hostkeys import Comparison

    candidate = look(opened, limit=device, jobs=1, redactor=redactor()).get(device)
    if candidate is None or not candidate.shown.keys:
        return _not_seen(device, candidate)
    if candidate.comparison in {Comparison.SAME, Comparison.MORE}:
        say(_("{device}: the pinned key, nothing to do.").format(device=device), style="green")
        return 0
    say(device, style="bold")
    for old in opened.loaded.keys_of(device):
        day = f"{old.pinned_at:%Y-%m-%d}"
        said = _("pinned on {day} by {by}").format(day=day, by=old.by)
        say(f"  - {old.algorithm:<20} {old.fingerprint}  {said}", style="dim")
    _show_keys(candidate.shown.keys, "+")
    keys = _vouched(candidate.shown.keys, wanted)
    if not keys:
        say(_("Nothing was changed."), style="yellow")
        return 1
    gone = repin(opened, device, keys, at=now(), by=operator().account, reason=reason)
    say(_("{count} keys replaced; the former ones are kept with the reason.").format(count=gone))
    return 0


def _not_seen(device: str, candidate: Candidate | None) -> int:
    from kit.checking.reasons import outcome_label
    from kit.checking.vocabulary import transport_shown
    from kit.cli.terminal import say

    label, detail = _("no address is known"), ""
    if candidate is not None:
        label = outcome_label(candidate.shown.outcome)
        detail = transport_shown(candidate.shown.detail)
    say(f"{device}: {label} {detail}", style="yellow")
    return 4


def _settled(candidate: Candidate) -> bool:
    from kit.collectors.hostkeys import Comparison

    return candidate.comparison in {Comparison.SAME, Comparison.MORE}


def _chosen(
    site: str, device: str, candidate: Candidate, wanted: frozenset[str]
) -> tuple[ShownKey, ...]:
    """The keys of one device somebody has vouched for."""
    from kit.cli.terminal import say
    from kit.collectors.hostkeys import Comparison

    if not candidate.shown.keys:
        _not_seen(device, candidate)
        return ()
    if candidate.comparison is Comparison.SAME:
        say(_("{device}: the pinned key, nothing to do.").format(device=device), style="green")
        return ()
    say(device, style="bold")
    _show_keys(candidate.shown.keys)
    if candidate.comparison is Comparison.CHANGED:
        say(
            "  " + _("This is NOT the key pinned before: the device was reinstalled, or another "
                     "machine answers in its place."),
            style="bold red",
        )  # fmt: skip
        words = _("Once it is known why: esms-kit trust {site} --rekey {device} --reason …")
        say("  → " + words.format(site=site, device=device))
        return ()
    return _vouched(candidate.new_keys, wanted)


def _show_keys(keys: tuple[ShownKey, ...], sign: str = "") -> None:
    """Every key with what somebody compares; Windows shows a certificate’s in hexadecimal."""
    from kit.cli.terminal import say
    from kit.model.known_host import KeyKind

    for key in keys:
        certificate = key.kind is KeyKind.TLS_CERTIFICATE
        shown = f"SHA-256 {key.digest}" if certificate else key.fingerprint
        say(f"  {sign}{' ' if sign else ''}{key.algorithm:<20} {shown}")


def _vouched(keys: tuple[ShownKey, ...], wanted: frozenset[str]) -> tuple[ShownKey, ...]:
    """Those of the keys shown that were named, or else all when somebody says they are right."""
    from kit.cli.terminal import confirm, say
    from kit.model.known_host import KeyKind

    if wanted:
        return tuple(key for key in keys if key.is_named(wanted))
    if any(key.kind is KeyKind.TLS_CERTIFICATE for key in keys):
        say("  " + _("On the device, in PowerShell as administrator:"))
        say(f"  {_ON_WINDOWS}")
    else:
        say("  " + _("On the device: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"))
    otherwise = _("Give what the device’s screen shows: --fingerprint SHA256:…")
    return keys if confirm(_("Is it the same on the device’s screen?"), otherwise=otherwise) else ()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(trust)
