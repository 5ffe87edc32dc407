"""Two earlier checks of the sample's site, one of them with another catalogue; all constructed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from kit.checking.drift import Looked, compare
from kit.model.finding import Finding
from kit.model.run import Run
from kit.model.verdict import Verdict
from kit.reporting.history import EvidenceSheet, History, history_of, trend_point

Findings = Mapping[str, Sequence[Finding]]


def _turned(findings: Findings, changes: Mapping[tuple[str, str], Verdict]) -> Findings:
    return {
        device: tuple(
            one.model_copy(update={"verdict": changes[device, one.rule], "pending": None})
            if (device, one.rule) in changes
            else one
            for one in found
        )
        for device, found in findings.items()
    }


def history(run: Run, findings: Findings) -> History:
    """October: two failures did not exist yet, another did; July: judged by other rules."""

    def earlier(days: int, **update: str) -> Run:
        at = run.started_at - timedelta(days=days)
        return run.model_copy(
            update={"id": f"{at:%Y%m%dT%H%M%SZ}-0a{days:04}"[:23], "started_at": at, **update}
        )

    october = earlier(32)
    before = _turned(
        findings,
        {
            ("til-pc-03", "kernel_log_restricted"): Verdict.PASS,
            ("til-srv-01", "ssh_idle_session_closed"): Verdict.PASS,
            ("til-pc-01", "telnet_server_absent"): Verdict.FAIL,
            ("til-pc-02", "clock_synchronised"): Verdict.FAIL,
            ("til-nb-02", "disk_encrypted"): Verdict.ERROR,
        },
    )
    july = earlier(120, baseline_version="2026.6", catalogue_digest="0c" * 32)
    older = [Looked(october, before), Looked(july, before)]
    drift = compare(older[0], Looked(run, findings), older)
    return history_of(drift, [trend_point(one, run) for one in older])


def evidence() -> EvidenceSheet:
    """The run is the third of its chain, and sealed; the digests are made up."""
    return EvidenceSheet(
        number=3, head="5e" * 32, key="0123456789abcdef",
        sealed_at=datetime(2026, 11, 21, 8, 46, tzinfo=UTC),
    )  # fmt: skip
