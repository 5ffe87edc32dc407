"""One step on one host: look, then bring it about, with the scripts beside this file.

A step is data; the scripts are written by hand. A step that needs a failed one is not tried.
"""

from __future__ import annotations

import base64
import getpass
import os
import re
import secrets
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, OperationError, operation
from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS
from pyinfra.api.host import Host
from pyinfra.api.state import State

SCRIPTS = Path("scripts")
PACKAGES = Path("../packages")
SUCCEEDED = {"done", "unchanged"}
ARMED, PROVEN = "watchdog:armed", "watchdog:proven"
HELD = {"guarded": ARMED, "final": PROVEN}
"""Part of the work -> what must have succeeded before any of its steps is tried."""
RUN = """
umask 077; KIT_DIR=$1; export KIT_DIR
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root; export LC_ALL PATH HOME
mkdir -p -- "$KIT_DIR" && [ -O "$KIT_DIR" ] || exit 1
IFS= read -r size && head -c "$size" >"$KIT_DIR/job" && cd / || exit 1
if [ "$4" = package ]; then base64 -d | timeout -k 10 "$2" sh "$KIT_DIR/job" 2>"$KIT_DIR/said"
else timeout -k 10 "$2" sh "$KIT_DIR/job" 2>"$KIT_DIR/said"
fi
status=$?
[ "$3" = keep ] || rm -rf -- "$KIT_DIR"
exit "$status"
"""
"""$1: a private folder; $2: seconds; $3: whether to keep it; $4: what stands behind the script.
Standard input: how many bytes the script has, the script, and after it the secrets it reads, which
are never in a file, or a package in base64."""

_RUN_NAME = secrets.token_hex(8)
_foreseen: dict[tuple[str, str], str] = {}
_secrets: dict[str, str] = {}
_variables: dict[str, str] = {}
_states: dict[str, dict[str, dict[str, str]]] = {}


def begin() -> None:
    """Nothing is known of this host yet."""
    _states[host.name] = {}


def compose(step: dict[str, Any], **others: str) -> str:
    """The script of a step; whatever is not written by hand is a quoted assignment."""
    lines = []
    for name, value in sorted({**step["variables"], **others}.items()):
        if not re.fullmatch("KIT_[A-Z_]{1,30}", name) or "\0" in value:
            raise OperationError(f"not a step of esms-kit: {step['target']}")
        lines.append(f"{name}={shlex.quote(value)}")
    texts = [(SCRIPTS / f"{name}.sh").read_text(encoding="utf-8") for name in step["scripts"]]
    main = "main 9<&0 </dev/null" if step.get("secrets") or "payload" in step else "main </dev/null"
    return "\n".join(["#!/bin/sh", *lines, *texts, main, ""])


def secret(name: str) -> str:
    """The secret of that name, from the environment or asked for once; empty if nobody has it.

    Two names never share a variable: a secret must not reach the wrong account.
    """
    variable = variable_of(name)
    if _variables.setdefault(variable, name) != name:
        raise OperationError(f"{variable} would be both {name} and {_variables[variable]}")
    if name not in _secrets:
        value = os.environ.get(variable, "")
        if not value and sys.stdin.isatty():
            value = getpass.getpass(f"{name} ({variable}): ")
        _secrets[name] = "" if "\n" in value or "\0" in value else value
    return _secrets[name]


def variable_of(name: str) -> str:
    """The environment variable that may hold a secret."""
    return "KIT_SECRET_" + re.sub("[^A-Z0-9]", "_", name.upper())


def ask(one: Host, step: dict[str, Any], arguments: dict[str, Any], dry: bool) -> dict[str, str]:
    """Run a step's script; state, code, subject and detail of its answer."""
    output = run(one, step, arguments, dry)
    if isinstance(output, dict):
        return output
    fields = output[-1].split("\t") if output else []
    if len(fields) != 4 or fields[0] not in {"done", "unchanged", "failed"}:
        return _failed("broken_answer", "", " ".join(output)[-300:])
    return dict(zip(("state", "code", "subject", "detail"), fields, strict=True))


