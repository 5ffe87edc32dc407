"""Make the changes that are wanted on a site, then check it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kit.app.admission import shut_out_address
from kit.app.check import (
    FINDINGS,
    OK,
    UNKNOWN,
    Asked,
    CheckResult,
    end_run,
    keep,
    limited,
    start_run,
)
from kit.app.check import exit_code as check_code
from kit.app.opening import OpenSite
from kit.app.plan import selection
from kit.app.works import workable_for
from kit.loop.applying import (
    Applied,
    Ending,
    Event,
    Limits,
    carry_out,
    engine_named,
    guarded_plans,
)
from kit.loop.reading import Collect, Reading, read_site, site_plan
from kit.model.device import Device, DeviceClass
from kit.model.finding import Finding
from kit.model.meta import Fix
from kit.model.plan import Plan
from kit.model.rule import Purpose
from kit.model.verdict import Verdict
from kit.redaction import Redactor
from kit.secrets.reference import SecretResolver
from kit.store.store import Store

ENGINE_FAILED = 5


@dataclass(frozen=True)
class Choice:
    """What to apply, where, how."""

    limit: str | None = None
    rules: tuple[str, ...] = ()
    classes: tuple[DeviceClass, ...] = ()
    only: tuple[Purpose, ...] = ()
    without_watchdog: bool = False
    engine: str = "auto"
    jobs: int = 8

    def filters(self) -> tuple[str, ...]:
        """What leaves devices out; rules chosen do not: every rule is still judged."""
        return (*limited(self.limit), *(f"--class {one}" for one in self.classes))

    def devices(self, site: OpenSite) -> list[Device]:
        """The devices chosen; raises ``UsageError`` when ``limit`` matches none."""
        found = site.devices(self.limit)
        return [one for one in found if not self.classes or one.device_class in self.classes]


@dataclass(frozen=True)
class Planned:
    """What is about to be done, for the question before it."""

    plan: Plan


@dataclass(frozen=True)
class ApplyResult:
    """What was done. ``agreed`` is false when somebody said no; then nothing was touched."""

    before: CheckResult
    after: CheckResult
    applied: Applied
    agreed: bool
    exit_code: int


def apply(
    site: OpenSite,
    store: Store,
    asked: Asked,
    collect: Collect,
    choice: Choice,
    *,
    agreed: Callable[[Planned], bool],
    secrets: SecretResolver,
    redactor: Redactor,
    on_event: Callable[[Event], None],
) -> ApplyResult:
    """Read, plan, ask, change, read again.

    A site with nothing to change costs one reading: nobody is asked, no engine is started.
    """
    at = asked.clock()
    devices = choice.devices(site)
    selects = selection(site, choice.rules, choice.only)
    context = site.context(at)
    filters = choice.filters()
    run = start_run(site, asked, "apply", at, filters)
    store.begin(run)
    reading = read_site(context, devices, site.profiles, collect, selects)
    kept = keep(store, asked, run, reading)
    plans = guarded_plans(
        reading,
        without_watchdog=choice.without_watchdog,
        shut_out=lambda device: shut_out_address(site, device),
    )
    said_yes = True
    applied = Applied(reading, plans, reading)
    if any(plan.changes for plan in plans.values()):
        shown = site_plan(
            context, Reading(reading.snapshots, reading.judged, plans), run.tool_version
        )
        said_yes = agreed(Planned(shown))
        if said_yes:
            applied = carry_out(
                reading, plans, devices, site.profiles,
                engine=engine_named(choice.engine, redactor), workable=workable_for(site),
                secrets=secrets, limits=Limits(jobs=choice.jobs), collect=collect,
                on_event=on_event, selects=selects,
                again=lambda: site.context(asked.clock()),
            )  # fmt: skip
            store.keep_outcomes(run.id, applied.outcomes)
    code = exit_code(applied)
    done = (plans, applied.outcomes)
    before = end_run(site, store, asked, run, reading, kept, code, done)
    after = _keep_after(site, store, asked, applied, filters) if applied.started else before
    return ApplyResult(before, after, applied, said_yes, code)


def _keep_after(
    site: OpenSite, store: Store, asked: Asked, applied: Applied, filters: tuple[str, ...]
) -> CheckResult:
    """The reading after the changes is a check run of its own: reports are made from it."""
    at = asked.clock()
    run = start_run(site, asked, "check", at, filters)
    store.begin(run)
    kept = keep(store, asked, run, applied.after)
    found = [one for findings in applied.after.findings().values() for one in findings]
    return end_run(site, store, asked, run, applied.after, kept, check_code(found))


def exit_code(applied: Applied) -> int:
    """5 when the engine failed, 4 when something is not known, 1 when something is left, else 0.

    Left are enforced failures that can be mended remotely and wait for nothing.
    """
    bad = {Ending.FAILED, Ending.INTERRUPTED}
    if any(one.ending in bad for one in applied.outcomes.values()):
        return ENGINE_FAILED
    found = [one for findings in applied.after.findings().values() for one in findings]
    known = check_code([one for one in found if one.verdict is not Verdict.FAIL])
    if known == UNKNOWN or any(
        one.ending is Ending.NOT_REACHED for one in applied.outcomes.values()
    ):
        return UNKNOWN
    return FINDINGS if any(left(one) for one in found) else OK


def left(finding: Finding) -> bool:
    """Whether this is a failure that apply should have mended."""
    return (
        finding.verdict is Verdict.FAIL
        and finding.enforced
        and finding.fix is Fix.REMOTE
        and finding.pending is None
    )
