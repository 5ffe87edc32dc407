"""``catalogue list / show / lint / coverage``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.cli.coverage_shown import coverage, show_controls
from kit.i18n import _, ngettext

AsJson = Annotated[bool, typer.Option("--json", help=_("Answer in JSON."))]


def list_rules(
    theme: Annotated[str | None, typer.Option("--theme", help=_("Only this theme."))] = None,
    parameters: Annotated[
        bool, typer.Option("--parameters", help=_("List parameters instead of rules."))
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit catalogue list``."""
    from kit.app import catalogue as use_case
    from kit.checking.labels import label, theme_label
    from kit.checking.reasons import severity_label
    from kit.cli.terminal import show_json, show_table
    from kit.i18n import localized

    found = use_case.parameters() if parameters else use_case.rules(theme=theme)
    if as_json:
        show_json({"schema": 1, "items": [one.model_dump(mode="json") for one in found]})
    elif parameters:
        rows = [
            [one.id, localized(one.title), _bounds(one), _default(one)]
            for one in use_case.parameters()
        ]
        show_table([_("Parameter"), _("Meaning"), _("Bounds"), _("Default")], rows)
    else:
        listed = use_case.rules(theme=theme)
        rows = [
            [
                one.id,
                f"{one.severity}\t{severity_label(one.severity)}",
                label(one.tier),
                localized(one.title),
                theme_label(one.theme),
            ]
            for one in listed
        ]
        heads = [_("Rule"), _("Severity"), _("Tier"), _("Title"), _("Theme")]
        title = ngettext("{count} rule", "{count} rules", len(rows)).format(count=len(rows))
        show_table(heads, rows, styled=1, title=title, whole=1)
    return 0


def _bounds(one: object) -> str:
    from kit.model.rule import Parameter

    if not isinstance(one, Parameter):
        return ""
    if one.minimum is not None or one.maximum is not None:
        return f"{one.minimum} – {one.maximum}"
    return ", ".join(one.choices) or (one.pattern or "")


def _default(one: object) -> str:
    from kit.model.rule import Parameter
    from kit.model.setting import show_value

    if not isinstance(one, Parameter) or one.default is None:
        return _("given by the site")
    return show_value(one.default)


def show(
    rule: Annotated[str, typer.Argument(metavar="RULE", help=_("Id of the rule."))],
    as_json: AsJson = False,
) -> int:
    """Run ``esms-kit catalogue show``."""
    from kit.app import catalogue as use_case
    from kit.checking.labels import label, theme_label
    from kit.checking.reasons import severity_label
    from kit.cli.terminal import say, show_json
    from kit.documents_io.yaml import dump_yaml
    from kit.i18n import localized
    from kit.model.rule import Rule

    found = use_case.rule(rule)
    if as_json:
        controls = [one.model_dump(mode="json") for one in use_case.controls_served(rule)]
        data = found.model_dump(mode="json", exclude_none=True)
        show_json({"schema": 1, "rule": data, "controls": controls})
        return 0
    say(localized(found.title), style="bold")
    head = [severity_label(found.severity), label(found.tier), theme_label(found.theme)]
    say(" · ".join([found.id, *head]))
    say(localized(found.why))
    if found.remedy is not None:
        say(_("What to do: {text}").format(text=localized(found.remedy)))
    if isinstance(found, Rule):
        for platform, block in sorted(found.platforms.items()):
            say("")
            data = block.model_dump(mode="json", exclude_defaults=True)
            for line in dump_yaml({platform.value: data}).splitlines():
                say(line)
    show_controls(rule)
    return 0


def lint(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help=_("Catalogue folder to check."))
    ] = None,
) -> int:
    """Run ``esms-kit catalogue lint``."""
    from kit.app import catalogue as use_case
    from kit.cli.terminal import say

    found = use_case.lint(folder)
    said = _(
        "{rules} rules, {parameters} parameters, {baselines} baselines, {frameworks} frameworks: "
        "no mistake."
    )
    say(
        said.format(
            rules=len(found.rules),
            parameters=len(found.parameters),
            baselines=len(found.baselines),
            frameworks=len(found.frameworks),
        ),
        style="green",
    )
    return 0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list", help=_("List rules or parameters."))(list_rules)
    group.command("show", help=_("One rule: why, and what it sets."))(show)
    group.command("lint", help=_("Check a catalogue: every mistake with file and line."))(lint)
    group.command("coverage", help=_("How far the rules answer published texts."))(coverage)
    app.add_typer(group, name="catalogue")
