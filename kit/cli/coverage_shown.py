"""``catalogue coverage``: what the rules answer of published texts, and what they do not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from kit.i18n import N_, _

if TYPE_CHECKING:
    from kit.catalogue.coverage import FrameworkCoverage
    from kit.model.framework import Answered, Framework
    from kit.model.platform import Platform


def answered_label(state: Answered) -> str:
    """How a control is answered, in a word or two: it heads a narrow column."""
    from kit.model.framework import Answered

    return _(
        {
            Answered.RULES: N_("rules"),
            Answered.PARTLY: N_("in part"),
            Answered.MANUAL: N_("people"),
            Answered.NOT_APPLICABLE: N_("n/a"),
            Answered.PLANNED: N_("planned"),
        }[state]
    )


def coverage(
    framework: Annotated[
        str | None, typer.Option("--framework", help=_("Only this framework, control by control."))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))] = False,
) -> int:
    """Run ``esms-kit catalogue coverage``."""
    from kit.app import catalogue as use_case
    from kit.cli.terminal import say, show_json

    found = use_case.frameworks(framework)
    if as_json:
        items = []
        for text, counts in found:
            item = counts.model_dump(mode="json")
            head = {"title", "publisher", "date", "source"}
            item |= text.model_dump(
                mode="json", include=head | ({"controls"} if framework else set())
            )
            items.append(item)
        show_json({"schema": 1, "frameworks": items})
        return 0
    for number, (text, counts) in enumerate(found):
        if number:
            say("")
        _show_counts(text, counts)
        if framework is not None:
            _show_each(text)
    return 0


def _show_counts(text: Framework, counts: FrameworkCoverage) -> None:
    from kit.checking.labels import label
    from kit.cli.terminal import say, show_table
    from kit.i18n import localized
    from kit.model.framework import Answered

    names = {level.id: localized(level.title) for level in text.levels}
    rows = []
    for row in counts.rows:
        level = names[row.level] if row.level is not None else _("all levels")
        rows.append(
            [
                f"{label(row.platform)}, {level}" if names else label(row.platform),
                str(row.controls),
                *(str(row.answered[state]) for state in Answered),
            ]
        )
    title = _("{title}, version {version} ({date})").format(
        title=localized(text.title), version=text.version, date=text.date
    )
    heads = [_("Answered by"), _("controls"), *map(answered_label, Answered)]
    show_table(heads, rows, title=f"{text.id} · {title}", whole=1)
    if text.read:
        covered = sum(row.covered for row in counts.rows if row.level is None)
        say(_("Covered, that is answered whole by rules: {count}.").format(count=covered))
    else:
        say(
            _("Mapped through copies, text not read: nothing here counts as covered."),
            style="yellow",
        )
    say(_("Source: {source}").format(source=localized(text.source)))


def _show_each(text: Framework) -> None:
    from kit.checking.labels import label
    from kit.cli.terminal import say, show_table
    from kit.i18n import localized

    names = {level.id: localized(level.title) for level in text.levels}
    rows = [
        [
            control.id,
            *([names.get(control.level or "", "")] if names else []),
            localized(control.title),
            *(_answer_of(answer) for answer in map(control.answer, text.platforms)),
        ]
        for control in text.controls
    ]
    heads = [_("Control"), *([_("Level")] if names else []), _("Subject")]
    say("")
    show_table([*heads, *(label(one) for one in text.platforms)], rows, whole=1)


def _answer_of(answer: object) -> str:
    from kit.model.framework import Answer

    if not isinstance(answer, Answer):
        return ""
    word = answered_label(answer.state)
    return f"{word} ({len(answer.rules)})" if answer.rules else word


def show_controls(rule: str) -> None:
    """The controls a rule answers, one line per framework and platform; none is said too."""
    from kit.app import catalogue as use_case
    from kit.checking.labels import label
    from kit.cli.terminal import say

    found = use_case.controls_served(rule)
    say("")
    if not found:
        say(_("Answers no control of a framework."))
    groups: dict[tuple[str, Platform, bool], list[str]] = {}
    for one in found:
        groups.setdefault((one.framework, one.platform, one.whole), []).append(one.control)
    for (framework, platform, whole), controls in groups.items():
        say(_serves(framework, label(platform), whole=whole, controls=controls))


def _serves(framework: str, platform: str, *, whole: bool, controls: Iterable[str]) -> str:
    words = {"framework": framework, "platform": platform, "controls": ", ".join(controls)}
    if whole:
        return _("{framework}, {platform}: answers {controls}").format(**words)
    return _("{framework}, {platform}: answers a part of {controls}").format(**words)
