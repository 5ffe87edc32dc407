"""Check a site: collect (or take recorded snapshots), judge, keep the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from kit import __version__
from kit.app.admission import guarded_plans
from kit.app.declared_matters import findings_of_declarations
from kit.app.evidence import Chained, Seal, chain_run, masked, no_seal, store_mask
from kit.app.opening import OpenSite
from kit.app.person_evidence import findings_of_people, note_first_uses
from kit.checking.freshness import fresh
from kit.errors import UsageError
from kit.i18n import _
from kit.loop.reading import Collect, Reading, judge_site, read_site
from kit.model.device import DeviceState
from kit.model.finding import Finding
from kit.model.plan import DevicePlan
from kit.model.record import Record
from kit.model.rule import Severity
from kit.model.run import Operator, Run, new_run_id
from kit.model.snapshot import Outcome, Snapshot
from kit.model.verdict import ReasonCode, Verdict
from kit.store.store import Store

OK = 0
FINDINGS = 1
UNKNOWN = 4


@dataclass(frozen=True)
class Asked:
    """Who asks, the clock (aware, UTC), fresh tokens: what runs need from outside.

    ``seal`` gives the operator's sealing key, ``mask`` what masks texts before they are stored.
    """

    operator: Operator
    clock: Callable[[], datetime]
    token: Callable[[], str]
    seal: Seal = no_seal
    mask: Callable[[str], str] = field(default_factory=lambda: store_mask(None))


@dataclass(frozen=True)
class CheckResult:
    """A run and what it read."""

    run: Run
    reading: Reading
    evidence: Chained | None = None  # unset: the chain of this site was made elsewhere
    people: tuple[Finding, ...] = ()  # none when only some devices were chosen
    declared: tuple[Finding, ...] = ()  # neither then, nor where nothing was ever declared

    def findings(self) -> tuple[Finding, ...]:
        """Every finding of every device, of every person, and of what is declared."""
        devices = (one for found in self.reading.findings().values() for one in found)
        return (*devices, *self.people, *self.declared)


def start_run(
    site: OpenSite,
    asked: Asked,
    kind: Literal["check", "apply", "undo"],
    at: datetime,
    selection: Iterable[str] = (),
) -> Run:
    """The record of a run that begins at ``at``; ``selection`` names its filters."""
    return Run(
        id=new_run_id(at, asked.token()),
        site=site.loaded.site.id,
        kind=kind,
        started_at=at,
        tool_version=__version__,
        baseline=site.baseline.id,
        baseline_version=site.baseline.version,
        catalogue_digest=site.catalogue.digest,
        operator=asked.operator,
        selection=tuple(selection),
    )


def limited(limit: str | None) -> tuple[str, ...]:
    """The filter on devices as a run keeps it."""
    return (f"--limit {limit}",) if limit is not None else ()


def keep(store: Store, asked: Asked, run: Run, reading: Reading) -> Reading:
    """Keep everything a reading brought under its run; what was kept, masked as it was."""
    kept = masked(reading, asked.mask)
    store.keep_snapshots(run.id, kept.snapshots.values())
    store.keep_findings(run.id, kept.findings())
    store.keep_plans(run.id, kept.plans.values())
    return kept


def check(
    site: OpenSite,
    store: Store,
    asked: Asked,
    collect: Collect,
    *,
    limit: str | None = None,
    fail_on: Severity = Severity.LOW,
) -> CheckResult:
    """Collect and judge the devices chosen; every one of them is in the result."""
    devices = site.devices(limit)
    at = asked.clock()
    run = start_run(site, asked, "check", at, limited(limit))
    store.begin(run)
    reading = read_site(site.context(at), devices, site.profiles, collect)
    reading = replace(reading, plans=guarded_plans(site, reading.plans))
    return _ended(site, store, asked, run, reading, fail_on)


def check_recorded(
    site: OpenSite,
    store: Store,
    asked: Asked,
    snapshots: Mapping[str, Snapshot],
    *,
    limit: str | None = None,
    fail_on: Severity = Severity.LOW,
) -> CheckResult:
    """Judge recorded snapshots; a device chosen that has none was never seen.

    They are kept, and sealed, as what they are from here: taken from a file.

    Raises ``UsageError`` when a snapshot belongs to no device of the site.
    """
    devices = site.devices(limit)
    foreign = sorted(set(snapshots) - {one.id for one in site.loaded.devices})
    if foreign:
        raise UsageError(
            _("these snapshots belong to no device of the site: {names}.").format(
                names=", ".join(foreign)
            ),
            where=site.loaded.site.id,
            remedy=_("Check the site named, or take the devices in first."),
        )
    at = asked.clock()
    run = start_run(site, asked, "check", at, limited(limit))
    store.begin(run)
    present = [one for one in devices if one.state is not DeviceState.REMOVED]
    chosen = {one.id: _of_file(snapshots[one.id]) for one in present if one.id in snapshots}
    reading = judge_site(site.context(at), present, site.profiles, chosen)
    return _ended(site, store, asked, run, reading, fail_on)


def _of_file(snapshot: Snapshot) -> Snapshot:
    """The same, as nobody can vouch for more; what was carried or constructed says so already."""
    if snapshot.origin != "measured":
        return snapshot
    return snapshot.model_copy(update={"origin": "from_file"})


def _ended(
    site: OpenSite, store: Store, asked: Asked, run: Run, reading: Reading, fail_on: Severity
) -> CheckResult:
    kept = keep(store, asked, run, reading)
    shown = fresh(site.loaded.site, reading.snapshots, run.started_at)
    note_first_uses(site, shown)
    whole = not run.selection
    at = asked.clock()
    people = findings_of_people(site, shown, at) if whole else ()
    found = CheckResult(run, reading, people=people)
    declared = findings_of_declarations(site, found.findings(), at) if whole else ()
    code = exit_code((*found.findings(), *declared), fail_on)
    if not reading.findings():  # nobody looked at anything, and that is no compliance
        code = code or FINDINGS
    ended = end_run(site, store, asked, run, reading, kept, code)
    return replace(ended, people=people, declared=declared)


def end_run(
    site: OpenSite,
    store: Store,
    asked: Asked,
    run: Run,
    reading: Reading,
    kept: Reading,
    code: int,
    done: tuple[Mapping[str, DevicePlan], Mapping[str, Record]] | None = None,
) -> CheckResult:
    """End a run and put it into the chain of evidence.

    ``done``: the plans that were carried out, and what the engine reported, of an apply.
    """
    at = asked.clock()
    plans, outcomes = (reading.plans, {}) if done is None else done
    ended = run.model_copy(update={"ended_at": at, "exit_code": code})
    store.end(ended)
    chained = chain_run(
        site, store, ended, reading, kept=kept, seal=asked.seal, made_at=at, plans=plans,
        outcomes=outcomes,
    )  # fmt: skip
    return CheckResult(ended, reading, chained)


def exit_code(findings: Sequence[Finding], fail_on: Severity = Severity.LOW) -> int:
    """4 when something is in error or a device was not reached, 1 when anything stands, else 0.

    Failures below ``fail_on`` are left out; waived ones are not (a waiver rewrites nothing), and
    what is not known never is.
    """
    if any(one.verdict is Verdict.ERROR or _not_reached(one) for one in findings):
        return UNKNOWN
    standing = any(
        one.verdict is Verdict.NOT_CHECKED
        or (one.verdict is Verdict.FAIL and one.severity.order >= fail_on.order)
        for one in findings
    )
    return FINDINGS if standing else OK


def _not_reached(finding: Finding) -> bool:
    tried = {reason.subject for reason in finding.reasons if reason.code is ReasonCode.NOT_REACHED}
    return bool(tried - {Outcome.NOT_ATTEMPTED.value})
