"""The watchdog of a host: armed before what may cut the way in, disarmed over a new connection.

A host that nobody reaches anew in time puts its former state back by itself.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Iterator
from typing import Any

from kit_steps import ARMED, PROVEN, SUCCEEDED, arguments_of, ask, foresee, run, told_of
from pyinfra import host, logger
from pyinfra.api import FunctionCommand, operation
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import Host
from pyinfra.api.state import State

SCRIPTS = ["prelude", "watchdog"]
ORDER_SECONDS = 60
GRACE_SECONDS = 60
LONGEST = 900
_RUN_NAME = secrets.token_hex(16)
_delays: dict[str, int] = {}


def _order(verb: str, **variables: str) -> dict[str, Any]:
    named = {**variables, "KIT_VERB": verb, "KIT_ID": _RUN_NAME}
    return {
        "target": f"watchdog:{verb}",
        "scripts": SCRIPTS,
        "variables": named,
        "seconds": ORDER_SECONDS,
    }


@operation()
def arm(steps: list[dict[str, Any]], watch: dict[str, str]) -> Iterator[FunctionCommand]:
    """Arm the watchdog before these steps, if any of them would change something."""
    if all(foresee(host, step) == "unchanged" for step in steps):
        host.noop("nothing that may cut the way in is to be changed")
        return
    yield FunctionCommand(_arm, [len(steps), watch, arguments_of(host)], {})


def _arm(state: State, host: Host, count: int, watch: dict, arguments: dict) -> bool:
    del state
    began = time.monotonic()
    run(host, _order("report"), arguments)
    took = time.monotonic() - began
    delay = min(LONGEST, int(watch["KIT_SECONDS"]) + math.ceil(took * (3 + count)))
    _delays[host.name] = delay
    answer = ask(host, _order("arm", **{**watch, "KIT_SECONDS": str(delay)}), arguments, dry=False)
    told_of(host)[ARMED] = answer
    if answer["state"] not in SUCCEEDED:
        logger.error(f"{host.print_prefix}watchdog: {answer['code']} {answer['subject']}")
    return True


@operation()
def prove(steps: list[dict[str, Any]]) -> Iterator[FunctionCommand]:
    """Connect anew, become root, disarm; or have the former state put back."""
    if all(foresee(host, step) == "unchanged" for step in steps):
        host.noop("nothing was armed")
        return
    yield FunctionCommand(_prove, [[step["target"] for step in steps], arguments_of(host)], {})


def _prove(state: State, host: Host, targets: list, arguments: dict) -> bool:
    del state
    told = told_of(host)
    if told.get(ARMED, {"state": "failed"})["state"] not in SUCCEEDED:
        told[PROVEN] = {**told.get(ARMED, {}), "state": "skipped"}
        return True
    broken = [
        name
        for name in targets
        if name.startswith(("reload:", "unit:")) and told.get(name, {}).get("state") == "failed"
    ]
    deadline = time.monotonic() + _delays[host.name]
    answer = {"state": "failed", "code": "way_in_lost", "subject": "", "detail": ""}
    if not broken and _again(host, time.monotonic() + _delays[host.name] / 3):
        answer = ask(host, _order("disarm"), arguments, dry=False)
    if answer["state"] in SUCCEEDED:
        told[PROVEN] = answer
        return True
    _wait_for_former(host, deadline + GRACE_SECONDS, arguments)
    for name in targets:
        if told.get(name, {}).get("state") == "done":
            told[name] = {**answer, "state": "reverted", "detail": "put back by the watchdog"}
    told[PROVEN] = answer
    return True


def _again(host: Host, until: float) -> bool:
    """A new connection: the old one is given up."""
    while True:
        host.disconnect()
        host.connected = False
        try:
            host.connect(show_errors=False, raise_exceptions=True)
            return True
        except (ConnectError, OSError, EOFError):
            if time.monotonic() > until:
                return False
            time.sleep(1)


def _wait_for_former(host: Host, until: float, arguments: dict) -> None:
    """Have the former state put back, or wait until the host has done so by itself."""
    while time.monotonic() < until:
        if host.connected or _again(host, time.monotonic()):
            lines = run(host, _order("restore"), arguments)
            told = isinstance(lines, list) and lines[-1:] == ["told"]
            if told and not any(line.startswith("armed ") for line in lines):
                for line in lines[1:-2]:
                    logger.warning(f"{host.print_prefix}put back: {line}")
                return
        time.sleep(2)
