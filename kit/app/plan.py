"""What would change on a site: collect, judge, plan; nothing is written to any device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from kit import __version__
from kit.app.admission import guarded_plans
from kit.app.check import FINDINGS, OK, UNKNOWN, exit_code
from kit.app.opening import OpenSite
from kit.desired.resolution import DesiredSetting
from kit.errors import UsageError
from kit.i18n import _
from kit.loop.reading import Collect, Reading, read_site, site_plan
from kit.model.device import DeviceClass
from kit.model.plan import Plan
from kit.model.rule import Purpose
from kit.planning.planning import Selects


@dataclass(frozen=True)
class PlanResult:
    """A plan, what it was made from, and the exit code."""

    plan: Plan
    reading: Reading
    exit_code: int


def selection(site: OpenSite, rules: Iterable[str], only: Iterable[Purpose] = ()) -> Selects:
    """Differences of these rules and of these purposes only (all when none is named).

    Raises ``UsageError`` when a rule is unknown.
    """
    purposes = frozenset(only)
    wanted = frozenset(rules)
    unknown = sorted(wanted - set(site.catalogue.rules))
    if unknown:
        raise UsageError(
            _("these rules are unknown: {names}.").format(names=", ".join(unknown)),
            where="--rule",
            remedy=_("“esms-kit catalogue list” lists the rules."),
        )

    def selects(one: DesiredSetting) -> bool:
        if purposes and one.rule.purpose not in purposes:
            return False
        return not wanted or one.rule.id in wanted

    return selects


def plan(
    site: OpenSite,
    clock: Callable[[], datetime],
    collect: Collect,
    *,
    limit: str | None = None,
    rules: Iterable[str] = (),
    classes: Iterable[DeviceClass] = (),
    only: Iterable[Purpose] = (),
) -> PlanResult:
    """The plan of the devices chosen, with what ``apply`` would refuse among its refusals.

    Exit code: 4 when something could not be read, 1 when anything would change or is left for
    hands, 0 when everything is as wanted. Raises ``UsageError`` when no device is chosen.
    """
    at = clock()
    devices = site.to_work_on(limit, frozenset(classes))
    selects = selection(site, rules, only)
    reading = read_site(site.context(at), devices, site.profiles, collect, selects)
    reading = replace(reading, plans=guarded_plans(site, reading.plans))
    made = site_plan(site.context(at), reading, __version__)
    found = [one for findings in reading.findings().values() for one in findings]
    code = exit_code(found)
    if code == OK and any(device.changes or device.refused for device in made.devices):
        code = FINDINGS
    return PlanResult(made, reading, code)


__all__ = ["FINDINGS", "OK", "UNKNOWN", "PlanResult", "plan", "selection"]
