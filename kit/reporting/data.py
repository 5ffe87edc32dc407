"""The findings model of a report. Every format is a view of ``ReportData`` and of nothing else.

Language-neutral: what the catalogue says stands in French and English, everything else as codes.
The JSON form is published as ``schema/report-1.json``.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from kit.model.device import DeviceClass, DeviceState, PostRole
from kit.model.finding import Finding, Provenance
from kit.model.hardware import SupportEnd
from kit.model.identifiers import DeviceId, RuleId
from kit.model.platform import Platform
from kit.model.record import Record
from kit.model.rule import Severity, Texts
from kit.model.run import Authentication, Capacity
from kit.model.site import OLDEST_READING_DAYS
from kit.model.snapshot import Outcome
from kit.model.tier import Tier
from kit.model.verdict import Pending, ReasonCode, Verdict
from kit.model.waiver import Waiver
from kit.reporting.declared import ClientSheet, DeclaredSheet, SecondFactorSheet
from kit.reporting.deliveries import DeliverySheet
from kit.reporting.equipment import EquipmentSheet
from kit.reporting.frameworks import FrameworkSheet
from kit.reporting.history import EvidenceSheet, History
from kit.reporting.results import Group, Result


class NoticeCode(StrEnum):
    """What a reader must know before anything else."""

    TEST_SITE = "test_site"
    CONSTRUCTED = "constructed"
    FROM_FILES = "from_files"  # judged on what files say, not on what this run read
    PARTIAL_RUN = "partial_run"
    OLD_READINGS = "old_readings"  # too old, or dated ahead: judged as if nobody had looked
    CLOCK_DOUBTED = "clock_doubted"  # devices contradict the clock of the computer that checked
    OTHER_CATALOGUE = "other_catalogue"  # the texts are not those of the run's catalogue


class Notice(Record):
    """One notice; ``count`` devices are concerned."""

    code: NoticeCode
    count: int


class WithheldCode(StrEnum):
    """Why there is no grade."""

    PARTIAL_RUN = "partial_run"
    NO_RESULT = "no_result"
    RULE_WITHOUT_RESULT = "rule_without_result"
    NOT_CHECKED = "not_checked"
    ERROR = "error"
    NOTHING_APPLICABLE = "nothing_applicable"


class Withheld(Record):
    """One reason for giving no grade; ``count`` devices or findings, as the code says."""

    code: WithheldCode
    count: int


class Standing(StrEnum):
    """How far a device was looked at."""

    READ = "read"  # everything applicable was judged
    PARTLY_READ = "partly_read"  # some of it could not be judged
    NOT_READ = "not_read"  # it answered, and nothing could be judged
    NOT_REACHED = "not_reached"
    NEVER_SEEN = "never_seen"
    TOO_OLD = "too_old"  # read, but too long ago, or at a date to come
    NOT_COVERED = "not_covered"  # this version reads no such equipment
    MANAGED_BY_OTHER = "managed_by_other"
    NO_RESULT = "no_result"  # the run says nothing about it
    REMOVED = "removed"


UNSEEN = frozenset(
    {
        Standing.NOT_READ,
        Standing.NOT_REACHED,
        Standing.NEVER_SEEN,
        Standing.TOO_OLD,
        Standing.NOT_COVERED,
        Standing.MANAGED_BY_OTHER,
        Standing.NO_RESULT,
    }
)
"""Standings of a device of which nothing at all is known."""


class SiteSheet(Record):
    """Who the report is about."""

    id: str
    name: str
    test: bool
    finess_et: str | None
    finess_ej: str | None
    siret: str | None
    siren: str | None
    legal_entity: str | None
    category: str | None
    category_label: str | None
    operator: str | None
    region: str | None
    timezone: str
    oldest_reading_days: int = OLDEST_READING_DAYS  # an older one counts as not checked


class RunSheet(Record):
    """The run reported: when, by whom, from where. ``selection``: filters that left something out.

    ``account`` and ``controller`` are what the controller's system says, and so is
    ``authentication``; ``capacity`` is what the workspace states. None is a proven identity.
    """

    id: str
    kind: Literal["check", "apply", "undo"]
    started_at: datetime
    ended_at: datetime | None
    account: str
    controller: str
    capacity: Capacity | None = None
    authentication: Authentication | None = None
    tool_version: str
    selection: tuple[str, ...]
    plan_digest: str | None = None  # SHA-256 over the plans of all devices, by id


class ParameterSheet(Record):
    """A parameter the site sets. ``default`` unset: the catalogue ships none."""

    name: str
    title: Texts
    value: JsonValue
    default: JsonValue
    post_role: PostRole | None
    origin: str  # where an inherited value comes from; empty: the site itself


class DisabledSheet(Record):
    """A rule the site does not want, with the reason it gives.

    ``title`` is unset where the catalogue no longer has the rule.
    """

    rule: RuleId
    title: Texts | None = None
    reason: str
    origin: str


class BaselineSheet(Record):
    """What was judged against, and where the site departs from it."""

    id: str
    version: str
    title: Texts
    catalogue_digest: str  # SHA-256
    checked_tiers: tuple[Tier, ...]
    enforced_tiers: tuple[Tier, ...]
    parameters: tuple[ParameterSheet, ...]
    disabled: tuple[DisabledSheet, ...]


class RuleSheet(Record):
    """One rule that was looked at. ``known`` false: the catalogue no longer has it."""

    id: RuleId
    known: bool
    title: Texts
    why: Texts | None
    remedy: Texts | None
    severity: Severity
    tier: Tier
    theme: str
    facts: tuple[str, ...]  # ids of the reference facts behind it
    counts: dict[Verdict, int]


class PlanSheet(Record):
    """What the next apply would do to one device, in numbers of targets and rules."""

    changes: int
    values: int
    refused: int
    by_hand: int
    on_request: int
    pending: dict[Pending, int]
    restart: bool  # some change takes effect at a restart only


class SupportSheet(Record):
    """The first support that ends for a device's model; ``verified`` false: not from a source."""

    ends: SupportEnd
    until: date
    days_left: int
    verified: bool


