"""What the tasks of this role decide, as functions: pure, run on the controller.

A *step* is ``{target, needs, artefact}``; what became of it is told as ``{target, state, message,
failure}``: ``state`` is one of done, unchanged, failed, skipped, and ``failure`` holds a closed
code, what it is about, and what was said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

Step = dict[str, Any]
Told = dict[str, Any]

# Words of a result that came from no module of this role -> code. Programs run with LC_ALL=C.
_SIGNS = (
    (r"No space left on device|Disk quota exceeded|No usable temporary directory", "disk_full"),
    (r"Read-only file system", "read_only"),
    (r"not been booted with systemd|Failed to connect to bus", "no_systemd"),
    (r"Could not find the requested service|Unit \S+ (?:could )?not (?:be )?found", "unit_missing"),
)
_PARTS = ("stderr", "stdout", "msg", "module_stderr", "module_stdout", "exception")


def kit_batches(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Steps of one kind that follow one another, together: ``{kind, steps}``.

    No step needs another one of its batch, and each reload has one to itself.
    """
    batches: list[dict[str, Any]] = []
    targets: set[str] = set()
    for step in steps:
        kind = step["artefact"]["kind"]
        fits = batches and batches[-1]["kind"] == kind and kind != "reload"
        if not fits or targets & set(step.get("needs", ())):
            batches.append({"kind": kind, "steps": []})
            targets = set()
        batches[-1]["steps"].append(step)
        targets.add(step["target"])
    return batches


def kit_begin(steps: Sequence[Step], stopped: bool, may_cut: bool) -> dict[str, Any]:
    """The state of a host before its first batch; see ``kit_advance``."""
    state = {"results": [], "number": -1, "stopped": stopped, "ready": [], "blocked": []}
    return _next(state, kit_batches(steps), may_cut)


def kit_advance(
    state: dict[str, Any],
    told: Sequence[Told],
    steps: Sequence[Step],
    halted: bool,
    on_failure: str,
    may_cut: bool,
) -> dict[str, Any]:
    """The state of a host after a batch: what was told of all steps, and the batch that follows.

    ``ready`` are its steps that are to be tried, ``blocked`` what is told of the others.
    ``halted``: nothing more is to be begun.
    """
    results = [*state["results"], *state["blocked"], *told]
    failed = on_failure == "stop" and bool(kit_targets(told, "failed"))
    after = {**state, "results": results, "stopped": state["stopped"] or halted or failed}
    return _next(after, kit_batches(steps), may_cut)


def _next(state: dict[str, Any], batches: Sequence[Any], may_cut: bool) -> dict[str, Any]:
    number = state["number"] + 1
    steps = batches[number]["steps"] if number < len(batches) else []
    unfinished = set(kit_targets(state["results"], "failed", "skipped"))
    blocked = [one for one in (_blocked(s, unfinished, state, may_cut) for s in steps) if one]
    left_out = {one["target"] for one in blocked}
    ready = [step for step in steps if step["target"] not in left_out]
    return {**state, "number": number, "ready": ready, "blocked": blocked}


def _blocked(step: Step, unfinished: set[str], state: dict[str, Any], may_cut: bool) -> Told | None:
    """What is told of a step that is not to be tried."""
    needs = [need for need in step.get("needs", ()) if need in unfinished]
    if state["stopped"]:
        return _skipped(step, "stopped")
    if needs:
        return _skipped(step, "blocked_by", needs[0])
    if step.get("may_cut") and not may_cut:
        return _skipped(step, "may_cut_the_way_in", " ".join(step["may_cut"]))
    return None


