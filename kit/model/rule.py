"""A rule of the catalogue as written, before parameters and facts are known."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from kit.i18n import Language, _
from kit.model.contribution import Source
from kit.model.facts import When
from kit.model.identifiers import ParameterName, RuleId
from kit.model.meta import MetaOverride
from kit.model.platform import Platform
from kit.model.record import Record
from kit.model.tier import Tier
from kit.model.waiver import MAX_DAYS

Text = Annotated[str, Field(min_length=2, max_length=1200)]
Texts = dict[Language, Text]


class Severity(StrEnum):
    """How bad a failure is; ``order`` grows with gravity."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def order(self) -> int:
        """0 (low) to 3 (critical)."""
        return list(Severity).index(self)


class Purpose(StrEnum):
    """What a rule is for; ``apply --only`` chooses by it."""

    HARDEN = "harden"
    ENROL = "enrol"
    CLIENT = "client"


class Variant(Record):
    """Settings for devices whose facts meet ``when``; the first variant that holds is taken."""

    when: When
    settings: tuple[dict[str, JsonValue], ...] = Field(min_length=1)


class PlatformRule(Record):
    """What a rule sets on one platform: settings, or variants by facts.

    With a ``source`` the site's documents give the settings of each device; those written here
    are an example, which the rule is tried with.
    """

    source: Source | None = None
    settings: tuple[dict[str, JsonValue], ...] = ()
    variants: tuple[Variant, ...] = ()
    meta: MetaOverride = MetaOverride()

    @model_validator(mode="after")
    def _one_of_both(self) -> PlatformRule:
        if bool(self.settings) == bool(self.variants):
            raise ValueError(_("give either settings or variants."))
        if self.source is not None and self.variants:
            raise ValueError(_("variants do not go with a source."))
        return self


class Rule(Record):
    """One rule: a secure state, why it matters, and the settings that make it."""

    id: RuleId
    title: Texts
    why: Texts
    remedy: Texts | None = None  # what a person does, where the kit cannot mend it
    severity: Severity
    tier: Tier
    purpose: Purpose = Purpose.HARDEN
    theme: str = ""  # set by the loader: the name of the file
    facts: tuple[str, ...] = ()  # ids in the reference facts this rule is built from
    platforms: dict[Platform, PlatformRule] = Field(min_length=1)


class Parameter(Record):
    """A typed, bounded value that sites may change inside its bounds.

    ``default`` unset = a site value: it is never shipped, and a rule that needs it is
    ``not_checked`` until the site gives it.
    """

    id: ParameterName
    title: Texts
    kind: Literal["integer", "text", "list"]
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    unit: Texts | None = None
    default: int | str | tuple[str, ...] | None = None
    example: int | str | tuple[str, ...] | None = None  # checks rules when there is no default


class TierUse(Record):
    """Whether a tier is checked, and enforced."""

    check: bool
    enforce: bool


class WaiverTerms(Record):
    """How long a waiver may last, in days by severity, and when its end is announced."""

    max_days: dict[Severity, Annotated[int, Field(ge=1, le=MAX_DAYS)]]
    warn_days: tuple[Annotated[int, Field(ge=1, le=365)], ...] = Field(min_length=1)

    def longest(self, severities: Iterable[Severity]) -> int:
        """What the gravest of these severities allows."""
        return min((self.max_days.get(one, MAX_DAYS) for one in severities), default=MAX_DAYS)


class Baseline(Record):
    """A versioned choice of rules with what is done of each tier."""

    id: RuleId
    version: Annotated[str, Field(pattern=r"^\d{4}\.\d{1,2}(\.\d+)?$")]
    title: Texts
    tiers: dict[Tier, TierUse]
    exclude: tuple[RuleId, ...] = ()
    parameters: dict[ParameterName, int | str | tuple[str, ...]] = {}
    waivers: WaiverTerms = WaiverTerms(max_days={}, warn_days=(60, 30))
