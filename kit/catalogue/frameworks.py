"""What frameworks must keep beyond the shape of their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kit.documents_io.yaml import Document, Path_
from kit.errors import Problem
from kit.i18n import _
from kit.model.catalogue import StandingRule
from kit.model.framework import Answer, Control, Framework, Unmapped
from kit.model.platform import Platform
from kit.model.rule import Rule

Places = Mapping[str, tuple[Document, Path_]]
Rules = Mapping[str, Rule | StandingRule]


def validate_frameworks(
    frameworks: Mapping[str, Framework],
    unmapped: Mapping[str, Unmapped],
    rules: Rules,
    places: Places,
) -> list[Problem]:
    """Every problem: unknown rules, controls given twice, without answer, of an unknown level."""
    problems: list[Problem] = []
    mapped: set[str] = set()
    for framework in frameworks.values():
        document, path = places[f"framework:{framework.id}"]
        seen: set[str] = set()
        for index, control in enumerate(framework.controls):
            inner: Path_ = (*path, "controls", index)
            problems.extend(_control_problems(framework, control, seen, document, inner))
            seen.add(control.id)
            for where, answer in _answers(control, inner):
                platform = where[-1]
                for number, rule in enumerate(answer.rules):
                    mapped.add(rule)
                    wrong = _rule_problem(rule, str(platform), framework, rules)
                    if wrong:
                        at = document.position((*where, "rules", number))
                        problems.append(Problem(at, wrong, _("Correct its id or remove it.")))
    problems.extend(_unmapped_problems(unmapped, mapped, rules, places))
    return problems


def _answers(control: Control, path: Path_) -> Iterator[tuple[Path_, Answer]]:
    if control.default is not None:
        yield (*path, "default"), control.default
    for platform, answer in control.platforms.items():
        yield (*path, "platforms", platform.value), answer


def _rule_problem(rule_id: str, platform: str, framework: Framework, rules: Rules) -> str:
    """Why a rule cannot answer there: unknown, or it says nothing about that platform."""
    rule = rules.get(rule_id)
    if rule is None:
        return _("the rule “{rule}” is unknown.").format(rule=rule_id)
    wanted = framework.platforms if platform == "default" else (Platform(platform),)
    missing = [one for one in wanted if isinstance(rule, Rule) and one not in rule.platforms]
    if missing:
        return _("the rule “{rule}” does not exist for {platform}.").format(
            rule=rule_id, platform=", ".join(missing)
        )
    return ""


def _control_problems(
    framework: Framework, control: Control, seen: set[str], document: Document, path: Path_
) -> Iterator[Problem]:
    if control.id in seen:
        yield Problem(
            document.position((*path, "id")),
            _("the control “{control}” is given twice.").format(control=control.id),
            _("Keep one of them."),
        )
    levels = [level.id for level in framework.levels]
    if (control.level is None) is bool(levels) or (control.level and control.level not in levels):
        yield Problem(
            document.position((*path, "level")),
            _("{control}: the level must be one of the framework: {levels}.").format(
                control=control.id, levels=", ".join(levels) or "–"
            ),
        )
    for platform in framework.platforms:
        if control.answer(platform) is None:
            yield Problem(
                document.position(path),
                _("{control}: nothing is said about {platform}.").format(
                    control=control.id, platform=platform.value
                ),
                _("Add rules, manual, not_applicable or planned for it."),
            )
    for platform in control.platforms:
        if platform not in framework.platforms:
            yield Problem(
                document.position((*path, "platforms", platform.value)),
                _("{control}: the framework is not mapped for {platform}.").format(
                    control=control.id, platform=platform.value
                ),
                _("Add it to the platforms of the framework, or remove it here."),
            )


def _unmapped_problems(
    unmapped: Mapping[str, Unmapped], mapped: set[str], rules: Rules, places: Places
) -> Iterator[Problem]:
    for rule in unmapped:
        document, path = places[f"unmapped:{rule}"]
        if rule not in rules:
            message = _("the rule “{rule}” is unknown.").format(rule=rule)
            yield Problem(document.position((*path, "id")), message, _("Correct its id."))
        elif rule in mapped:
            yield Problem(
                document.position((*path, "id")),
                _("the rule “{rule}” answers a control, and is listed as unmapped.").format(
                    rule=rule
                ),
                _("Remove it from this list."),
            )
