"""What ``apply`` shows: each change as it happens, then what is left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from kit.cli.loop_shown import evidence_json, show_evidence
from kit.cli.plan_shown import show_moved, target_words
from kit.cli.terminal import confirm, note, say, show_json
from kit.i18n import _, localized, ngettext

if TYPE_CHECKING:
    from kit.app.apply import ApplyResult
    from kit.app.opening import OpenSite
    from kit.loop.applying import Event, Proof

_MARKS: Final = {
    "started": "▸",
    "done": "✓",
    "unchanged": "=",
    "failed": "✗",
    "skipped": "–",
    "unknown": "?",
    "reverted": "↶",
}
_STYLES: Final = {
    "done": "green",
    "failed": "bold red",
    "unknown": "magenta",
    "skipped": "yellow",
    "reverted": "bold yellow",
}


def narrator(*, as_json: bool) -> Callable[[Event], None]:
    """Tells events on standard error, as lines or as JSON lines."""

    def tell(event: Event) -> None:
        if as_json:
            note(json.dumps(event.model_dump(mode="json"), ensure_ascii=False))
            return
        if event.state.value == "started":
            return
        from kit.loop.applying import explain_failure

        text = f"{_MARKS[event.state]} {event.device}  {target_words(event.target)}"
        if event.failure is not None:
            text += _(": ") + _whole(explain_failure(event.failure))
        elif event.message:
            text += f" ({event.message})"
        note(text, style=_STYLES.get(event.state, ""))

    return tell


def show_apply(site: OpenSite, result: ApplyResult, *, as_json: bool) -> None:
    """What was done per device, what is left and who can mend it."""
    if as_json:
        show_json(
            {
                "schema": 1,
                "run": result.before.run.id,
                "check_run": result.after.run.id,
                "agreed": result.agreed,
                "started": result.applied.started,
                "outcomes": {
                    device: one.model_dump(mode="json")
                    for device, one in sorted(result.applied.outcomes.items())
                },
                "plans": {
                    device: one.model_dump(mode="json")
                    for device, one in sorted(result.applied.plans.items())
                },
                "evidence": evidence_json(result.after.evidence),
                "left": _left(result),
                "restarts": [one.model_dump(mode="json") for one in result.restarts],
                "exit_code": result.exit_code,
            }
        )
        return
    if not result.agreed:
        say(_("Nothing was changed."), style="yellow")
        return
    if not result.applied.started:
        _show_untouched(result)
    _show_outcomes(result)
    _show_restarts(result)
    _show_left(site, result)
    _show_way_back(result)
    if result.after.evidence is not None:
        show_evidence(result.after.evidence)


def restart_agreement(*, yes: bool) -> Callable[[Mapping[str, int]], bool]:
    """Names the devices about to be restarted with the people logged in there, then asks."""

    def agreed(sessions: Mapping[str, int]) -> bool:
        for device, count in sessions.items():
            people = ngettext("{count} person logged in", "{count} people logged in", count)
            note(f"{device}{_(': ')}{people.format(count=count)}", style="yellow" if count else "")
        otherwise = _("Add --yes to restart them.")
        return yes or confirm(_("Restart these devices now?"), otherwise=otherwise)

    return agreed


def _show_restarts(result: ApplyResult) -> None:
    words = {
        "restarted": _("restarted"),
        "in_use": _("not restarted: somebody is logged in"),
        "outside_window": _("not restarted: outside of its maintenance windows"),
        "not_back": _("told to restart; it does not answer yet"),
        "failed": _("not restarted"),
        "declined": _("not restarted"),
    }
    from kit.loop.applying import explain_failure

    for one in result.restarts:
        text = words[one.ending.value]
        if one.opens_at is not None:
            when = one.opens_at.astimezone().isoformat(timespec="minutes")
            text += " " + _("(next: {when})").format(when=when)
        if one.failure is not None:
            text += _(": ") + _whole(explain_failure(one.failure))
        good = one.ending.value == "restarted"
        say(f"{one.device}{_(': ')}{text}", style="green" if good else "yellow")


def show_nothing_left(run: str, *, as_json: bool) -> None:
    """A run that was to be gone on with is done."""
    if as_json:
        show_json({"schema": 1, "run": run, "started": False, "outcomes": {}, "exit_code": 0})
    else:
        say(_("Run {run} is done: nothing is left of it.").format(run=run), style="green")


def _left(result: ApplyResult) -> dict[str, list[str]]:
    from kit.app.apply import left

    found = {
        device: sorted(one.rule for one in findings if left(one))
        for device, findings in result.applied.after.findings().items()
    }
    return {device: rules for device, rules in found.items() if rules}


def _whole(told: tuple[str, str]) -> str:
    """A message and its remedy on one line."""
    return " ".join(part for part in told if part)


def _show_outcomes(result: ApplyResult) -> None:
    from kit.loop.applying import explain_failure

    for device, one in sorted(result.applied.outcomes.items()):
        done = sum(1 for change in one.results if change.state.value == "done")
        text = ngettext("{count} change made", "{count} changes made", done).format(count=done)
        style = "green" if one.ending.value == "done" else "bold red"
        failure = "" if one.failure is None else _(": ") + _whole(explain_failure(one.failure))
        say(f"{device}{_(': ')}{_ending(one.ending.value)}, {text}{failure}", style=style)
        if one.reverted:
            names = ", ".join(target_words(name) for name in one.reverted)
            say("  ↶ " + _("put back: {names}").format(names=names), style="yellow")
        if one.proofs:
            _show_proofs(one.proofs)


def _show_proofs(proofs: Iterable[Proof]) -> None:
    """How the way in was proven: connected to, or evaluated on what the device has loaded."""
    connected = ", ".join(one.source for one in proofs if one.how == "connected")
    evaluated = ", ".join(one.source for one in proofs if one.how == "evaluated")
    text = _("way in proven by a new connection to {address}").format(address=connected)
    if evaluated:
        text += _("; evaluated as admitted: {sources}").format(sources=evaluated)
    say(f"  {text}", style="dim")


def _ending(word: str) -> str:
    return {
        "done": _("done"),
        "failed": _("failed"),
        "not_reached": _("not reached"),
        "interrupted": _("interrupted"),
        "reverted": _("put back by the watchdog"),
    }[word]


def _show_untouched(result: ApplyResult) -> None:
    """Nothing to change is good news only of devices that were read."""
    from kit.model.verdict import ReasonCode

    unread = {ReasonCode.NOT_REACHED, ReasonCode.REFUSED}
    unknown = [one.not_known for one in result.applied.plans.values() if one.not_known is not None]
    if any(one.refused for one in result.applied.plans.values()):
        say(_("Nothing was changed; each ✗ below says why."), style="yellow")
    elif not any(why.code in unread for why in unknown):
        say(_("Nothing to change; no device was touched."), style="green")
    elif len(unknown) < len(result.applied.plans):
        say(_("Nothing to change where it could be read; no device was touched."), style="yellow")
    else:
        say(_("Nothing could be read; no device was touched."), style="yellow")


def _show_way_back(result: ApplyResult) -> None:
    """The name of a run that touched something: whoever goes on with it, or back, has to give it.

    Last of all, so that it is still on the screen.
    """
    run = result.before.run
    if any(one.ending.value == "interrupted" for one in result.applied.outcomes.values()):
        say(
            _("To go on: esms-kit apply {site} --resume {run}").format(site=run.site, run=run.id),
            style="bold",
        )
    untouched = {"unchanged", "skipped"}
    results = [one for device in result.applied.outcomes.values() for one in device.results]
    if any(one.state.value not in untouched for one in results):
        say(_("Run {run}. To go back: esms-kit undo {run}").format(run=run.id))


def _show_left(site: OpenSite, result: ApplyResult) -> None:
    from kit.checking.reasons import explain, fix_label

    for device, rules in _left(result).items():
        say(_("{device}: still not as wanted:").format(device=device), style="bold red")
        for rule in rules:
            say(f"  ✗ {localized(site.catalogue.texts(rule).title)} ({rule})", style="red")
    for device, plan in sorted(result.applied.plans.items()):
        if plan.not_known is not None:
            say(device + _(": ") + explain(plan.not_known), style="yellow")
        for refusal in plan.refused:
            why = _(": ") + explain(refusal.reason)
            say(f"{device}{_(': ')}✗ {target_words(refusal.target)}{why}", style="yellow")
            show_moved(refusal)
        for one in plan.by_hand:
            title = localized(site.catalogue.texts(one.rule).title)
            say(f"{device}{_(': ')}☐ {title} ({fix_label(one.fix)})")
    say(_("Report: esms-kit report {site}").format(site=site.loaded.site.id))
