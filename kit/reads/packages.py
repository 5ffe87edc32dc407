"""The Debian packages that are installed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import ClassVar, Final

from kit.model.observation import Absent, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}\Z")

# dpkg-query ends with 1 when it does not know one of the names, with 2 when it cannot read.
# A package that dpkg does not know but whose list of files is there is a damaged database; dpkg
# itself is always asked for: a database without it is not one.
DATABASE: Final = """\
command -v dpkg-query >/dev/null || exit 127
database=/var/lib/dpkg
for folder in /var/lib "$database" "$database/info"; do
    [ -x "$folder" ] || { echo "$folder" >&2; [ ! -e "$folder" ] || exit 126; exit 1; }
done
for place in "$database/status" "$database/info"; do
    [ -r "$place" ] || { echo "$place" >&2; [ ! -e "$place" ] || exit 126; exit 1; }
done
"""
"""The part of a fragment that ends it unless dpkg's database is there and can be read."""

_ASK: Final = """\
form='package\\t${Package}\\t${Architecture}\\t${db:Status-Status}\\t${db:Status-Eflag}\\n'
dpkg-query --show --showformat="$form" dpkg "$@" 2>said
ended=$?
[ "$ended" -le 1 ] || { cat said >&2; exit 1; }
for name in "$@"; do
    for list in "$database/info/$name.list" "$database/info/$name":*.list; do
        if [ -e "$list" ]; then printf 'list\\t%s\\n' "$name"; fi
    done
done
echo end
"""

# A package may be there once for each architecture: the one that is most there counts.
_STATES: Final = (
    "not-installed",
    "config-files",
    "half-installed",
    "unpacked",
    "half-configured",
    "triggers-awaited",
    "triggers-pending",
    "installed",
)


class Packages(Read):
    """dpkg's database. Keys are package names without architecture.

    Observed: dpkg's word for the state (``installed``, ``config-files``, ``half-configured``, ...),
    with `` reinstreq`` after it when dpkg wants the package installed again. ``Absent``: the
    database is whole and does not know the package, or knows it as not installed.
    """

    id: ClassVar[str] = "packages"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One query for all; raises ``ValueError`` for what is no name of a package."""
        for key in keys:
            if not _NAME.match(key):
                raise ValueError(f"not the name of a package: {key[:80]!r}")
        names = shlex.join(sorted(keys))
        return Script(form, f"set -- {names}\n{DATABASE}{_ASK}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        *lines, end = raw.text.removesuffix("\n").split("\n")
        if end != "end":
            raise ValueError("the answer has no end")
        states: dict[str, list[str]] = {}
        listed: set[str] = set()
        for line in lines:
            match line.split("\t"):
                case ["package", name, _architecture, state, flag] if state in _STATES:
                    states.setdefault(name, []).append(_told(state, flag))
                case ["list", name]:
                    listed.add(name)
                case _:
                    raise ValueError(f"not a line of this answer: {line[:80]!r}")
        if "installed" not in states.get("dpkg", ()):
            raise ValueError("the database does not know dpkg itself")
        return {key: _observation(states.get(key, []), key in listed) for key in keys}


def _told(state: str, flag: str) -> str:
    return state if flag == "ok" else f"{state} {flag}"


def _observation(states: list[str], listed: bool) -> Observation:
    state = max(states, key=lambda told: _STATES.index(told.split()[0]), default="not-installed")
    if state != "not-installed":
        return Observed(state)
    if listed:
        return Unreadable(Unread.FAILED, "its list of files is there, its entry is not")
    return Absent()
