"""A made-up site with constructed findings of every kind, for the tests of reports.

Everything follows from tables: the same site, byte for byte, in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from kit.model.artefact import SysctlArtefact
from kit.model.facts import Facts
from kit.model.finding import Finding, FindingDetail, Provenance, Subject, SubjectKind
from kit.model.meta import Effective, Fix
from kit.model.operators import Operator
from kit.model.plan import ByHand, Change, ChangedValue, DevicePlan, PendingChange
from kit.model.rule import Severity
from kit.model.snapshot import NOBODY_LOOKED, Outcome, Snapshot
from kit.model.target import ArtefactKind
from kit.model.tier import Tier
from kit.model.verdict import Pending, Reason, ReasonCode, Verdict
from kit.reporting.building import Checked
from tests.reporting.sample_declared import clients, declared, second_factor
from tests.reporting.sample_equipment import deliveries, facts_of_situation, more_profiles
from tests.reporting.sample_history import evidence, history
from tests.reporting.sample_site import (
    DEVICES,
    TAKEN,
    baseline,
    catalogue,
    devices,
    profiles,
    run,
    site,
    table,
    waivers,
)

AT = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)

F, E, N, A = Verdict.FAIL, Verdict.ERROR, Verdict.NOT_CHECKED, Verdict.NOT_APPLICABLE
_SITUATIONS: dict[str, dict[str, Verdict]] = {
    "good": {"login_banner_shown": A},
    "drifted": {
        "ssh_root_login_disabled": F, "kernel_addresses_hidden": F, "kernel_log_restricted": F,
        "ssh_idle_session_closed": F, "firmware_password_set": F, "firewall_input_dropped": N,
        "printing_service_disabled": A,
    },
    "fresh": {
        "ssh_root_login_disabled": F, "ssh_password_login_disabled": F,
        "ssh_idle_session_closed": F, "kernel_addresses_hidden": F, "network_redirects_refused": F,
        "telnet_server_absent": F, "security_updates_automatic": F, "printing_service_disabled": F,
        "firewall_input_dropped": F, "shadow_file_private": F, "disk_encrypted": F,
        "firmware_password_set": F, "clock_synchronised": F, "login_banner_shown": F,
    },
    "half_read": {
        "ssh_root_login_disabled": E, "ssh_password_login_disabled": E,
        "ssh_idle_session_closed": E, "shadow_file_private": E, "disk_encrypted": F,
    },
    "old": {"tpm_present": F, "disk_encrypted": F, "clock_synchronised": E},
}  # fmt: skip
_OUTCOMES = {
    "not_reached": Outcome.NOT_REACHED,
    "key_changed": Outcome.KEY_CHANGED,
    "sudo_refused": Outcome.SUDO_REFUSED,
}
_SAID = {
    Outcome.NOT_REACHED: "connect to 192.0.2.14 port 22: No route to host",
    Outcome.KEY_CHANGED: "ssh-ed25519 SHA256:q1r8tJ0mT3ZxXgkzW2dVb9y4H7u",
    Outcome.SUDO_REFUSED: "sudo: a password is required",
}
_UNREAD = {
    "ssh": "denied: /usr/sbin/sshd: Permission denied",
    "files": "timeout: exit status 124",
    "time": "missing_binary: systemctl: not found",
}


def snapshots() -> dict[str, Snapshot]:
    taken = {}
    for number, (name, _class, platform, _role, situation) in enumerate(DEVICES):
        if platform != "linux" or situation in {"never_seen", "managed", "removed"}:
            continue
        outcome = _OUTCOMES.get(situation, Outcome.DONE)
        at = TAKEN + timedelta(seconds=number) - timedelta(days=40 if situation == "old" else 0)
        taken[name] = Snapshot(
            device=name,
            taken_at=at,
            device_clock=at + timedelta(seconds=190) if situation == "half_read" else at,
            collector="replay",
            origin="constructed",
            tool_version="0.1.0",
            outcome=outcome,
            detail=_SAID.get(outcome, ""),
        )
    return taken


def facts() -> dict[str, Facts]:
    """What the snapshots tell of the devices themselves."""
    found = {name: facts_of_situation(situation) for name, *_others, situation in DEVICES}
    return {name: one for name, one in found.items() if one is not None}


def findings() -> dict[str, tuple[Finding, ...]]:
    found = {}
    taken = snapshots()
    for name, device_class, _platform, _role, situation in DEVICES:
        if situation == "removed":
            continue
        if situation == "not_covered":
            reason = Reason(code=ReasonCode.CLASS_NOT_COVERED, subject=device_class)
            found[name] = (_covered(name, reason),)
            continue
        whole = _whole(situation)
        at = taken[name].taken_at if name in taken and whole is None else None
        found[name] = tuple(_finding(name, row, situation, whole, at) for row in _rows())
    return found


def _rows() -> list[dict[str, Any]]:
    disabled = {one.rule for one in site().disabled_rules}
    return [row for row in table() if row["id"] not in disabled]


def _whole(situation: str) -> tuple[Verdict, Reason] | None:
    """What holds for every rule of a device nobody could read."""
    if situation == "never_seen":
        return N, Reason(code=ReasonCode.NEVER_SEEN)
    if situation == "managed":
        return N, Reason(code=ReasonCode.MANAGED_BY_OTHER, subject="Éditeur du DUI")
    if situation not in _OUTCOMES:
        return None
    outcome = _OUTCOMES[situation]
    code = ReasonCode.NOT_REACHED if outcome in NOBODY_LOOKED else ReasonCode.REFUSED
    reason = Reason(code=code, subject=outcome.value, detail=_SAID[outcome])
    return (N if outcome in NOBODY_LOOKED else E), reason


def _covered(device: str, reason: Reason) -> Finding:
    return Finding(
        subject=Subject(kind=SubjectKind.DEVICE, id=device),
        rule="device_covered", theme="equipment", severity=Severity.MEDIUM, tier=Tier.CORE,
        verdict=N, enforced=False, fix=Fix.BY_HAND, reasons=(reason,), provenance=Provenance.NONE,
    )  # fmt: skip


def _finding(
    device: str,
    row: dict[str, Any],
    situation: str,
    whole: tuple[Verdict, Reason] | None,
    at: datetime | None,
) -> Finding:
    verdict = whole[0] if whole else _SITUATIONS[situation].get(row["id"], Verdict.PASS)
    details = () if whole else tuple(_details(row, verdict))
    reasons = (whole[1],) if whole else tuple(_reasons(row, verdict, details))
    waived = verdict is F and row["id"] == "firmware_password_set"
    pending = Pending.REBOOT if verdict is F and "pending" in row else None
    return Finding(
        subject=Subject(kind=SubjectKind.DEVICE, id=device),
        rule=row["id"],
        theme=row["theme"],
        severity=Severity(row["severity"]),
        tier=Tier(row.get("tier", "core")),
        verdict=verdict,
        enforced=row.get("tier", "core") == "core",
        fix=Fix(row.get("fix", "remote")),
        pending=pending,
        waiver="DER-2026-02" if waived else None,
        reasons=reasons,
        details=details,
        provenance=Provenance.NONE if whole else Provenance.CONSTRUCTED,
        observed_at=at,
    )


def _details(row: dict[str, Any], verdict: Verdict) -> Iterator[FindingDetail]:
    if verdict in {N, A}:
        return
    for one in row["details"]:
        seen = one["good"] if verdict is Verdict.PASS else one["bad"]
        unread = _UNREAD.get(row["theme"], "failed: exit status 1")
        if verdict is E:
            seen = f"<{unread.partition(':')[0]}>"
        code = ReasonCode.ABSENT if seen == "<absent>" else ReasonCode.DIFFERS
        if verdict is E:
            code = ReasonCode.UNREADABLE
        said = {ReasonCode.DIFFERS: seen, ReasonCode.UNREADABLE: unread}.get(code, "")
        yield FindingDetail(
            setting=f"{one['read']}:{one['key']}",
            read=one["read"],
            key=one["key"],
            verdict=verdict,
            operator=Operator(one["op"]).value,
            expected=one.get("value", one["good"]),
            observed=seen,
            reasons=() if verdict is Verdict.PASS else (
                Reason(code=code, subject=one["key"], detail=said),
            ),
        )  # fmt: skip


def _reasons(
    row: dict[str, Any], verdict: Verdict, details: tuple[FindingDetail, ...]
) -> Iterator[Reason]:
    if verdict is A:
        yield Reason(code=ReasonCode.NO_VARIANT)
    elif verdict is N:
        yield Reason(code=ReasonCode.SITE_VALUE_MISSING, subject="management_sources")
    for detail in details:
        yield from detail.reasons


def plans() -> dict[str, DevicePlan]:
    made = {}
    for device, found in findings().items():
        failing = [one for one in found if one.verdict is F]
        unread = next((r for one in found for r in one.reasons if not one.details), None)
        known = any(one.details for one in found)
        made[device] = DevicePlan(
            device=device,
            snapshot="",
            changes=tuple(
                _change(one)
                for one in failing
                if one.fix is Fix.REMOTE and one.enforced and one.pending is None
            ),
            by_hand=tuple(
                ByHand(rule=one.rule, fix=one.fix) for one in failing if one.fix is not Fix.REMOTE
            ),
            pending=tuple(
                PendingChange(rule=one.rule, pending=one.pending) for one in failing if one.pending
            ),
            on_request=tuple(
                one.rule for one in failing if one.fix is Fix.REMOTE and not one.enforced
            ),
            not_known=None if known else unread,
        )
    return made


def _change(finding: Finding) -> Change:
    return Change(
        kind=ArtefactKind.SYSCTL,
        target="kernel.sample",
        phase=40,
        artefact=SysctlArtefact(name="kernel.sample", value="1"),
        values=tuple(
            ChangedValue(
                rule=finding.rule,
                setting=one.setting,
                key=one.key,
                old=one.observed,
                new=one.expected,
            )
            for one in finding.details
        ),
        rules=(finding.rule,),
        effective=(
            Effective.AFTER_REBOOT if finding.rule == "kernel_addresses_hidden" else Effective.NOW
        ),
    )


def checked(**changes: Any) -> Checked:
    """The sample as the input of a report; ``changes`` replace fields of it."""
    values: dict[str, Any] = {
        "site": site(),
        "catalogue": catalogue(),
        "baseline": baseline(),
        "run": run(),
        "devices": devices(),
        "findings": findings(),
        "snapshots": snapshots(),
        "plans": plans(),
        "profiles": {**profiles(), **more_profiles()},
        "waivers": waivers(),
        "facts": facts(),
        "deliveries": deliveries(),
        "second_factor": second_factor(),
        "clients": clients(),
        "evidence": evidence(),
        "declared": declared(site()),
    }
    known = {**values, **changes}
    values["history"] = history(known["run"], values["findings"])
    return Checked(**{**values, **changes})
