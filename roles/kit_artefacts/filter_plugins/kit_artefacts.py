"""What the tasks of this role decide, as functions: pure, run on the controller.

A *step* is ``{target, needs, artefact}``; what became of it is told as ``{target, state, message,
failure}``: ``state`` is one of done, unchanged, failed, skipped, and ``failure`` holds a closed
code, what it is about, and what was said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Step = dict[str, Any]
Told = dict[str, Any]

RUNS = frozenset({"active", "reloading"})
RESTS = frozenset({"inactive", "failed"})
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


def kit_blocked(
    steps: Sequence[Step],
    unfinished: Sequence[str],
    stopped: bool,
    held: Mapping[str, str],
    missing: Mapping[str, str],
) -> list[Told]:
    """Those not to be tried. ``held``: why none is; ``missing``: target -> secret."""
    told = []
    for step in steps:
        needs = [need for need in step.get("needs", ()) if need in unfinished]
        if stopped:
            told.append(_skipped(step, "stopped"))
        elif needs:
            told.append(_skipped(step, "blocked_by", needs[0]))
        elif held:
            told.append(_failed(step, dict(held)))
        elif step["target"] in missing:
            told.append(_failed(step, _failure("secret_missing", missing[step["target"]])))
    return told


def kit_ready(steps: Sequence[Step], blocked: Sequence[Told]) -> list[Step]:
    """The steps that are to be tried."""
    left_out = {one["target"] for one in blocked}
    return [step for step in steps if step["target"] not in left_out]


def kit_scripts_of(steps: Sequence[Step], scripts: dict[str, str]) -> list[dict[str, str]]:
    """What is run for each step, by the name of its target."""
    return [{"path": step["target"], "script": scripts[step["target"]]} for step in steps]


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
    if not isinstance(results, list):
        return [_failed(step, kit_failure(done, step["artefact"])) for step in steps]
    told = []
    for index, step in enumerate(steps):
        if index >= len(results):
            told.append(_skipped(step, "stopped"))
        elif results[index].get("failed"):
            told.append(_failed(step, kit_failure(results[index], step["artefact"])))
        else:
            along = " ".join(results[index].get("along", ()))
            told.append(_told(step, bool(results[index].get("changed")), along))
    return told


def kit_told_units(
    steps: Sequence[Step],
    before: dict[str, Any],
    done: dict[str, Any],
    after: dict[str, Any],
    to_come: bool,
) -> list[Told]:
    """From the units before, the changes made (of those that could be), and the units after.

    ``to_come``: in a trial run, whether what would be done before may bring a unit that is not
    there yet.
    """
    shown, latter = kit_units(before), kit_units(after)
    made = {one["kit_artefacts_step"]["target"]: one for one in done.get("results", ())}
    told = []
    for step in steps:
        artefact = step["artefact"]
        name, target = artefact["name"], step["target"]
        if name not in shown:
            told.append(_failed(step, kit_failure(before, artefact)))
        elif holds(shown[name], artefact):
            told.append(_told(step, changed=False))
        elif to_come and shown[name]["LoadState"] == "not-found":
            told.append(_told(step, changed=True, message="if the unit is there by then"))
        elif refusal(shown[name], artefact):
            told.append(_failed(step, refusal(shown[name], artefact)))
        elif target not in made:
            told.append(_skipped(step, "stopped"))
        elif made[target].get("failed"):
            told.append(_failed(step, kit_failure(made[target], artefact)))
        elif after.get("skipped") or holds(latter.get(name, {}), artefact):
            told.append(_told(step, changed=True))
        else:
            state = latter.get(name, {})
            detail = f"{state.get('UnitFileState', '')}, {state.get('ActiveState', '')}"
            told.append(_failed(step, _failure("not_effective", name, detail)))
    return told


def kit_told_values(
    steps: Sequence[Step], before: dict[str, Any], done: dict[str, Any], after: dict[str, Any]
) -> list[Told]:
    """The same for kernel values. An interface that went away in the meantime needs none."""
    shown, latter = kit_values(before), kit_values(after)
    made = {one["kit_artefacts_value"]["path"]: one for one in done.get("results", ())}
    looked = not after.get("skipped")
    told = []
    for step in steps:
        artefact = step["artefact"]
        words, paths = artefact["value"].split(), _paths_of(step, shown)
        differ = [path for path in paths if shown[path] != words]
        left = [path for path in differ if not looked or path in latter]
        untried = [path for path in left if path not in made]
        failed = [path for path in left if path in made and made[path].get("failed")]
        other = [path for path in left if looked and latter[path] != words]
        if not paths:
            told.append(_failed(step, _failure("sysctl_missing", artefact["name"])))
        elif failed:
            told.append(_failed(step, kit_failure(made[failed[0]], artefact)))
        elif untried:
            told.append(_skipped(step, "stopped"))
        elif other:
            detail = " ".join(latter[other[0]])
            told.append(_failed(step, _failure("not_effective", artefact["name"], detail)))
        else:
            told.append(_told(step, changed=bool(differ)))
    return told


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


def kit_units(result: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Name -> properties, from the blocks ``systemctl show`` printed, blank lines between.

    Of a script of old (``generated``) ``result["of_old"]`` says whether it starts at boot.
    """
    units = {}
    for block in str(result.get("stdout") or "").split("\n\n"):
        shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if shown.get("LoadState") and shown.get("ActiveState"):
            if shown.get("UnitFileState") == "generated":
                shown["UnitFileState"] = result.get("of_old", {}).get(shown["Id"], "")
            units[shown.get("Id", "")] = shown
            units |= dict.fromkeys(shown.get("Names", "").split(), shown)
    return units


