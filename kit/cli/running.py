"""Choose the language, build the commands, run one, turn errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from kit.errors import InvalidDocuments, KitError, UsageError
from kit.i18n import DEFAULT_LANGUAGE, LANGUAGES, _, use_language
from kit.i18n.frameworks import bind_frameworks

INTERRUPTED: Final = 130  # 128 + SIGINT, as shells say it
INTERNAL: Final = 4
COMPLETING: Final = "_ESMS_KIT_COMPLETE"
"""Set by the shell's completion, which asks for words of any command."""


def _language_asked(arguments: Sequence[str]) -> str:
    """``--lang`` of the command line, else ``ESMS_KIT_LANG``, else French.

    Help texts are made before the command line is parsed, so it is looked for here.
    """
    asked = os.environ.get("ESMS_KIT_LANG", "")
    for index, argument in enumerate(arguments):
        if argument == "--lang" and index + 1 < len(arguments):
            asked = arguments[index + 1]
        elif argument.startswith("--lang="):
            asked = argument.removeprefix("--lang=")
    return asked if asked in LANGUAGES else DEFAULT_LANGUAGE


_SWITCHES: Final = frozenset({"-v", "-vv", "--verbose", "--debug"})
_WITH_VALUE: Final = frozenset({"-w", "--workspace", "--lang", "--jobs", "--device-timeout"})


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The command line with the options of every command put before the command.

    People write them last; the framework knows them first only. Nothing after ``--`` is moved.
    """
    first: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":
            rest += [argument, *waiting]
            break
        if argument in _SWITCHES or argument.partition("=")[0] in _WITH_VALUE - {argument}:
            first.append(argument)
        elif argument in _WITH_VALUE:
            first += [argument, *waiting[:1]]
            del waiting[:1]
        else:
            rest.append(argument)
    return first + rest


def _chosen(arguments: Sequence[str]) -> str | None:
    """The command of the command line, ``""`` without one; ``None`` when all may be asked of."""
    if COMPLETING in os.environ:
        return None
    left = hoisted(arguments)
    while left and left[0].startswith("-") and left[0] != "--":
        del left[: 2 if left[0] in _WITH_VALUE else 1]
    return left[0] if left else ""


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code and never raises."""
    bind_frameworks(use_language(_language_asked(arguments)))
    import typer
    from typer.main import get_command

    from kit.cli.commands import build
    from kit.cli.framework_texts import translate_help
    from kit.cli.once import refuse_repeated
    from kit.cli.terminal import encodable

    encodable()

    debug = "--debug" in arguments
    try:
        command = get_command(build(_chosen(arguments)))
        translate_help(command)
        refuse_repeated(command)
        result = command.main(args=hoisted(arguments), prog_name="esms-kit", standalone_mode=False)
    except KitError as error:
        return _report(error, as_json="--json" in arguments, debug=debug)
    except typer.Exit as done:
        return int(done.exit_code)
    except typer.TyperException as error:
        return _misused(error)
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except BrokenPipeError:
        # The reader of our output (head, less) has left: not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last barrier before the user
        return _internal(error, debug=debug)
    if result == INTERRUPTED:  # what the framework makes of a Ctrl-C, without a word
        return _interrupted()
    return result if isinstance(result, int) else 0


def _interrupted() -> int:
    print(_("Interrupted; nothing else will be done."), file=sys.stderr)  # noqa: T201
    return INTERRUPTED


def _misused(error: Exception) -> int:
    """What the command-line framework objects to, in the user's language where it can be told."""
    from kit.cli.framework_texts import objection

    name = type(error).__name__
    parameter = getattr(error, "param", None)
    options = [one for one in getattr(parameter, "opts", ()) if one.startswith("-")]
    shown = (
        options[-1]
        if options
        else getattr(parameter, "metavar", None) or getattr(parameter, "name", "")
    )
    if name == "NoArgsIsHelpError":
        print(getattr(error, "message", ""), file=sys.stderr)  # noqa: T201
        return UsageError.exit_code
    if name == "MissingParameter":
        about = (getattr(parameter, "help", None) or "").rstrip(".")
        message = (
            _("{name} is missing ({about}).").format(name=shown, about=about)
            if about
            else _("{name} is missing.").format(name=shown)
        )
    elif name == "NoSuchOption":
        message = _("the option {name} does not exist.").format(
            name=getattr(error, "option_name", "")
        )
    elif name == "BadParameter":
        where = (
            getattr(error, "param_hint", None) or (getattr(parameter, "opts", None) or [shown])[0]
        )
        message = _("{name}: {problem}").format(
            name=where, problem=objection(getattr(error, "message", ""))
        )
    else:
        message = objection(str(getattr(error, "format_message", error.__str__)()))
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "esms-kit")
    print(_safe(_("Error: {message}").format(message=message)), file=sys.stderr)  # noqa: T201
    print(_("See: {command} --help").format(command=path), file=sys.stderr)  # noqa: T201
    return UsageError.exit_code


def _safe(text: str) -> str:
    from kit.cli.terminal import printable

    return "\n".join(printable(line) for line in text.splitlines())


def _report(error: KitError, *, as_json: bool, debug: bool) -> int:
    if as_json:
        import json

        problems = [
            {"where": str(one.position), "message": one.message, "remedy": one.remedy}
            for one in (error.problems if isinstance(error, InvalidDocuments) else ())
        ]
        shown = {
            "schema": 1, "error": error.message, "where": error.where,
            "remedy": error.remedy, "problems": problems, "exit_code": error.exit_code,
        }  # fmt: skip
        print(json.dumps(shown, ensure_ascii=False, indent=2), file=sys.stderr)  # noqa: T201
    else:
        print(_safe(_("Error: {message}").format(message=error)), file=sys.stderr)  # noqa: T201
    if debug:
        _trace(error)
    return error.exit_code


def _internal(error: Exception, *, debug: bool) -> int:
    message = _("Unexpected error: {detail}").format(detail=f"{type(error).__name__}: {error}")
    remedy = _("Run the same command with --debug and send its output to the kit's maintainers.")
    print(_safe(f"{message}\n{remedy}"), file=sys.stderr)  # noqa: T201
    if debug:
        _trace(error)
    return INTERNAL


def _trace(error: Exception) -> None:
    import traceback

    print(_safe("".join(traceback.format_exception(error))), file=sys.stderr)  # noqa: T201
