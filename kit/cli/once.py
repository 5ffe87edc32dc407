"""An option that takes one value is given once: of two the last would win without a word."""

from __future__ import annotations

from typing import Any

from kit.errors import UsageError
from kit.i18n import _


def refuse_repeated(command: Any) -> None:  # noqa: ANN401 - private to the framework
    """Make a command, or all commands below a group, refuse what is given twice.

    They raise ``UsageError`` then, before anything is done.
    """
    below = getattr(command, "commands", None)
    if below is None:
        command.parse_args = _Once(command)
    for one in (below or {}).values():
        refuse_repeated(one)


class _Once:
    """Reads the command line as the command does, and looks at what was given how often."""

    def __init__(self, command: Any) -> None:  # noqa: ANN401 - private to the framework
        self.command = command
        self.parse = command.parse_args

    def __call__(self, context: Any, arguments: list[str]) -> Any:  # noqa: ANN401 - of the framework
        if not context.resilient_parsing:  # that is the shell's completion
            _given, _rest, order = self.command.make_parser(context).parse_args(list(arguments))
            for option in order:
                if order.count(option) > 1 and _takes_one(option):
                    raise UsageError(
                        _("the option {name} is given more than once.").format(
                            name=option.opts[-1]
                        ),
                        remedy=_("Give it once; several values are separated by commas."),
                    )
        return self.parse(context, arguments)


def _takes_one(option: Any) -> bool:  # noqa: ANN401 - private to the framework
    several = option.param_type_name != "option" or option.multiple or option.count
    return not several and not option.is_flag