def kit_generated_units(result: dict[str, Any]) -> list[str]:
    """The units that stand for a script of old."""
    blocks = str(result.get("stdout") or "").split("\n\n")
    shown = [dict(row.split("=", 1) for row in b.splitlines() if "=" in row) for b in blocks]
    return [one["Id"] for one in shown if one.get("UnitFileState") == "generated"]


def kit_of_old(asked: dict[str, Any], links: dict[str, Any]) -> dict[str, str]:
    """Unit -> enabled or not, from what ``systemctl is-enabled`` said and the links of runlevels.

    The tool systemctl asks forgets the runlevels before 5.
    """
    linked = {str(one["path"]).rpartition("/")[2][3:] for one in links.get("files", ())}
    states = {}
    for one in asked.get("results", ()):
        name = one["kit_artefacts_unit"]
        starts = name.removesuffix(".service") in linked
        states[name] = "enabled" if starts else str(one.get("stdout", ""))
    return states


def kit_stale_units(result: dict[str, Any]) -> list[str]:
    """The units whose files systemd has not read since they were changed."""
    units = kit_units(result)
    return sorted(name for name, one in units.items() if one.get("NeedDaemonReload") == "yes")


def holds(shown: dict[str, str], artefact: dict[str, Any]) -> bool:
    """Whether a unit is as the artefact wants it."""
    wanted, file = artefact["enabled"], shown.get("UnitFileState", "")
    if wanted == "disabled":
        # What is masked does not start either; what is not there even less.
        at_boot = not file.startswith("enabled")
    elif wanted == "enabled":
        at_boot = file in {"enabled", "alias"}
    else:
        at_boot = file == "masked"
    runs = artefact["active"] and wanted != "masked"
    return at_boot and shown.get("ActiveState") in (RUNS if runs else RESTS)


def refusal(shown: dict[str, str], artefact: dict[str, Any]) -> dict[str, str]:
    """Why a unit cannot be made as wanted; empty when nothing is known to be in the way."""
    wanted, file = artefact["enabled"], shown.get("UnitFileState", "")
    if shown["LoadState"] == "not-found" and wanted != "masked":
        return _failure("unit_missing", artefact["name"])
    if wanted == "enabled" and file in {"static", "indirect", "transient"}:
        return _failure("unit_not_installable", artefact["name"], file)
    return {}