class DeviceSheet(Record):
    """One device: what it is, how it was looked at, what came of it.

    ``age``: seconds between the snapshot and the report. ``clock_offset``: device clock minus
    controller clock, seconds. ``missing_rules``: rules of the baseline without any finding.
    """

    id: DeviceId
    asset_id: str | None
    device_class: DeviceClass
    platform: Platform
    post_role: PostRole | None
    model: str | None
    hardware_profile: str | None
    os: str | None  # as announced
    serial: str | None
    zone: str | None
    attached_to: str | None
    managed_by: str | None
    state: DeviceState
    delivery: str | None
    purchased_on: date | None
    standing: Standing
    outcome: Outcome | None
    outcome_detail: str
    taken_at: datetime | None
    age: int | None
    clock_offset: int | None
    provenance: Provenance
    result: Result
    missing_rules: tuple[RuleId, ...]
    plan: PlanSheet | None
    support: SupportSheet | None


class WaiverState(StrEnum):
    """Where a waiver stands on the local day of the report."""

    ACTIVE = "active"
    ENDING = "ending"  # in force, and 60 days or fewer are left
    NOT_STARTED = "not_started"
    EXPIRED = "expired"
    UNUSED = "unused"  # in force, and no failure needs it


class WaiverSheet(Record):
    """A waiver, whether it is used, and on which failures of its scope.

    ``devices``: where its rule fails inside its scope, whatever the date. ``days_left``: 0 on the
    last day it holds, negative afterwards.
    """

    waiver: Waiver
    state: WaiverState
    known_rule: bool
    days_left: int
    devices: tuple[DeviceId, ...]


class TaskKind(StrEnum):
    """What has to be done, in the order that breaks ties."""

    APPLY = "apply"
    RESTART = "restart"
    REACH = "reach"
    READ = "read"
    BY_HAND = "by_hand"
    AT_INSTALL = "at_install"
    PURCHASE = "purchase"
    GIVE_VALUE = "give_value"
    THIRD_PARTY = "third_party"
    VERIFY = "verify"
    EVIDENCE = "evidence"
    DECLARE = "declare"
    DECIDE = "decide"
    WAIT = "wait"


class Task(Record):
    """One thing to do: a rule that fails, a matter to declare, or why something is not known.

    What is to be declared concerns the establishment: it has no device.

    ``rule`` and ``reason``: one of both. ``rules``: how many rules are concerned.
    """

    rule: RuleId | None
    reason: ReasonCode | None
    subject: str  # of the reason: an outcome, a parameter, a class, why something was not read
    rules: int
    severity: Severity
    devices: tuple[DeviceId, ...]
    findings: int


class Action(Record):
    """Tasks that one and the same kind of step settles, gravest first."""

    kind: TaskKind
    severity: Severity
    devices: tuple[DeviceId, ...]
    findings: int
    tasks: tuple[Task, ...]


class Summary(Record):
    """The whole site in numbers. ``standings`` counts devices and has every standing."""

    devices: int  # without removed ones
    standings: dict[Standing, int]
    result: Result
    withheld: tuple[Withheld, ...]
    open_by_severity: dict[Severity, int]  # failures, waived or not
    provenances: dict[Provenance, int]  # findings
    oldest: datetime | None  # the oldest and newest snapshot that was judged
    newest: datetime | None


class ReferenceSheet(Record):
    """The score the site would have at the values of the baseline, its rules all wanted.

    Judged on what this run read: what a disabled rule would have asked was not read, so it counts
    as undetermined. Values the baseline leaves to the site are the site's own.
    """

    result: Result
    parameters: int  # values of the site that were set back
    disabled: int  # rules of the baseline that were wanted again


class ReportData(Record):
    """A whole report. Lists are sorted: same input, same bytes.

    Parts that are unset were not known where the report was made: ``reference`` without the
    snapshots or with another catalogue, ``history`` where earlier runs could not be looked at,
    ``evidence`` without a chain, ``second_factor`` without a list of people.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    site: SiteSheet
    run: RunSheet
    made_at: datetime
    baseline: BaselineSheet
    notices: tuple[Notice, ...]
    summary: Summary
    actions: tuple[Action, ...]
    themes: tuple[Group, ...]
    classes: tuple[Group, ...]
    severities: tuple[Group, ...]
    devices: tuple[DeviceSheet, ...]
    findings: tuple[Finding, ...]
    rules: tuple[RuleSheet, ...]
    waivers: tuple[WaiverSheet, ...]
    equipment: EquipmentSheet | None = None
    deliveries: tuple[DeliverySheet, ...] | None = None
    frameworks: tuple[FrameworkSheet, ...] | None = None
    reference: ReferenceSheet | None = None
    history: History | None = None
    evidence: EvidenceSheet | None = None
    second_factor: SecondFactorSheet | None = None
    clients: tuple[ClientSheet, ...] | None = None
    declared: DeclaredSheet | None = None
