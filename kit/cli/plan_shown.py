"""What ``plan`` shows: old -> new, per device, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from kit.cli.terminal import confirm, console, printable, say, show_json
from kit.i18n import N_, _, localized, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from kit.app.apply import Planned
    from kit.app.opening import OpenSite
    from kit.model.plan import Change, DevicePlan, Plan, Refusal

_KINDS: Final[Mapping[str, str]] = {
    "file": N_("file"),
    "attributes": N_("owner and permissions of"),
    "lines": N_("lines of"),
    "package": N_("package"),
    "pinned_package": N_("package (file)"),
    "unit": N_("service"),
    "sysctl": N_("kernel value"),
    "reload": N_("reload of"),
    "account": N_("account"),
    "membership": N_("members of"),
    "authorized_keys": N_("SSH keys of"),
    "oath_user": N_("second factor of"),
    "held": N_("former state of"),
    "pam": N_("log-in steps"),
}
"""By artefact kind; the name of the target follows. A kind that is not listed is its own name."""
_EFFECTIVE: Final[Mapping[str, str]] = {
    "now": N_("at once"),
    "after_reboot": N_("in effect after a restart"),
    "relogin": N_("in effect at the next log-on"),
    "by_later_evidence": N_("proved by later evidence only"),
}
"""By what confirms a change."""


def target_words(key: str) -> str:
    """A target (``file:/etc/motd``) as people read it; as it is, where its kind has no word."""
    kind, colon, name = key.partition(":")
    known = _KINDS.get(kind)
    return f"{_(known)} {name}" if colon and known is not None else key


def show_plan(site: OpenSite, plan: Plan, *, as_json: bool, verbose: int) -> None:
    """Every device with what would change, what is refused, what needs hands or a reboot."""
    if as_json:
        show_json(plan.model_dump(mode="json", by_alias=True))
        return
    for device in plan.devices:
        _show_device(site, device, verbose)
    changes = sum(len(device.changes) for device in plan.devices)
    touched = sum(bool(device.changes) for device in plan.devices)
    hands = sum(len(device.by_hand) for device in plan.devices)
    say(
        _("{changes} on {devices}; {hands} for hands.").format(
            changes=ngettext("{count} change", "{count} changes", changes).format(count=changes),
            devices=ngettext("{count} device", "{count} devices", touched).format(count=touched),
            hands=hands,
        )
    )
    refused = sum(len(device.refused) for device in plan.devices)
    if refused:
        say(
            ngettext(
                "{count} change will not be made; each ✗ above says why.",
                "{count} changes will not be made; each ✗ above says why.",
                refused,
            ).format(count=refused),
            style="red",
        )


def agreement(site: OpenSite, *, quiet: bool, yes: bool, verbose: int) -> Callable[[Planned], bool]:
    """Shows the plan unless ``quiet``, then asks unless ``yes``."""

    def agreed(planned: Planned) -> bool:
        if not quiet:
            show_plan(site, planned.plan, as_json=False, verbose=verbose)
        otherwise = _("Add --yes to make these changes.")
        one_way = planned.irreversible
        if one_way and not yes:
            for device, target in one_way:
                say(f"! {device}{_(': ')}{target}", style="bold yellow")
            question = _("These cannot be undone; kernel values not before a restart. Make them?")
            if not confirm(question, otherwise=otherwise):
                return False
        return yes or confirm(_("Make these changes?"), otherwise=otherwise)

    return agreed


def _title(site: OpenSite, rule: str) -> str:
    return localized(site.catalogue.texts(rule).title)


def _show_device(site: OpenSite, device: DevicePlan, verbose: int) -> None:
    from rich.rule import Rule

    from kit.checking.reasons import explain, fix_label, pending_label, what_to_do

    out = console()
    out.print(Rule(printable(device.device), align="left", style="bold"))
    if device.not_known is not None:
        say("  " + explain(device.not_known), style="yellow")
        say(f"    → {what_to_do(device.not_known)}")
        return
    if not (device.changes or device.refused or device.by_hand or device.pending):
        say("  " + _("Nothing to change."), style="green")
    for number, change in enumerate(device.changes, 1):
        _show_change(site, number, change, verbose)
    for refusal in device.refused:
        _show_refusal(site, refusal)
    for one in device.by_hand:
        say(f"  ☐ {_title(site, one.rule)} ({fix_label(one.fix)})", style="yellow")
    for waiting in device.pending:
        say(f"  … {_title(site, waiting.rule)} ({pending_label(waiting.pending)})")
    if device.on_request:
        say(
            "  "
            + _("Checked only, enforced on request: {rules}").format(
                rules=", ".join(device.on_request)
            ),
            style="dim",
        )


def _show_refusal(site: OpenSite, refusal: Refusal) -> None:
    """Why a change will not be made, the rules that ask for it, and what to do about it."""
    from kit.checking.reasons import explain, what_to_do

    say(f"  ✗ {target_words(refusal.target)}{_(': ')}{explain(refusal.reason)}", style="red")
    for rule in refusal.rules:
        say(f"       {_title(site, rule)} ({rule})", style="red")
    show_moved(refusal)
    say(f"       → {what_to_do(refusal.reason)}")


def show_moved(refusal: Refusal) -> None:
    """The three values of whatever moved since: before, written, now."""
    from kit.checking.reasons import show_observed

    for value in refusal.values:
        before, written, now = map(show_observed, (value.before, value.written, value.now))
        say(
            "       "
            + _("{key}: before {before}, written {written}, now {now}").format(
                key=value.key, before=before, written=written, now=now
            ),
            style="red",
        )


def _show_change(site: OpenSite, number: int, change: Change, verbose: int) -> None:
    from kit.checking.reasons import show_observed

    marks = []
    if change.may_cut:
        marks.append(_("may cut the way in"))
    if not change.reversible:
        one_way = change.kind.value == "sysctl"
        marks.append(_("cannot be undone before a restart") if one_way else _("cannot be undone"))
    if change.effective.value != "now":
        marks.append(_(_EFFECTIVE[change.effective.value]))
    suffix = f"  [{', '.join(marks)}]" if marks else ""
    kind = _(_KINDS.get(change.kind.value, change.kind.value))
    say(f"  {number}. {kind} {change.target}{suffix}", style="bold" if marks else "")
    for value in change.values:
        old, new = show_observed(value.old), show_observed(value.new)
        say(f"       {value.key}: {old} → {new}   ({_title(site, value.rule)})")
    if verbose and change.along:
        say("       " + _("written along: {names}").format(names=", ".join(change.along)), "dim")
