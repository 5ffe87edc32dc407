"""What the catalogue must keep beyond the shape of its records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from pydantic import JsonValue, ValidationError

from kit.catalogue.templates import build, fill, parameter_names
from kit.documents_io.validation import problems_of
from kit.documents_io.yaml import Document, Path_
from kit.errors import Problem
from kit.i18n import _
from kit.model.catalogue import DeclaredRule, StandingRule
from kit.model.rule import Baseline, Parameter, PlatformRule, Rule
from kit.model.setting import Setting

Places = Mapping[str, tuple[Document, Path_]]


def value_problem(parameter: Parameter, value: JsonValue) -> str:
    """Why ``value`` is not allowed for ``parameter`` (translated), or ``""`` when it is."""
    if parameter.kind == "integer":
        return _integer_problem(parameter, value)
    items = value if parameter.kind == "list" else [value]
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        return _("a list is expected here.") if parameter.kind == "list" else _("text is expected")
    if parameter.kind == "list" and not items:
        return _("the list must not be empty.")
    for item in items:
        if parameter.choices and item not in parameter.choices:
            return _("the value must be {expected}.").format(expected=", ".join(parameter.choices))
        if parameter.pattern and not re.fullmatch(parameter.pattern, str(item)):
            return _("“{value}” does not have the form {pattern}.").format(
                value=item, pattern=parameter.pattern
            )
    return ""


def _integer_problem(parameter: Parameter, value: JsonValue) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        return _("a whole number is expected here.")
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        return _("the value must lie between {low} and {high}.").format(low=low, high=high)
    return ""


def sample_values(parameters: Mapping[str, Parameter]) -> dict[str, JsonValue]:
    """A value for every parameter, so that rules can be tried: its default, else its example."""
    found: dict[str, JsonValue] = {}
    for name, parameter in parameters.items():
        value = parameter.example if parameter.default is None else parameter.default
        if value is not None:
            found[name] = list(value) if isinstance(value, tuple) else value
    return found


def setting_data(block: PlatformRule) -> Iterator[tuple[Path_, dict[str, JsonValue]]]:
    """Every setting a block may give, in any variant, with its path inside the block."""
    for index, data in enumerate(block.settings):
        yield ("settings", index), data
    for number, variant in enumerate(block.variants):
        for index, data in enumerate(variant.settings):
            yield ("variants", number, "settings", index), data


def validate_rules(
    rules: Mapping[str, Rule],
    standing: Mapping[str, StandingRule],
    parameters: Mapping[str, Parameter],
    baselines: Mapping[str, Baseline],
    places: Places,
) -> list[Problem]:
    """Every problem between records: parameters, settings, requirements, baselines."""
    problems = [*_parameter_problems(parameters, places)]
    samples = sample_values(parameters)
    slots: dict[str, set[str]] = {}
    for rule in rules.values():
        problems.extend(_rule_problems(rule, parameters, samples, places, slots))
    problems.extend(_requirement_problems(rules, slots, places))
    known = {*rules, *standing}
    for baseline in baselines.values():
        problems.extend(_baseline_problems(baseline, known, parameters, places))
    return problems


def _parameter_problems(parameters: Mapping[str, Parameter], places: Places) -> Iterator[Problem]:
    for name, parameter in parameters.items():
        document, path = places[f"parameter:{name}"]
        for key in ("default", "example"):
            value = getattr(parameter, key)
            if value is None:
                continue
            wrong = value_problem(parameter, value)
            if wrong:
                yield Problem(document.position((*path, key)), f"{key}: {wrong}")
        if parameter.default is None and parameter.example is None:
            yield Problem(
                document.position(path),
                _("the parameter “{name}” has neither default nor example.").format(name=name),
                _("Give an example: rules are tried with it when they are loaded."),
            )


def _rule_problems(
    rule: Rule,
    parameters: Mapping[str, Parameter],
    samples: Mapping[str, JsonValue],
    places: Places,
    slots: dict[str, set[str]],
) -> Iterator[Problem]:
    document, path = places[f"rule:{rule.id}"]
    for platform, block in rule.platforms.items():
        for inner, data in setting_data(block):
            where: Path_ = (*path, "platforms", platform.value, *inner)
            unknown = [name for name in parameter_names(data) if name not in parameters]
            for name in unknown:
                yield Problem(
                    document.position(where),
                    _("the parameter “{name}” is unknown.").format(name=name),
                    _("Declare it in parameters.yaml or correct its name."),
                )
            if unknown or any(name not in samples for name in parameter_names(data)):
                continue
            try:
                setting = build(data, samples)
            except ValidationError as error:
                yield from problems_of(error, document, where)
                continue
            slots.setdefault(setting.slot(), set()).add(rule.id)
            yield from _platform_problem(rule, setting, platform.value, document, where)


def _platform_problem(
    rule: Rule, setting: Setting, platform: str, document: Document, where: Path_
) -> Iterator[Problem]:
    if platform not in {one.value for one in type(setting).reads}:
        yield Problem(
            document.position(where),
            _("{rule}: a setting of type {type} cannot be read on {platform}.").format(
                rule=rule.id, type=setting.type, platform=platform
            ),
        )


def _requirement_problems(
    rules: Mapping[str, Rule], slots: Mapping[str, set[str]], places: Places
) -> Iterator[Problem]:
    graph: dict[str, set[str]] = {}
    for rule in rules.values():
        document, path = places[f"rule:{rule.id}"]
        wanted = graph.setdefault(rule.id, set())
        for platform, block in rule.platforms.items():
            for index, name in enumerate(block.meta.requires):
                found = {name} if name in rules else slots.get(name, set())
                if not found:
                    where = (*path, "platforms", platform.value, "meta", "requires", index)
                    yield Problem(
                        document.position(where),
                        _("“{name}”, required here, is no rule and no setting.").format(name=name),
                        _("Name a rule id, or the setting as type:name."),
                    )
                wanted |= found - {rule.id}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        document, path = places[f"rule:{circle[0]}"]
        yield Problem(
            document.position(path),
            _("these rules require one another in a circle: {rules}.").format(
                rules=" → ".join(circle)
            ),
            _("Remove one of these “requires”."),
        )


def _baseline_problems(
    baseline: Baseline,
    known: set[str],
    parameters: Mapping[str, Parameter],
    places: Places,
) -> Iterator[Problem]:
    document, path = places[f"baseline:{baseline.id}"]
    for index, rule in enumerate(baseline.exclude):
        if rule not in known:
            yield Problem(
                document.position((*path, "exclude", index)),
                _("the rule “{rule}” is unknown.").format(rule=rule),
                _("Correct its id."),
            )
    for name, value in baseline.parameters.items():
        where = document.position((*path, "parameters", name))
        if name not in parameters:
            message = _("the parameter “{name}” is unknown.").format(name=name)
            yield Problem(where, message, _("Correct its name."))
        else:
            wrong = value_problem(parameters[name], fill(_plain(value), {}))
            if wrong:
                yield Problem(where, f"{name}: {wrong}")


def _plain(value: int | str | tuple[str, ...]) -> JsonValue:
    return list(value) if isinstance(value, tuple) else value


def validate_declared(
    declared: Mapping[str, DeclaredRule], known: Mapping[str, object], places: Places
) -> Iterator[Problem]:
    """Rules that contradict a declaration must exist."""
    for one in declared.values():
        document, path = places[f"rule:{one.id}"]
        for index, rule in enumerate(one.contradicted_by):
            if rule not in known:
                yield Problem(
                    document.position((*path, "contradicted_by", index)),
                    _("the rule “{rule}” is unknown.").format(rule=rule),
                    _("Correct the name; “esms-kit catalogue list” lists the rules."),
                )
