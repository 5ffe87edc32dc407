"""What the command-line framework only says in English, said in the user's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import typer

from kit.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping

HELP: Final[Mapping[str, str]] = {
    "help": N_("Show this message and exit."),
    "install_completion": N_("Install completion for the current shell."),
    "show_completion": N_("Show completion for the current shell, to copy or adapt it."),
}
"""By name of the option the framework adds."""
VALUES: Final[Mapping[str, str]] = {
    "str": N_("text"),
    "list[str]": N_("text"),
    "path": N_("path"),
    "list[Path]": N_("path"),
    "int": N_("number"),
    "int range": N_("number"),
}
"""By the name the framework gives a type of value."""
METAVARS: Final[Mapping[str, str]] = {
    "DEVICE": N_("DEVICE"),
    "DIR": N_("DIR"),
    "FILE": N_("FILE"),
    "FILE=DEVICE": N_("FILE=DEVICE"),
    "MATTER": N_("MATTER"),
    "NAME": N_("NAME"),
    "PACK": N_("PACK"),
    "PROFILE": N_("PROFILE"),
    "RULE": N_("RULE"),
    "RUN": N_("RUN"),
    "STICK": N_("STICK"),
    "TEXT": N_("TEXT"),
}
"""Words that stand for what the user types; those not listed are the same in every language."""
OBJECTIONS: Final = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"Input should be a valid integer", N_("a whole number is expected here.")),
        (
            r"Input should be greater than or equal to (?P<ge>\S+)",
            N_("the number must be at least {ge}."),
        ),
        (
            r"Input should be less than or equal to (?P<le>\S+)",
            N_("the number must be at most {le}."),
        ),
        (r"Option '(?P<name>[^']+)' requires an argument", N_("the option {name} needs a value.")),
        (
            r"Option '(?P<name>[^']+)' does not take a value",
            N_("the option {name} takes no value."),
        ),
        (
            r"Got unexpected extra argument\(s\) \((?P<words>.*)\)$",
            N_("this is too much: {words}."),
        ),
        (
            r"No such command '(?P<name>.*?)'\. Did you mean '(?P<nearest>.*)'\?",
            N_("the command “{name}” does not exist; nearest: {nearest}."),
        ),
        (r"No such command '(?P<name>.*)'\.", N_("the command “{name}” does not exist.")),
    )
)


def translate_help(command: Any) -> None:  # noqa: ANN401 - private to the framework
    """Put the current language into a command and all below it, before it shows its help."""
    command.options_metavar = _("[OPTIONS]")
    if hasattr(command, "subcommand_metavar"):
        command.subcommand_metavar = _("COMMAND [ARGUMENTS]...")
    command.format_usage = _Usage(command)
    context = typer.Context(command, help_option_names=["-h", "--help"])
    for parameter in command.get_params(context):
        if parameter.name in HELP:
            parameter.help = _(HELP[parameter.name])
        if parameter.metavar in METAVARS:
            parameter.metavar = _(METAVARS[parameter.metavar])
        kind = parameter.display_type(context).strip("<>")
        if kind in VALUES:
            parameter.display_type = _Named(kind)
    for below in getattr(command, "commands", {}).values():
        translate_help(below)


class _Usage:
    """The usage line: what is required stands plain, what may be left out in brackets."""

    def __init__(self, command: Any) -> None:  # noqa: ANN401 - private to the framework
        self.command = command

    def __call__(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - of the framework
        pieces = " ".join(self.command.collect_usage_pieces(ctx))
        plain = pieces.replace("{", "").replace("}", "")
        formatter.write_usage(ctx.command_path, plain, prefix=_("Usage: "))


class _Named:
    """The name of a type of value, in the language in use when it is shown."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __call__(self, ctx: object) -> str:
        return f"<{_(VALUES[self.kind])}>"


def objection(message: str) -> str:
    """What the framework objects to; in its own words where they are not known."""
    for pattern, text in OBJECTIONS:
        found = pattern.match(message)
        if found is not None:
            return _(text).format(**found.groupdict())
    return message