def run(
    one: Host, step: dict[str, Any], arguments: dict[str, Any], dry: bool = False
) -> list[str] | dict[str, str]:
    """Run a step's script; the lines it said, or the answer where it cannot be run."""
    folder = f"/run/esms-kit-{_RUN_NAME}{'-look' if dry else ''}"
    package = "payload" in step and not dry
    words = [folder, str(step["seconds"]), "drop" if dry else "keep"]
    words.append("package" if package else "secrets")
    command = shlex.join(["sh", "-c", RUN, "sh", *words])
    script = compose(step, **({"KIT_DRY": "yes", "KIT_ARMED": ""} if dry else {}))
    names = step.get("secrets", ())
    missing = [name for name in names if not secret(name)]
    if missing:
        detail = f"give it as {variable_of(missing[0])} in the environment"
        return _failed("secret_missing", missing[0], detail)
    given = "".join(f"{secret(name)}\n" for name in names)
    if package:
        content = (PACKAGES / Path(step["payload"]).name).read_bytes()
        given = base64.encodebytes(content).decode()
    text = f"{len(script.encode())}\n{script}{given}"
    _good, output = one.run_shell_command(
        command, print_output=False, print_input=False, **{**arguments, "_stdin": text}
    )
    return [*output.stdout_lines] or [*output.stderr_lines]


def _failed(code: str, subject: str, detail: str) -> dict[str, str]:
    return {"state": "failed", "code": code, "subject": subject, "detail": detail}


def _why(answer: dict[str, str]) -> str:
    words = " ".join([answer["code"].replace("_", " "), answer["subject"]]).strip()
    return f"{words} [{answer['detail']}]" if answer["detail"] else words


def arguments_of(one: Host) -> dict[str, Any]:
    """The connector's arguments (sudo) of the operation at hand."""
    given = one.current_op_global_arguments or {}
    return {key: given[key] for key in CONNECTOR_ARGUMENT_KEYS if key in given}


def foresee(one: Host, step: dict[str, Any]) -> str:
    """What would become of a step, asked once: unchanged, done or failed."""
    place = (one.name, step["target"])
    if place not in _foreseen:
        foreseen = ask(one, step, arguments_of(one), dry=True)["state"]
        awaited = {_foreseen.get((one.name, need)) for need in step["needs"]}
        if "done" in awaited and step["target"].startswith("reload:"):
            foreseen = "done"
        _foreseen[place] = foreseen
    return _foreseen[place]


def told_of(one: Host) -> dict[str, dict[str, str]]:
    """Target -> what became of it on this host, as far as it was tried."""
    return _states[one.name]


@operation()
def carry_out(step: dict[str, Any]) -> Iterator[FunctionCommand]:
    """Bring one step about, unless it already is."""
    if foresee(host, step) == "unchanged":
        _states[host.name].setdefault(step["target"], {"state": "unchanged"})
        host.noop(f"{step['target']} is as wanted")
        return
    yield FunctionCommand(_act, [step, arguments_of(host)], {})


def _act(state: State, host: Host, step: dict, arguments: dict) -> bool:
    """Try it; false when it failed or was not tried."""
    del state
    told = _states[host.name]
    blockers = [
        n for n in step["needs"] if told.get(n, {"state": "done"})["state"] not in SUCCEEDED
    ]
    held = told.get(HELD.get(step["part"], ""), {"state": "done"})
    if held["state"] not in SUCCEEDED:
        answer = {**held, "state": "skipped"}
    elif blockers:
        answer = {"state": "skipped", "code": "blocked_by", "subject": blockers[0], "detail": ""}
    else:
        answer = ask(host, step, arguments, dry=False)
    told[step["target"]] = answer
    if answer["state"] in SUCCEEDED:
        return True
    logger.warning(f"{host.print_prefix}{step['target']}: {_why(answer)}")
    return True  # the steps that do not need it go on; the last operation fails


@operation()
def name_what_is_left() -> Iterator[FunctionCommand]:
    """Fail where a step failed or was not tried, and leave nothing behind."""
    touched = [
        n for (name, n), one in _foreseen.items() if name == host.name and one != "unchanged"
    ]
    if not touched:
        host.noop("everything is as wanted")
        return
    yield FunctionCommand(_finish, [arguments_of(host)], {})


def _finish(state: State, host: Host, arguments: dict) -> bool:
    del state
    folder = f"/run/esms-kit-{_RUN_NAME}"
    host.run_shell_command(shlex.join(["rm", "-rf", "--", folder]), **arguments)
    left = {n: a for n, a in _states[host.name].items() if a["state"] not in SUCCEEDED}
    for target, answer in left.items():
        logger.error(f"{host.print_prefix}{target}: {_why(answer)}")
    return not left
