"""The settings one device should have, once its facts are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from pydantic import JsonValue, ValidationError

from kit.catalogue.registry import owned_files, reads
from kit.catalogue.templates import build, parameter_names
from kit.catalogue.validation import sample_values, setting_data
from kit.desired.clients import SelectedRule, with_browsers
from kit.desired.parameters import resolve_parameters
from kit.desired.selection import selected_rules
from kit.errors import InvalidInput
from kit.i18n import _
from kit.model.catalogue import Catalogue
from kit.model.contribution import NOTHING_ADDED, Contributions, SettingData
from kit.model.device import Device
from kit.model.facts import Fact, Facts, FactUnreadable
from kit.model.meta import Meta
from kit.model.observation import Observations
from kit.model.platform import Platform
from kit.model.read import Read
from kit.model.rule import Baseline, PlatformRule, Rule
from kit.model.setting import Conflict, Judgement, Question, Setting
from kit.model.site import Site
from kit.model.target import Target
from kit.model.verdict import Reason, ReasonCode, Verdict
from kit.reads.watchdog_files import watchdog_files


@dataclass(frozen=True)
class DesiredSetting:
    """One setting of one rule on this device. ``targets`` is empty when nothing is enforced."""

    rule: Rule
    setting: Setting
    enforced: bool
    meta: Meta
    targets: tuple[Target, ...]
    platform: Platform

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What judging asks; made once for all devices that share this desired state."""
        return self.setting.questions(self.platform)

    @cached_property
    def slot(self) -> str:
        """The setting's slot."""
        return self.setting.slot()

    @cached_property
    def enforceable(self) -> bool:
        """Whether the setting has something to put in place."""
        return self.setting.enforced() is not None


@dataclass(frozen=True)
class Undecided:
    """A rule whose settings could not be made for this device, and the verdict that follows."""

    rule: Rule
    enforced: bool
    verdict: Verdict
    reason: Reason


@dataclass(frozen=True)
class Desired:
    """The desired state of one device, and what each slot shows once it is reached."""

    device: Device
    settings: tuple[DesiredSetting, ...]
    undecided: tuple[Undecided, ...]
    goal: Mapping[str, Mapping[str, Observations]] = field(default_factory=dict)
    wanted: Mapping[str, frozenset[str]] = field(default_factory=dict)  # read id -> keys


class ContradictoryRules(InvalidInput):
    """Two rules want one thing in two ways on the same device (exit 3)."""


Requests = Mapping[Read, frozenset[str]]
FILES_READ: Final = "file_text"
"""The read that shows what the files of the kit hold."""


def file_key(path: str) -> str:
    """The key that asks ``FILES_READ`` for a whole file."""
    return f"text {path}"