def kit_artefacts_of(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Their artefacts as the modules of this role take them."""
    given = [step["artefact"] for step in steps]
    return [{key: value for key, value in one.items() if key != "kind"} for one in given]


def kit_targets(told: Iterable[Told], *states: str) -> list[str]:
    """The targets of which one of these states is told."""
    return [one["target"] for one in told if one["state"] in states]


def _told(step: Step, changed: bool, message: str = "") -> Told:
    state = "done" if changed else "unchanged"
    return {"target": step["target"], "state": state, "message": message}


def _failed(step: Step, failure: dict[str, str]) -> Told:
    return {"target": step["target"], "state": "failed", "message": "", "failure": failure}


def _failure(code: str, subject: str = "", detail: str = "") -> dict[str, str]:
    return {"code": code, "subject": _line(subject), "detail": _line(detail)}


def _skipped(step: Step, code: str, subject: str = "") -> Told:
    failure = _failure(code, subject)
    return {"target": step["target"], "state": "skipped", "message": "", "failure": failure}


def kit_told(steps: Sequence[Step], done: dict[str, Any]) -> list[Told]:
    """From one result that holds one of each step, in order, or that failed as a whole."""
    results = done.get("results")
    if not isinstance(results, list) or (done.get("failed") and not results):
        return [_failed(step, kit_failure(done, step["artefact"])) for step in steps]
    told = []
    for index, step in enumerate(steps):
        if index >= len(results) or results[index] is None:
            told.append(_skipped(step, "stopped"))
        elif results[index].get("failed"):
            told.append(_failed(step, kit_failure(results[index], step["artefact"])))
        else:
            message = results[index].get("message") or " ".join(results[index].get("along", ()))
            told.append(_told(step, bool(results[index].get("changed")), message))
    return told


def kit_told_reload(steps: Sequence[Step], done: dict[str, Any]) -> list[Told]:
    """Of the one step of a reload: nothing was done, it was, or it failed."""
    if done.get("failed"):
        return [_failed(step, kit_failure(done, step["artefact"])) for step in steps]
    return [_told(step, changed=bool(done.get("changed"))) for step in steps]


def kit_failure(result: dict[str, Any], artefact: dict[str, Any]) -> dict[str, str]:
    """Why a step failed, from the result of whatever module tried it."""
    kit = result.get("kit")
    if isinstance(kit, dict) and kit.get("code"):
        return _failure(kit["code"], kit.get("subject", ""), kit.get("detail", ""))
    subject = str(artefact.get("name") or artefact.get("path") or artefact.get("action") or "")
    said = _said(result)
    if result.get("timedout"):
        return _failure("time_limit", str(result["timedout"].get("period", "")), said)
    everything = "\n".join(str(result.get(part, "")) for part in _PARTS)
    for pattern, code in _SIGNS:
        if re.search(pattern, everything):
            return _failure(code, subject, said)
    kind, command = artefact.get("kind"), result.get("cmd")
    program = str(command[0]).rpartition("/")[2] if isinstance(command, list) and command else ""
    if program and result.get("rc") == 2 and "No such file or directory" in everything:
        return _failure("command_missing", program)
    if kind == "sysctl" and program == "tee":
        return _failure("sysctl_refused", subject, said)
    if kind == "reload":
        refused = program == "sshd"
        return _failure("validator_refused" if refused else "reload_failed", program, said)
    return _failure("unit_failed" if kind == "unit" else "unexpected", subject, said)


def _said(result: dict[str, Any]) -> str:
    """The last line of whatever was said that says anything."""
    for part in _PARTS:
        lines = [line for line in str(result.get(part) or "").splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return ""


def _line(text: object) -> str:
    return " ".join(str(text).split())[:600]


def kit_in_words(told: Iterable[Told]) -> list[str]:
    """What is not as wanted and why, a line each, for people."""
    lines = []
    for one in told:
        failure = one.get("failure")
        if failure:
            reason = f"{failure['code'].replace('_', ' ')} {failure['subject']}".strip()
            detail = f" [{failure['detail']}]" if failure["detail"] else ""
            lines.append(f"{one['target']}: {reason}{detail}")
    return lines


class FilterModule:
    """The filters, as Ansible takes them."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {name: found for name, found in globals().items() if name.startswith("kit_")}
