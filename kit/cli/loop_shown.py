"""What ``check`` shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from kit.cli.terminal import console, say, show_json, show_table
from kit.i18n import _, localized, ngettext

if TYPE_CHECKING:
    from kit.app.check import CheckResult
    from kit.app.evidence import Chained
    from kit.app.opening import OpenSite
    from kit.model.finding import Finding
    from kit.model.verdict import Reason


def show_check(
    site: OpenSite,
    result: CheckResult,
    *,
    as_json: bool,
    verbose: int,
    foreign: Sequence[str] = (),
) -> None:
    """A table of devices, what stands, and where to go from here.

    ``foreign``: devices whose reading is none of those of the evidence the site was taken in from.
    """
    if as_json:
        show_json(
            {
                "schema": 1,
                "run": result.run.model_dump(mode="json"),
                "evidence": evidence_json(result.evidence),
                "devices": {
                    device: [one.model_dump(mode="json") for one in found]
                    for device, found in result.reading.findings().items()
                },
                "people": [one.model_dump(mode="json") for one in result.people],
                "declared": [one.model_dump(mode="json") for one in result.declared],
                "not_in_evidence": list(foreign),
                "clock_contradicted_by": _contradicting(result),
            }
        )
        return
    if not result.reading.findings():
        if site.loaded.devices:
            say(_("No device was looked at: those chosen have left the site."), style="red")
        else:
            text = _("No device was looked at: take a delivery in first (esms-kit intake).")
            say(text, style="red")
    _show_devices(site, result, verbose)
    _show_standing(site, result, verbose)
    if verbose:
        _show_unknown(site, result)
    _show_people(result)
    _show_declared(site, result)
    if foreign:
        text = _("{names}: this reading is in none of the sealed runs: changed, or made elsewhere.")
        say(text.format(names=", ".join(foreign)), style="bold red")
    _show_end(site, result)


_MARKS: Final = {"pass": "✓", "fail": "✗", "error": "!", "not_checked": "?"}


def _show_devices(site: OpenSite, result: CheckResult, verbose: int) -> None:
    from kit.checking.reasons import verdict_label
    from kit.checking.scores import score
    from kit.model.snapshot import Outcome
    from kit.model.verdict import Verdict
    from kit.reporting.text import show_share

    shown = [one for one in Verdict if one is not Verdict.NOT_APPLICABLE]
    rows = []
    aside: dict[str, list[str]] = defaultdict(list)
    for device, findings in result.reading.findings().items():
        snapshot = result.reading.snapshots.get(device)
        if snapshot is None or snapshot.outcome is not Outcome.DONE or _undated(findings):
            aside[_state(result, device, verbose)].append(device)
            continue
        counts = score(findings)
        ratio = "–" if counts.ratio is None else show_share(counts.ratio)
        numbers = (str(counts.counts[verdict] or "·") for verdict in shown)
        rows.append([device, *numbers, ratio, counts.grade or "–"])
    title = _("{site} – baseline {baseline} {version}").format(
        site=site.loaded.site.name, baseline=site.baseline.id, version=site.baseline.version
    )
    marks = [_MARKS[one] for one in shown]
    show_table([_("Device"), *marks, _("Score"), _("Grade")], rows, title=title)
    say("  ".join(f"{_MARKS[one]} {verdict_label(one)}" for one in shown), style="dim")
    if aside:
        say(_("Not read:"), style="bold")
    groups = sorted(aside.items(), key=lambda item: item[1])
    remedies = [_remedy(result, names[0]) for _why, names in groups]
    for (why, names), remedy, after in zip(groups, remedies, [*remedies[1:], ""], strict=False):
        say("  " + _("{name}: {problem}").format(name=few(names), problem=why), style="yellow")
        if remedy and remedy != after:  # told once for those that follow each other
            say(f"    → {remedy}")


def _show_people(result: CheckResult) -> None:
    """How many people have a second factor that was used; who has not, enrol status says."""
    from kit.model.verdict import Verdict

    if not result.people:
        return
    count = dict.fromkeys(Verdict, 0)
    for finding in result.people:
        count[finding.verdict] += 1
    say(
        _("Second factor: {active} active, {waiting} never used, {missing} to mend.").format(
            active=count[Verdict.PASS],
            waiting=count[Verdict.NOT_CHECKED],
            missing=count[Verdict.FAIL],
        )
    )


def _show_declared(site: OpenSite, result: CheckResult) -> None:
    """How much is declared; what is missing or has run out, declare list says."""
    from kit.model.verdict import Verdict

    if not result.declared:
        return
    count = Counter(one.verdict for one in result.declared)
    say(
        _(
            "Declarations: {good} in force, {missing} missing or expired, {bad} to mend; "
            "see: esms-kit declare list {site}"
        ).format(
            good=count[Verdict.PASS] + count[Verdict.NOT_APPLICABLE],
            missing=count[Verdict.NOT_CHECKED],
            bad=count[Verdict.FAIL],
            site=site.loaded.site.id,
        )
    )


def few(names: list[str]) -> str:
    """Names, or the first and how many more; ``verify --json`` and the like have them all."""
    shown = 3
    if len(names) <= shown:
        return ", ".join(names)
    return _("{first} and {count} more").format(first=names[0], count=len(names) - 1)


def _state(result: CheckResult, device: str, verbose: int) -> str:
    from kit.checking.reasons import explain, outcome_label
    from kit.checking.vocabulary import transport_shown

    snapshot = result.reading.snapshots.get(device)
    if snapshot is None:
        first = result.reading.judged[device].findings
        return explain(first[0].reasons[0]) if first and first[0].reasons else _("never read")
    undated = _undated(result.reading.judged[device].findings)
    if undated is not None:
        return explain(undated)
    label = outcome_label(snapshot.outcome)
    told = verbose and snapshot.detail  # in the words of the device or of its connection
    return f"{label} – {transport_shown(snapshot.detail)}" if told else label


def _remedy(result: CheckResult, device: str) -> str:
    """What to do about a device of which nothing is known, and why that is."""
    from kit.checking.reasons import what_to_do
    from kit.model.verdict import ReasonCode

    whys = [why for one in result.reading.judged[device].findings for why in one.reasons]
    if device in result.reading.snapshots:
        codes = {
            ReasonCode.NOT_REACHED, ReasonCode.REFUSED, ReasonCode.TOO_OLD, ReasonCode.DATED_AHEAD
        }  # fmt: skip
        whys = [why for why in whys if why.code in codes]
    return what_to_do(whys[0]) if whys else ""


def _undated(findings: Sequence[Finding]) -> Reason | None:
    """Why the reading of a device was not judged: it is too old, or of a day to come."""
    from kit.model.verdict import ReasonCode

    codes = {ReasonCode.TOO_OLD, ReasonCode.DATED_AHEAD}
    return next((why for one in findings for why in one.reasons if why.code in codes), None)


def _show_standing(site: OpenSite, result: CheckResult, verbose: int) -> None:
    from kit.checking.reasons import severity_label
    from kit.model.verdict import Verdict

    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for one in (f for found in result.reading.findings().values() for f in found):
        # A device nobody could read is told of above; an error here is one of a device that was.
        if one.verdict is Verdict.FAIL or (one.verdict is Verdict.ERROR and one.details):
            by_rule[one.rule].append(one)
    if not by_rule:
        return
    worst = sorted(by_rule.items(), key=lambda item: (-item[1][0].severity.order, item[0]))
    rows = [
        [
            f"{found[0].severity}\t{severity_label(found[0].severity)}",
            localized(site.catalogue.texts(rule).title),
            _devices_of(found, verbose),
        ]
        for rule, found in worst
    ]
    show_table([_("Severity"), _("Rule"), _("Devices")], rows, styled=0, title=_("What stands"))
    if verbose:
        for rule, found in worst:
            for one in found:
                _show_finding(one, localized(site.catalogue.texts(rule).title))


def _show_unknown(site: OpenSite, result: CheckResult) -> None:
    """What was not looked at on devices that were read, and why, rule by rule."""
    from kit.checking.reasons import explain
    from kit.model.snapshot import Outcome
    from kit.model.verdict import Verdict

    unknown: dict[tuple[str, str], list[str]] = defaultdict(list)
    for device, findings in result.reading.findings().items():
        snapshot = result.reading.snapshots.get(device)
        if snapshot is None or snapshot.outcome is not Outcome.DONE or _undated(findings):
            continue
        for one in findings:
            if one.verdict is Verdict.NOT_CHECKED:
                whys = sorted({explain(reason) for reason in one.reasons})
                unknown[one.rule, "; ".join(whys)].append(device)
    if unknown:
        rows = [
            [localized(site.catalogue.texts(rule).title), why, ", ".join(names)]
            for (rule, why), names in sorted(unknown.items())
        ]
        show_table([_("Rule"), _("Why"), _("Devices")], rows, title=_("Not checked"))


def _show_finding(one: Finding, title: str) -> None:
    """Each part of a finding that does not hold: what was read where, what is expected."""
    from kit.checking.reasons import explain, show_expected, show_observed
    from kit.model.verdict import Verdict

    say(f"{one.subject.id} · {title} ({one.rule})", style="bold")
    good = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    for detail in one.details:
        if detail.verdict not in good:
            expected = show_expected(detail.operator, detail.expected)
            observed = show_observed(detail.observed)
            say(
                "    "
                + _("{key} ({read}): {observed} – expected: {expected}").format(
                    key=detail.key, read=detail.read, observed=observed, expected=expected
                )
            )
    if not one.details:
        for reason in one.reasons:
            say(f"    {explain(reason)}")


def _devices_of(found: list[Finding], verbose: int) -> str:
    names = sorted({one.subject.id for one in found})
    if verbose or len(names) <= 4:
        return ", ".join(names)
    return ngettext("{count} device", "{count} devices", len(names)).format(count=len(names))


def evidence_json(found: Chained | None) -> dict[str, Any] | None:
    """Where a run stands in the chain, as plain data."""
    if found is None:
        return None
    return {**found.mark.model_dump(mode="json"), "why_unsealed": found.why_unsealed}


def show_evidence(found: Chained | None) -> None:
    """Where a run stands in the chain; a run without a seal is never silently fine."""
    if found is None:
        say(_("This site was taken in from evidence: the run is in no chain."), style="yellow")
        return
    mark = found.mark
    line = _("Evidence {number}, digest {head}").format(number=mark.number, head=mark.head[:16])
    if mark.key is not None:
        say(line + _(", sealed with key {key}").format(key=mark.key), style="dim")
        return
    why = found.why_unsealed or _("this operator has no keys yet; run “esms-kit keys init”.")
    say(_("{evidence}, NOT SEALED: {why}").format(evidence=line, why=why), style="yellow")


def _contradicting(result: CheckResult) -> int:
    from kit.checking.clocks import contradicting

    return contradicting(one.clock_offset for one in result.reading.snapshots.values())


def _show_clock(result: CheckResult) -> None:
    """Most devices contradict this computer: every date of the run hangs on it."""
    count = _contradicting(result)
    if count:
        text = _(
            "The clock of this computer is in doubt: {count} devices contradict it. Set it and "
            "check again: the dates of the run, of waivers and of declarations hang on it."
        )
        say(text.format(count=count), style="bold red")


def _show_waivers(site: OpenSite, result: CheckResult) -> None:
    """The waivers somebody has to decide on: ended, or ending soon."""
    from kit.app.waivers import due
    from kit.checking.waiver_words import notice_words

    for one in due(site, result.run.started_at):
        told = "; ".join(map(notice_words, one.notices))
        say(_("Waiver {id}: {notice}").format(id=one.waiver.id, notice=told), style="yellow")


def _show_end(site: OpenSite, result: CheckResult) -> None:
    _show_clock(result)
    _show_waivers(site, result)
    show_evidence(result.evidence)
    say(
        _("Run {run} kept. Report: esms-kit report {site}").format(
            run=result.run.id, site=site.loaded.site.id
        )
    )
    if not console().is_terminal:
        return
    if result.run.exit_code:
        say(_("What can be mended: esms-kit plan {site}").format(site=site.loaded.site.id))
