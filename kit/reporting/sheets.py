"""The identity of a site and of a device as names and values, and what to beware of on a device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kit.checking.clocks import TOLERANCE
from kit.checking.labels import label
from kit.i18n import _, ngettext
from kit.model.device import DeviceState
from kit.model.snapshot import Outcome
from kit.reporting.data import UNSEEN, DeviceSheet, PlanSheet, ReportData, RunSheet
from kit.reporting.regions import region_name
from kit.reporting.text import (
    counted,
    show_age,
    show_number,
    show_short_time,
    show_time,
    typographic,
)
from kit.sites.systems import system_name

Pair = tuple[str, str]
OLD_SNAPSHOT_SECONDS: Final = 30 * 86_400
"""A snapshot older than this is pointed out: the kit is meant to run every month."""


def identity(data: ReportData) -> tuple[Pair, ...]:
    """Who the report is about, against what, when and by whom; unset parts are left out."""
    site, run = data.site, data.run
    category_label = typographic(site.category_label or "")
    category = " – ".join(one for one in (site.category, category_label) if one)
    rows = (
        ("FINESS ET", site.finess_et),
        ("FINESS EJ", site.finess_ej),
        ("SIRET", site.siret),
        ("SIREN", site.siren),
        (_("Legal entity"), site.legal_entity),
        (_("Category"), category),
        (_("Operator"), site.operator if site.operator != site.legal_entity else None),
        (_("Region"), region_name(site.region) if site.region else None),
        (_("Baseline"), f"{data.baseline.id} {data.baseline.version}"),
        (_("Run"), run.id),
        (_("Number and head of the chain"), _evidence(data)),
        (
            _("Run by"),
            _("account {account}, from {controller}; {capacity}").format(
                account=run.account,
                controller=run.controller,
                capacity=label(run.capacity)
                if run.capacity is not None
                else _("no capacity stated"),
            ),
        ),
    )
    return tuple((name, value) for name, value in rows if value)


def run_identity(data: ReportData) -> tuple[Pair, ...]:
    """The rest of it, for the end of a document: session, tool, digests, seal, whole."""
    run, evidence = data.run, data.evidence
    sealed_at = evidence.sealed_at if evidence is not None else None
    rows = (
        (_("Capacity"), capacity_text(run)),
        (_("Authentication"), authentication_text(run)),
        (_("Tool"), f"esms-kit {run.tool_version}"),
        (_("Content of the catalogue, SHA-256"), data.baseline.catalogue_digest),
        (_("Plans of all devices, SHA-256"), run.plan_digest),
        (_("Head digest of the evidence"), evidence.head if evidence else None),
        (_("Sealed on"), show_time(sealed_at, data.site.timezone) if sealed_at else None),
        (_("Form of the data"), _("esms-kit report, schema {number}").format(number=data.schema_)),
    )
    return tuple((name, value) for name, value in rows if value)


def capacity_text(run: RunSheet) -> str:
    """In which capacity the kit was run, and where that comes from."""
    if run.capacity is None:
        return _("not stated")
    return _("{capacity}, as the workspace states").format(capacity=label(run.capacity))


def authentication_text(run: RunSheet) -> str:
    """How the session came about, and what that is worth."""
    if run.authentication is None:
        return _("not noted")
    return _("{means}; no proof of a person").format(means=label(run.authentication))


def _evidence(data: ReportData) -> str | None:
    """Run number, head digest and seal, as they are compared with what an auditor keeps."""
    evidence = data.evidence
    if evidence is None:
        return None
    sealed = _("sealed by {key}").format(key=evidence.key) if evidence.key else _("not sealed")
    return _("run {number}, {head}, {sealed}").format(
        number=evidence.number, head=f"{evidence.head[:16]}…", sealed=sealed
    )


def device_facts(device: DeviceSheet, timezone: str) -> tuple[Pair, ...]:
    """What a device is, how and when it was read, and what the next apply would do."""
    rows = (
        (_("Asset"), device.asset_id),
        (_("Serial number"), device.serial),
        (_("System announced"), system_name(device.os) if device.os else None),
        (_("State"), label(device.state)),
        (_("Zone"), device.zone),
        (_("Attached to"), device.attached_to),
        (_("Administered by"), device.managed_by),
        (_("Read"), _reading(device, timezone)),
        (_("Provenance"), label(device.provenance)),
        (_("Next “apply”"), _plan(device.plan) if device.plan is not None else None),
    )
    return tuple((name, value) for name, value in rows if value)


def _reading(device: DeviceSheet, timezone: str) -> str:
    if device.taken_at is None or device.outcome is None:
        return _("never")
    when = show_short_time(device.taken_at, timezone)
    told = _("{when}, age {age}").format(when=when, age=show_age(device.age))
    if device.outcome is Outcome.DONE:
        return told
    return _("tried on {when}: {outcome}").format(when=when, outcome=label(device.outcome))


def _plan(plan: PlanSheet) -> str:
    changes = counted(ngettext("{count} change", "{count} changes", plan.changes), plan.changes)
    parts = [
        changes if plan.changes else _("nothing to change"),
        *(
            counted(message, count)
            for message, count in (
                (ngettext("{count} refused", "{count} refused", plan.refused), plan.refused),
                (ngettext("{count} by hand", "{count} by hand", plan.by_hand), plan.by_hand),
                (
                    ngettext("{count} on request", "{count} on request", plan.on_request),
                    plan.on_request,
                ),
            )
            if count
        ),
    ]
    if plan.restart:
        parts.append(_("restart needed"))
    return ", ".join(parts)


def device_warnings(device: DeviceSheet) -> Iterator[str]:
    """What a reader of this device's findings must know."""
    if device.state is DeviceState.REMOVED and device.standing not in UNSEEN:
        yield _("This device is removed from the inventory.")
    if device.missing_rules:
        count = len(device.missing_rules)
        yield counted(
            ngettext(
                "{count} rule of the baseline has no result here.",
                "{count} rules of the baseline have no result here.",
                count,
            ),
            count,
        )
    if device.age is not None and device.age > OLD_SNAPSHOT_SECONDS:
        yield _("Old reading: {age}. The device may have changed since.").format(
            age=show_age(device.age)
        )
    offset = device.clock_offset
    if offset is not None and abs(offset) > TOLERANCE:
        yield _("The clock of the device was off by {seconds} seconds when it was read.").format(
            seconds=show_number(abs(offset))
        )


def origin_text(origin: str) -> str:
    """Who decided an inherited value: ``legal_entity tilleuls`` in words; nothing: the site."""
    level, _blank, name = origin.partition(" ")
    patterns = {
        "": _("the site"),
        "group": _("the group {name}"),
        "legal_entity": _("the legal entity {name}"),
    }
    return patterns[level].format(name=name) if level in patterns else origin
