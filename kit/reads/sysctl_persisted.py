"""The kernel parameters that the next boot will set."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from kit.model.observation import (
    Absent,
    Instances,
    Observation,
    Observed,
    Unread,
    Unreadable,
)
from kit.model.read import Form, Raw, Read, Script
from kit.reads.sysctl_names import (
    NOT_INTERFACES,
    checked_path,
    every_interface,
    path_of,
    shown,
    value_of,
)

# In order of precedence: the first folder that has a file of a name is the one whose file counts.
FOLDERS: Final = (
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
)
CREDENTIAL: Final = "/run/credentials/systemd-sysctl.service/sysctl.extra"
"""Read after all files (systemd 252 and later)."""
WITH_RUN: Final = "with /run"
WITHOUT_RUN: Final = "without /run"

# A file or folder that cannot be read may hold any key: the whole answer is then denied.
_PRINT: Final = """\
command -v sed >/dev/null || exit 127
[ -x /usr/lib/systemd/systemd-sysctl ] || [ -x /lib/systemd/systemd-sysctl ] || {
    echo 'systemd-sysctl is not installed' >&2
    exit 127
}
count=0
newline='
'
unit=/etc/systemd/system/systemd-sysctl.service
state=active
for part in "$unit" "$unit.d"/*.conf; do
    if [ -e "$part" ] && [ "$state" != masked ]; then state=changed; fi
    if [ -e "$part" ] && [ ! -s "$part" ] && [ "$part" = "$unit" ]; then state=masked; fi
done
echo "$state"
print() {
    case $1 in *"$newline"*) echo 'a file has a line end in its name' >&2; exit 1 ;; esac
    count=$((count + 1))
    printf 'file\\t%s\\n' "$1"
    [ -f "$1" ] || return 0
    [ -r "$1" ] || { echo "$1" >&2; exit 126; }
    sed 's/^/|/' "$1" || exit 1
    echo
}
searchable() {
    folder=$1
    while [ ! -e "$folder" ]; do folder=${folder%/*}; folder=${folder:-/}; done
    [ -d "$folder" ] && [ -x "$folder" ] || { echo "$folder" >&2; exit 126; }
}
for place in __FOLDERS__; do
    if [ "$place" = /lib/sysctl.d ] && [ -h /lib ]; then continue; fi # seen as /usr/lib
    searchable "$place"
    [ -d "$place" ] || continue
    [ -r "$place" ] || { echo "$place" >&2; exit 126; }
    for file in "$place"/*.conf; do
        if [ -e "$file" ] || [ -h "$file" ]; then print "$file"; fi
    done
done
searchable __CREDENTIAL__
if [ -e __CREDENTIAL__ ]; then print __CREDENTIAL__; fi
printf 'end\\t%s\\n' "$count"
"""

_NOT_AS_SHIPPED: Final[Mapping[str, str]] = {
    "changed": "systemd-sysctl.service is changed: what it applies at boot is not known",
    "masked": "systemd-sysctl.service is masked: no file is applied at boot",
}
_Options = dict[str, str | None]  # path below /proc/sys, or a pattern -> value, None = excluded


class SysctlPersisted(Read):
    """What systemd-sysctl will set, from every ``sysctl.d`` folder, as sysctl.d(5) says.

    Keys are dotted names. Observed: as ``sysctl_live``. ``Absent`` when no file sets the key.
    Where files in ``/run``, which a reboot empties, change the result, both results are given as
    ``Instances`` ``with /run`` and ``without /run``.

    ``net.ipv4.conf.*.rp_filter`` gives ``Instances``: ``*`` is what an interface gets that no line
    is written for, at boot or when it appears (udev then runs ``systemd-sysctl --prefix``); beside
    it, each interface with a line of its own, which beats every pattern, and each pattern for some
    interfaces that no later ``*`` overrides. They count whether such an interface exists or not.
    Where ``/run`` changes one of them, it stands there twice, as above.
    """

    id: ClassVar[str] = "sysctl_persisted"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Every file there is, whatever the keys; raises ``ValueError`` for a name that is none."""
        for key in keys:
            if not every_interface(key):
                checked_path(key)
        text = _PRINT.replace("__FOLDERS__", " ".join(FOLDERS))
        return Script(form, text.replace("__CREDENTIAL__", CREDENTIAL))

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        state, files = _files(raw.text)
        if state != "active":
            why = _NOT_AS_SHIPPED[state]
            return dict.fromkeys(keys, Unreadable(Unread.FAILED, why))
        everything = _options(_in_order(files))
        lasting = _options(_in_order({p: t for p, t in files.items() if not _passing(p)}))
        return {key: _answer(everything, lasting, key) for key in keys}


def _passing(path: str) -> bool:
    return path.startswith("/run/sysctl.d/")


def _files(text: str) -> tuple[str, dict[str, str]]:
    """``active``, ``changed`` or ``masked``, and path -> content.

    Raises ``ValueError`` when it is not whole.
    """
    state, *lines, end = text.removesuffix("\n").split("\n")
    files: dict[str, list[str]] = {}
    content: list[str] = []
    for line in lines:
        mark, _tab, path = line.partition("\t")
        if line.startswith("|"):
            content.append(line[1:])
        elif mark == "file" and path and path not in files:
            content = files[path] = []
        elif line:
            raise ValueError(f"not a line of this answer: {line[:80]!r}")
    if state not in {"active", *_NOT_AS_SHIPPED} or end != f"end\t{len(files)}":
        raise ValueError("the answer has no end, or not all of its files")
    return state, {path: "\n".join(found) for path, found in files.items()}


def _in_order(files: Mapping[str, str]) -> list[str]:
    """The contents in the order they are read: by name, one file a name, the credential last."""
    chosen: dict[str, str] = {}
    for folder in FOLDERS:
        for path, content in files.items():
            if posixpath.dirname(path) == folder:
                chosen.setdefault(posixpath.basename(path), content)
    last = [files[CREDENTIAL]] if CREDENTIAL in files else []
    return [content for _name, content in sorted(chosen.items())] + last


def _options(contents: Iterable[str]) -> _Options:
    """The assignments that are left, in the order they will be made."""
    options: _Options = {}
    for content in contents:
        for line in re.split(r"[\n\r\0]", content):
            found = _assignment(line.strip())
            if found is None:
                continue
            path, value = found
            if path in options and options[path] == value:
                continue  # keeps its earlier place
            options.pop(path, None)
            options[path] = value
    return options


def _assignment(line: str) -> tuple[str, str | None] | None:
    """``(path, value)``, value ``None`` for an exclusion; ``None`` for what sets nothing."""
    if not line or line[0] in "#;":
        return None
    name, equals, value = line.partition("=")
    if not equals and not line.startswith("-"):
        return None  # "Line is not an assignment, ignoring"
    path = path_of(name.removeprefix("-").strip())
    if _is_pattern(path) and re.search(r"[\\{]", path):
        raise ValueError(f"a pattern this parser does not know: {path[:80]!r}")
    return path, value.strip() if equals else None


def _is_pattern(path: str) -> bool:
    return any(char in path for char in "*?[")


def _answer(everything: _Options, lasting: _Options, key: str) -> Observation:
    place = every_interface(key)
    if not place:
        path = path_of(key)
        now, later = _setting(everything, path), _setting(lasting, path)
        return now if now == later else Instances(complete=True, items=_both(now, later))
    items: dict[str, Observation] = {}
    for name in ["*", *_named(everything, *place), *_named(lasting, *place)]:
        now, later = (_of_interface(options, name, *place) for options in (everything, lasting))
        if now == later:
            items[shown(name)] = now
        else:
            items |= _both(now, later, f"{shown(name)} ")
    return Instances(complete=True, items=items)


def _both(now: Observation, later: Observation, name: str = "") -> dict[str, Observation]:
    return {f"{name}{WITH_RUN}": now, f"{name}{WITHOUT_RUN}": later}


def _named(options: _Options, folder: str, parameter: str) -> set[str]:
    """The interfaces, and patterns for some of them, that lines are written for."""
    names = {
        _interface_part(option, folder, parameter)
        for option, value in options.items()
        if value is not None or not _is_pattern(option)  # a pattern excludes nothing
    }
    return {name for name in names - NOT_INTERFACES if name and set(name) != {"*"}}


def _interface_part(option: str, folder: str, parameter: str) -> str | None:
    """What stands for the interface in ``option``; ``None`` when it is about something else."""
    *before, name, last = option.split("/")
    wanted = [*folder.split("/"), parameter]
    if len(before) + 1 != len(wanted):
        return None
    matches = all(map(fnmatch.fnmatchcase, wanted, map(_as_fnmatch, [*before, last])))
    return name if matches else None


def _of_interface(options: _Options, name: str, folder: str, parameter: str) -> Observation:
    """What one interface gets, or all those that only a pattern ``name`` and ``*`` are about."""
    if not _is_pattern(name):
        return _setting(options, f"{folder}/{name}/{parameter}")
    value = None
    for option, given in options.items():
        part = _interface_part(option, folder, parameter)
        if part is not None and given is not None and (part == name or set(part) == {"*"}):
            value = given
    return Absent() if value is None else Observed(value_of(value))


def _setting(options: _Options, path: str) -> Observation:
    """What one parameter will be set to: its own line, else the last pattern that matches."""
    value = options.get(path)
    if path not in options:
        for pattern, given in options.items():
            if given is not None and _matches(pattern, path):
                value = given
    return Absent() if value is None else Observed(value_of(value))


def _matches(pattern: str, path: str) -> bool:
    """As glob(7): a wildcard never crosses a slash."""
    wanted, given = _as_fnmatch(pattern).split("/"), path.split("/")
    return (
        _is_pattern(pattern)
        and len(wanted) == len(given)
        and all(map(fnmatch.fnmatchcase, given, wanted))
    )


def _as_fnmatch(pattern: str) -> str:
    return pattern.replace("[^", "[!")
