"""A *constat*: what was found for one rule on one subject. Everything shown comes from here."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kit.model.identifiers import RuleId
from kit.model.meta import Fix
from kit.model.record import Record
from kit.model.rule import Severity
from kit.model.tier import Tier
from kit.model.verdict import Pending, Reason, Verdict


class SubjectKind(StrEnum):
    """What a finding is about."""

    DEVICE = "device"
    PERSON = "person"
    SITE = "site"
    FLOW = "flow"
    CLIENT = "client"  # a client pack the site has chosen


class Subject(Record):
    """The thing judged: ``device ehp-pc-014``."""

    kind: SubjectKind
    id: str


class Provenance(StrEnum):
    """How what is said came to be known."""

    MEASURED = "measured"  # read remotely
    ON_SITE = "on_site"  # read at the device, carried by hand
    FROM_FILE = "from_file"  # of a snapshot that was given as a file: nobody saw it being read
    IMPORTED = "imported"  # another tool's export
    DECLARED = "declared"
    CONSTRUCTED = "constructed"  # made for demonstration, not a real device
    NONE = "none"  # nobody looked


class FindingDetail(Record):
    """One key of one read: expected against observed, both as shown to people."""

    setting: str
    read: str
    key: str
    verdict: Verdict
    operator: str
    quantifier: str = "all"  # how many of several instances must meet it
    expected: str
    observed: str
    reasons: tuple[Reason, ...] = ()


class Finding(Record):
    """One rule on one subject. ``waiver`` annotates; the verdict stays what it is."""

    subject: Subject
    rule: RuleId
    theme: str
    severity: Severity
    tier: Tier
    verdict: Verdict
    enforced: bool
    fix: Fix
    pending: Pending | None = None
    waiver: str | None = None
    reasons: tuple[Reason, ...] = ()
    details: tuple[FindingDetail, ...] = ()
    provenance: Provenance
    observed_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether anything but a pass or "not applicable" stands here."""
        return self.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE}
