"""Units and kernel values: what they are, what must be changed, what became of it. Pure.

A *result* is what a module of this role would give for a step: ``changed``, or ``failed`` with the
reason; ``None`` when it was not tried. ``kit_told`` makes of it what is told of the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Step = dict[str, Any]
Result = dict[str, Any] | None

RUNS = frozenset({"active", "reloading"})
RESTS = frozenset({"inactive", "failed"})


def _failed(code: str, subject: str, detail: str = "") -> dict[str, Any]:
    return {"failed": True, "kit": {"code": code, "subject": subject, "detail": detail}}


def kit_unit_results(
    steps: Sequence[Step],
    before: dict[str, Any],
    done: dict[str, Any],
    after: dict[str, Any],
    to_come: bool,
) -> list[Result]:
    """From the units before, the changes made (of those that could be), and the units after.

    ``to_come``: in a trial run, whether what would be done before may bring a unit that is not
    there yet.
    """
    shown, latter = kit_units(before), kit_units(after)
    made = {one["kit_artefacts_step"]["target"]: one for one in done.get("results", ())}
    found: list[Result] = []
    for step in steps:
        artefact = step["artefact"]
        name, target = artefact["name"], step["target"]
        if name not in shown:
            found.append({**before, "failed": True})
        elif holds(shown[name], artefact):
            found.append({"changed": False})
        elif to_come and shown[name]["LoadState"] == "not-found":
            found.append({"changed": True, "message": "if the unit is there by then"})
        elif refusal(shown[name], artefact):
            found.append(refusal(shown[name], artefact))
        elif target not in made:
            found.append(None)
        elif made[target].get("failed"):
            found.append(made[target])
        elif after.get("skipped") or holds(latter.get(name, {}), artefact):
            found.append({"changed": True})
        else:
            state = latter.get(name, {})
            detail = f"{state.get('UnitFileState', '')}, {state.get('ActiveState', '')}"
            found.append(_failed("not_effective", name, detail))
    return found


def kit_value_results(
    steps: Sequence[Step], before: dict[str, Any], done: dict[str, Any], after: dict[str, Any]
) -> list[Result]:
    """The same for kernel values. An interface that went away in the meantime needs none."""
    shown, latter = kit_values(before), kit_values(after)
    made = {one["kit_artefacts_value"]["path"]: one for one in done.get("results", ())}
    looked = not after.get("skipped")
    if before.get("failed"):
        said = next((one for one in before.get("results", ()) if one.get("failed")), before)
        return [said] * len(steps)
    found: list[Result] = []
    for step in steps:
        artefact = step["artefact"]
        words, paths = artefact["value"].split(), _paths_of(step, shown)
        differ = [path for path in paths if shown[path] != words]
        left = [path for path in differ if not looked or path in latter]
        untried = [path for path in left if path not in made]
        failed = [path for path in left if path in made and made[path].get("failed")]
        other = [path for path in left if looked and latter[path] != words]
        if not paths:
            found.append(_failed("sysctl_missing", artefact["name"]))
        elif failed:
            found.append(made[failed[0]])
        elif untried:
            found.append(None)
        elif other:
            detail = " ".join(latter[other[0]])
            found.append(_failed("not_effective", artefact["name"], detail))
        else:
            found.append({"changed": bool(differ)})
    return found


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


def refusal(shown: dict[str, str], artefact: dict[str, Any]) -> dict[str, Any]:
    """Why a unit cannot be made as wanted; empty when nothing is known to be in the way."""
    wanted, file = artefact["enabled"], shown.get("UnitFileState", "")
    if shown["LoadState"] == "not-found" and wanted != "masked":
        return _failed("unit_missing", artefact["name"])
    if wanted == "enabled" and file in {"static", "indirect", "transient"}:
        return _failed("unit_not_installable", artefact["name"], file)
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