def requests(
    catalogue: Catalogue,
    baseline: Baseline,
    site: Site,
    device: Device,
    contributions: Contributions = NOTHING_ADDED,
) -> Requests:
    """Every read the device's rules need, in any variant, with all their keys.

    Facts are included, and the files of the kit and of its watchdog, whatever rules there are.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    keys["facts"] |= {fact.value for fact in Fact}
    for path in (*owned_files(device.platform), *watchdog_files(device.platform)):
        keys[FILES_READ].add(file_key(path))
    values = {
        **sample_values(catalogue.parameters),
        **resolve_parameters(catalogue, baseline, site, device.post_role),
    }
    for selected in selected_rules(catalogue, baseline, site, device):
        given = () if selected.missing else _in_any_variant(selected.rule, device, contributions)
        for data in given:
            setting = build(dict(data), values)
            for read in type(setting).reads[device.platform]:
                keys[read.id] |= setting.keys(read)
            for read, more in setting.watched(device.platform).items():
                keys[read.id] |= more
    known = reads()
    return {known[name]: frozenset(found) for name, found in sorted(keys.items())}


def _in_any_variant(
    rule: Rule, device: Device, contributions: Contributions
) -> Iterable[SettingData]:
    block = rule.platforms[device.platform]
    if block.source is not None:
        return contributions.given(block.source, device.id, rule.id) or ()
    return (data for _path, data in setting_data(block))


def resolve(
    catalogue: Catalogue,
    baseline: Baseline,
    site: Site,
    device: Device,
    facts: Facts,
    contributions: Contributions = NOTHING_ADDED,
) -> Desired:
    """The device's desired state.

    Raises ``ContradictoryRules`` when two rules set one thing in two ways, naming both.
    """
    values = resolve_parameters(catalogue, baseline, site, device.post_role)
    facts = with_browsers(catalogue, site, device, facts)
    settings: list[DesiredSetting] = []
    undecided: list[Undecided] = []
    for selected in selected_rules(catalogue, baseline, site, device):
        block = selected.rule.platforms[device.platform]
        try:
            chosen = _choose(selected.rule, block, device, facts, contributions)
            if isinstance(chosen, _Nothing):
                undecided.append(_undecided(selected, chosen.verdict, chosen.reason))
                continue
            missing = selected.missing or sorted(
                {name for data in chosen for name in parameter_names(data) if name not in values}
            )
            if missing:
                reason = Reason(code=ReasonCode.SITE_VALUE_MISSING, subject=", ".join(missing))
                undecided.append(_undecided(selected, Verdict.NOT_CHECKED, reason))
                continue
            settings.extend(_desired(selected, device.platform, chosen, values, facts))
        except FactUnreadable as error:
            reason = Reason(
                code=ReasonCode.FACT_UNREADABLE,
                subject=error.fact.value,
                detail=f"{error.why.reason}: {error.why.detail}".rstrip(": "),
            )
            undecided.append(_undecided(selected, Verdict.ERROR, reason))
    together = _among_one_another(settings)
    return Desired(
        device, tuple(together), tuple(undecided), _goal(together, device), _wanted(together)
    )


def _wanted(settings: Iterable[DesiredSetting]) -> dict[str, frozenset[str]]:
    keys: dict[str, set[str]] = defaultdict(set)
    for one in settings:
        for question in one.questions:
            keys[question.read].add(question.key)
        for read, more in one.setting.watched(one.platform).items():
            keys[read.id] |= more
    return {name: frozenset(found) for name, found in sorted(keys.items())}


def _among_one_another(settings: Sequence[DesiredSetting]) -> list[DesiredSetting]:
    """Every setting as it is judged beside the others of its slot, enforced or not."""
    slots: dict[str, list[Setting]] = defaultdict(list)
    for one in settings:
        slots[one.setting.slot()].append(one.setting)
    return [replace(one, setting=one.setting.among(slots[one.setting.slot()])) for one in settings]


@dataclass(frozen=True)
class _Nothing:
    """Why a rule has no setting on a device."""

    verdict: Verdict
    reason: Reason


def _undecided(selected: SelectedRule, verdict: Verdict, reason: Reason) -> Undecided:
    return Undecided(selected.rule, selected.enforced, verdict, reason)


def _choose(
    rule: Rule, block: PlatformRule, device: Device, facts: Facts, contributions: Contributions
) -> Sequence[dict[str, JsonValue]] | _Nothing:
    if block.source is not None:
        given = contributions.given(block.source, device.id, rule.id)
        if given is None:
            reason = Reason(code=ReasonCode.SITE_VALUE_MISSING, subject=block.source.value)
            return _Nothing(Verdict.NOT_CHECKED, reason)
        if not given:
            reason = Reason(code=ReasonCode.NOTHING_ASKED, subject=block.source.value)
            return _Nothing(Verdict.NOT_APPLICABLE, reason)
        return [dict(data) for data in given]
    if block.settings:
        return block.settings
    for one in block.variants:
        if one.when.holds(facts):
            return one.settings
    return _Nothing(Verdict.NOT_APPLICABLE, Reason(code=ReasonCode.NO_VARIANT))


def _desired(
    selected: SelectedRule,
    platform: Platform,
    chosen: Sequence[dict[str, JsonValue]],
    values: Mapping[str, JsonValue],
    facts: Facts,
) -> list[DesiredSetting]:
    block = selected.rule.platforms[platform]
    found = []
    for data in chosen:
        try:
            setting = build(data, values)
        except ValidationError as error:
            # The rule was valid with its sample values: a site's value makes it invalid.
            raise InvalidInput(
                _(
                    "the parameters of the site make the rule “{rule}” impossible ({detail})."
                ).format(rule=selected.rule.id, detail=error.errors()[0]["msg"]),
                remedy=_("Correct the parameters in the site file."),
            ) from error
        meta = block.meta.on(setting.meta(facts))
        wanted = selected.enforced and setting.enforced() is not None
        targets = setting.targets(facts) if wanted else ()
        found.append(
            DesiredSetting(selected.rule, setting, selected.enforced, meta, targets, platform)
        )
    return found


def _goal(
    settings: Sequence[DesiredSetting], device: Device
) -> dict[str, Mapping[str, Observations]]:
    """What every slot shows once all enforced settings are in place; conflicts are errors."""
    slots: dict[str, list[DesiredSetting]] = defaultdict(list)
    owners: dict[str, DesiredSetting] = {}
    for one in settings:
        if one.targets:
            slots[one.setting.slot()].append(one)
        for target in one.targets:
            owner = owners.setdefault(target.key, one)
            if type(owner.setting) is not type(one.setting):
                raise _contradiction(target.key, [owner, one], device)
    goal = {}
    for slot, contributions in sorted(slots.items()):
        try:
            reached = type(contributions[0].setting).combined([c.setting for c in contributions])
        except Conflict as error:
            raise _contradiction(slot, contributions, device) from error
        for one in contributions:
            judged: Judgement = one.setting.judge(reached, device.platform)
            if judged.verdict is not Verdict.PASS:
                raise _contradiction(slot, contributions, device)
        goal[slot] = reached
    return goal


def _contradiction(
    slot: str, settings: Sequence[DesiredSetting], device: Device
) -> ContradictoryRules:
    names = sorted({f"{one.rule.id} ({one.setting.values_shown()})" for one in settings})
    return ContradictoryRules(
        _("these rules want “{slot}” in different ways: {rules}.").format(
            slot=slot, rules="; ".join(names)
        ),
        where=device.id,
        remedy=_("Change a parameter, or disable one of the rules for this site."),
    )
