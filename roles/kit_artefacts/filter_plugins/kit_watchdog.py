"""What the tasks of this role decide about the watchdog, as functions: pure, run on the controller.

Steps and what is told of them are as in ``kit_artefacts``.
"""

from __future__ import annotations

import hashlib
import math
import shlex
from collections.abc import Sequence
from typing import Any

Step = dict[str, Any]
Told = dict[str, Any]


def _failure(code: str, subject: str = "", detail: str = "") -> dict[str, str]:
    return {"code": code, "subject": _line(subject), "detail": _line(detail)}


def _line(text: object) -> str:
    return " ".join(str(text).split())[:600]


def kit_part(steps: Sequence[Step], part: str) -> list[Step]:
    """The steps of one part of the work: plain, guarded or final."""
    return [step for step in steps if step.get("part", "plain") == part]


def kit_left(steps: Sequence[Step], results: Sequence[Told]) -> list[Step]:
    """The steps of which nothing is told yet."""
    told = {one["target"] for one in results}
    return [step for step in steps if step["target"] not in told]


def kit_checked(steps: Sequence[Step], results: Sequence[Told]) -> list[Step]:
    """The guarded files that can be checked before anything is done."""
    told = {one["target"] for one in results}
    return [
        step
        for step in kit_left(kit_part(steps, "guarded"), results)
        if step["artefact"]["kind"] == "file"
        and step["artefact"].get("validator")
        and step["artefact"].get("state", "present") == "present"
        and told.issuperset(step.get("needs", ()))
    ]


def kit_delay(seconds: int, login_took: float, batches: int) -> int:
    """How long the host waits: longer where a login takes long. Each batch is a few tasks."""
    return min(900, int(seconds) + math.ceil(float(login_took) * (3 + 4 * batches)))


def kit_watchdog(
    scripts: dict[str, str],
    verb: str,
    name: str,
    watch: dict[str, Any] | None = None,
    seconds: int = 0,
) -> str:
    """The script of the watchdog; whatever is not written by hand is a quoted assignment."""
    variables = {"KIT_VERB": verb, "KIT_ID": str(name)}
    if verb == "arm":
        kept = watch or {}
        for key in ("files", "patterns", "units", "values", "interfaces", "reloads", "keys"):
            text = "".join(f"{one}\n" for one in kept.get(key) or ())
            variables[f"KIT_{key.upper()}"] = text
        variables["KIT_WHOLE"] = "yes" if kept.get("whole") else "no"
        variables["KIT_SECONDS"] = str(int(seconds))
        variables["KIT_RESTORE"] = scripts["restore"]
        variables["KIT_SHA"] = hashlib.sha256(scripts["restore"].encode()).hexdigest()
    lines = [f"{key}={shlex.quote(value)}" for key, value in sorted(variables.items())]
    texts = [scripts["prelude"], scripts["watchdog"]]
    return "\n".join(["#!/bin/sh", *lines, *texts, "main </dev/null", ""])


def kit_held(result: dict[str, Any]) -> dict[str, str]:
    """Why the watchdog is not as asked, from what its script answered; empty when it is."""
    if result.get("skipped"):
        return {}
    lines = str(result.get("stdout") or "").splitlines()
    fields = lines[-1].split("\t") if lines else []
    if result.get("rc") == 0 and fields[:1] == ["done"]:
        return {}
    if len(fields) == 4 and fields[0] == "failed":
        return _failure(fields[1], fields[2], fields[3])
    return _failure("watchdog_impossible", "sh", result.get("stderr") or result.get("msg") or "")


def kit_impossible(why: str) -> dict[str, str]:
    """Why no watchdog may be armed, as a failure."""
    return _failure("watchdog_impossible", why)


def kit_late(held: dict[str, str], until: float, now: float) -> dict[str, str]:
    """Why nothing more is begun: what is held already, or a watchdog that waits no longer."""
    late = float(until) > 0 and float(now) > float(until)
    return held or (_failure("watchdog_expired") if late else {})


def kit_wrong(results: Sequence[Told], steps: Sequence[Step]) -> dict[str, str]:
    """Why the former state is to come back although the way in may be open; else empty.

    A daemon or a unit that did not take what it was given may not come up at its next start.
    """
    kinds = {step["target"]: step["artefact"]["kind"] for step in steps}
    for one in results:
        if one["state"] == "failed" and kinds.get(one["target"]) in {"reload", "unit"}:
            return one.get("failure") or _failure("unexpected", one["target"])
    return {}


def kit_reverted(results: Sequence[Told], steps: Sequence[Step]) -> list[Told]:
    """The results with what was done under the watchdog as put back."""
    targets = {step["target"] for step in steps}
    return [
        {**one, "state": "failed", "failure": _failure("way_in_lost", "", "put back")}
        if one["target"] in targets and one["state"] == "done"
        else one
        for one in results
    ]


class FilterModule:
    """The filters, as Ansible takes them."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {name: found for name, found in globals().items() if name.startswith("kit_")}
