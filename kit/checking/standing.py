"""Findings that hold for every asset, without any setting: is it read, is it what was bought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from kit.desired.resolution import FILES_READ, file_key
from kit.model.catalogue import Catalogue
from kit.model.device import Device
from kit.model.facts import Fact, Facts, FactUnreadable
from kit.model.finding import Finding, FindingDetail, Provenance, Subject, SubjectKind
from kit.model.hardware import HardwareProfile, Tpm
from kit.model.meta import Fix
from kit.model.observation import (
    Absent,
    Observation,
    Observations,
    Observed,
    Unread,
    Unreadable,
)
from kit.model.operators import Operator
from kit.model.verdict import Reason, ReasonCode, Verdict, worst
from kit.reads.watchdog_files import ARMED, REPORT, put_back

COVERED: Final = "device_covered"
MATCHES_PROFILE: Final = "device_matches_profile"
NOTHING_LEFT: Final = "nothing_left_over"
NOTHING_PUT_BACK: Final = "nothing_put_back"
_READ: Final = "facts"


def _finding(
    catalogue: Catalogue,
    rule_id: str,
    device: Device,
    verdict: Verdict,
    reasons: tuple[Reason, ...],
    provenance: Provenance,
    details: tuple[FindingDetail, ...] = (),
    at: datetime | None = None,
) -> Finding:
    rule = catalogue.standing[rule_id]
    return Finding(
        subject=Subject(kind=SubjectKind.DEVICE, id=device.id),
        rule=rule_id,
        theme=rule.theme,
        severity=rule.severity,
        tier=rule.tier,
        verdict=verdict,
        enforced=False,
        fix=Fix.BY_HAND,
        reasons=reasons,
        details=details,
        provenance=provenance,
        observed_at=at,
    )


def covered_finding(catalogue: Catalogue, device: Device, reason: Reason) -> Finding:
    """The one ``not_checked`` of a device whose class this version cannot read."""
    return _finding(catalogue, COVERED, device, Verdict.NOT_CHECKED, (reason,), Provenance.NONE)


def leftover_finding(
    catalogue: Catalogue,
    device: Device,
    details: Iterable[FindingDetail],
    provenance: Provenance,
    at: datetime,
) -> Iterator[Finding]:
    """What files of ours hold too much; where they do not, nothing is said."""
    found = tuple(details) if NOTHING_LEFT in catalogue.standing else ()
    if found:
        yield _finding(
            catalogue, NOTHING_LEFT, device, worst(one.verdict for one in found),
            tuple(reason for one in found for reason in one.reasons), provenance, found, at,
        )  # fmt: skip


def watchdog_finding(
    catalogue: Catalogue,
    device: Device,
    files: Observations,
    provenance: Provenance,
    at: datetime,
) -> Iterator[Finding]:
    """That a watchdog is armed, or has put the former state back; else nothing is said.

    ``files`` is what ``FILES_READ`` shows.
    """
    found = tuple(_of_watchdog(files)) if NOTHING_PUT_BACK in catalogue.standing else ()
    if found:
        yield _finding(
            catalogue, NOTHING_PUT_BACK, device, worst(one.verdict for one in found),
            tuple(reason for one in found for reason in one.reasons), provenance, found, at,
        )  # fmt: skip


def _of_watchdog(files: Observations) -> Iterator[FindingDetail]:
    for path in (ARMED, REPORT):
        key = file_key(path)
        seen = files.get(key, Absent())
        if isinstance(seen, Absent) or seen == Unreadable(Unread.NOT_COLLECTED):
            continue
        verdict, shown, reason = _told_by_watchdog(path, seen)
        yield FindingDetail(
            setting=f"file:{path}", read=FILES_READ, key=key, verdict=verdict,
            operator=Operator.ABSENT.value, expected="", observed=shown, reasons=(reason,),
        )  # fmt: skip


def _told_by_watchdog(path: str, seen: Observation) -> tuple[Verdict, str, Reason]:
    why = seen if isinstance(seen, Unreadable) else Unreadable(Unread.UNPARSABLE)
    if isinstance(seen, Observed) and path == ARMED:
        return Verdict.FAIL, "", Reason(code=ReasonCode.WATCHDOG_ARMED)
    if isinstance(seen, Observed):
        try:
            _why, names = put_back(str(seen.value))
            shown = ", ".join(names)[:400]
            return Verdict.FAIL, shown, Reason(code=ReasonCode.PUT_BACK, detail=shown)
        except ValueError as error:
            why = Unreadable(Unread.UNPARSABLE, str(error))
    detail = f"{why.reason}: {why.detail}".removesuffix(": ")
    reason = Reason(code=ReasonCode.UNREADABLE, subject=path, detail=detail)
    return Verdict.ERROR, f"<{why.reason}>", reason


def _expectations(
    device: Device, profile: HardwareProfile | None
) -> Iterator[tuple[Fact, str, str]]:
    """(fact, comparison word, expected) for all that was announced of the device."""
    if device.os is not None:
        yield Fact.OS, Operator.EQUALS.value, device.os
    if device.serial is not None:
        yield Fact.SERIAL, Operator.EQUALS.value, device.serial
    if profile is not None and profile.capabilities.tpm not in {None, Tpm.NONE}:
        yield Fact.TPM, Operator.EQUALS.value, str(profile.capabilities.tpm)
    if profile is not None and profile.capabilities.secure_boot:
        yield Fact.SECURE_BOOT, Operator.NOT_EQUALS.value, "unsupported"


def _compare(
    facts: Facts, fact: Fact, comparison: str, expected: str
) -> tuple[Verdict, str, tuple[Reason, ...]]:
    try:
        value = facts.value(fact)
    except FactUnreadable as error:
        detail = f"{error.why.reason}: {error.why.detail}".rstrip(": ")
        reason = Reason(code=ReasonCode.FACT_UNREADABLE, subject=fact.value, detail=detail)
        return Verdict.ERROR, f"<{error.why.reason}>", (reason,)
    shown = "<absent>" if value is None else str(value)
    same = shown.strip().casefold() == expected.casefold()
    if same is (comparison == Operator.EQUALS.value):
        return Verdict.PASS, shown, ()
    reason = Reason(code=ReasonCode.PROFILE_CONTRADICTED, subject=fact.value, detail=shown)
    return Verdict.FAIL, shown, (reason,)


def profile_finding(
    catalogue: Catalogue,
    device: Device,
    facts: Facts,
    profile: HardwareProfile | None,
    provenance: Provenance,
    at: datetime,
) -> Iterator[Finding]:
    """Whether the device is what its profile and its delivery say; nothing announced, nothing said.

    A fact that cannot be read is ``error``, never a match.
    """
    details = []
    for fact, comparison, expected in _expectations(device, profile):
        verdict, shown, reasons = _compare(facts, fact, comparison, expected)
        details.append(
            FindingDetail(
                setting=f"fact:{fact.value}", read=_READ, key=fact.value, verdict=verdict,
                operator=comparison, expected=expected, observed=shown, reasons=reasons,
            )
        )  # fmt: skip
    if details:
        yield _finding(
            catalogue, MATCHES_PROFILE, device, worst(one.verdict for one in details),
            tuple(reason for one in details for reason in one.reasons), provenance,
            tuple(details), at,
        )  # fmt: skip