def kit_units_to_change(steps: Sequence[Step], before: dict[str, Any]) -> list[Step]:
    """The steps whose unit differs and can be changed, with ``changes``: the arguments that do."""
    shown = kit_units(before)
    found = []
    for step in steps:
        state = shown.get(step["artefact"]["name"])
        if state and not holds(state, step["artefact"]) and not refusal(state, step["artefact"]):
            found.append({**step, "changes": _changes(state, step["artefact"])})
    return found


def _changes(shown: dict[str, str], artefact: dict[str, Any]) -> dict[str, Any]:
    """Only what differs."""
    wanted, file = artefact["enabled"], shown.get("UnitFileState", "")
    changes: dict[str, Any] = {}
    if wanted == "masked":
        changes["masked"] = True
    elif wanted == "disabled" and file.startswith("enabled"):
        changes["enabled"] = False
    elif wanted == "enabled" and file != "enabled":
        changes["enabled"] = True
        if file.startswith("masked"):
            changes["masked"] = False
    if artefact["active"] and wanted != "masked":
        if shown["ActiveState"] != "active":
            changes["state"] = "started"
    elif shown["ActiveState"] not in RESTS:
        changes["state"] = "stopped"
    return changes


def kit_sysctl_path(name: str) -> str:
    """The file of a kernel value: dots separate, and a slash stands for a dot in a name."""
    path = name.translate(str.maketrans("./", "/."))
    if any(part in {"", ".", ".."} for part in path.split("/")):
        raise ValueError(f"{name}: not the name of a kernel value")
    return f"/proc/sys/{path}"


def every_interface(name: str) -> tuple[str, str] | None:
    """The folder of the interfaces and the parameter, of a name with ``*`` in it."""
    before, star, parameter = name.partition(".*.")
    return (f"/proc/sys/{before.replace('.', '/')}", parameter) if star else None


def kit_sysctl_looks(steps: Sequence[Step]) -> list[list[str]]:
    """The commands that show, as ``path:value`` lines, the values the steps are about."""
    names = [step["artefact"]["name"] for step in steps]
    every = sorted({found for found in map(every_interface, names) if found})
    looks = [["-r", f"--include={parameter}", "--", folder] for folder, parameter in every]
    plain = [kit_sysctl_path(name) for name in names if every_interface(name) is None]
    looks += [["--", *plain]] if plain else []
    return [["grep", "-s", "-H", "", *words] for words in looks]


def kit_values(result: dict[str, Any]) -> dict[str, list[str]]:
    """Path -> the words of the value, from ``grep``'s ``path:value`` lines."""
    outputs = [str(one.get("stdout") or "") for one in result.get("results", ())]
    lines = [line.partition(":") for output in outputs for line in output.splitlines()]
    return {path: text.split() for path, _colon, text in lines}


def _paths_of(step: Step, shown: dict[str, list[str]]) -> list[str]:
    """The files a step is about that are there."""
    every = every_interface(step["artefact"]["name"])
    if every is None:
        path = kit_sysctl_path(step["artefact"]["name"])
        return [path] if path in shown else []
    folder, parameter = every
    found = []
    for path in shown:
        interface, _slash, last = path.removeprefix(f"{folder}/").partition("/")
        if path.startswith(f"{folder}/") and last == parameter:
            found += [path] if interface not in {"all", "default"} else []
    return sorted(found)


def kit_values_to_change(steps: Sequence[Step], before: dict[str, Any]) -> list[dict[str, Any]]:
    """The values that are there and differ: step, path and words."""
    shown = kit_values(before)
    found = []
    for step in steps:
        words = step["artefact"]["value"].split()
        paths = [path for path in _paths_of(step, shown) if shown[path] != words]
        found += [{"target": step["target"], "path": path, "words": words} for path in paths]
    return found


class FilterModule:
    """The filters, as Ansible takes them."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {name: found for name, found in globals().items() if name.startswith("kit_")}
