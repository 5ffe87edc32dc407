"""The systemd units: enabled or not, running or not, and what would start them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from kit.model.observation import Instances, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script

_UNIT: Final = re.compile(r"[A-Za-z0-9_.@:-]{1,100}\.(?:service|socket|timer|mount)\Z")
_ASPECTS: Final = frozenset({"active", "enabled", "state", "triggers"})
_ACTIVE: Final = frozenset(
    {"active", "activating", "deactivating", "failed", "inactive", "maintenance", "reloading"}
)
_AWAKE: Final = frozenset({"active", "activating", "reloading"})

_LINK: Final = re.compile(r"/etc/rc([S2-5])\.d/S[0-9][0-9](.+)\Z")

_ASK: Final = """\
command -v systemctl >/dev/null || exit 127
command -v sed >/dev/null || exit 127
[ -d /run/systemd/system ] || { echo 'systemd is not running' >&2; exit 1; }
set -f
show() {
    systemctl show --no-pager -p Id -p Names -p LoadState -p UnitFileState -p ActiveState \\
        -p SourcePath -p TriggeredBy -- "$@"
}
printf 'asked\\t%s\\n' "$@"
shown=$(show "$@") || exit 1
triggers=$(printf '%s\\n' "$shown" | sed -n 's/^TriggeredBy=//p') || exit 1
printf 'shown\\n%s\\n' "$shown"
echo triggers
set -- $triggers
if [ $# -gt 0 ]; then show "$@" || exit 1; fi
case $shown in *UnitFileState=generated*)
    echo links
    for folder in /etc/rcS.d /etc/rc2.d /etc/rc3.d /etc/rc4.d /etc/rc5.d; do
        [ -e "$folder" ] || continue
        [ -r "$folder" ] && [ -x "$folder" ] || { echo "$folder" >&2; exit 126; }
        set +f
        set -- "$folder"/S[0-9][0-9]*
        set -f
        if [ -e "$1" ] || [ -h "$1" ]; then printf '%s\n' "$@"; fi
    done ;;
esac
echo end
"""


class Services(Read):
    """systemd's own answer. Keys are ``UNIT:ASPECT``, or ``UNIT|UNIT:ASPECT`` for several units.

    - ``enabled``: Observed, systemd's word for the unit file (``enabled``, ``disabled``,
      ``masked``, ``static``, ...), or ``not-found`` where there is no such unit. A script in
      ``/etc/init.d``, of which systemd only says ``generated``, is ``enabled`` when it starts in
      one of the runlevels 2 to 4 (``multi-user.target``, which every boot reaches), ``disabled``
      when it starts in none. It stays ``generated`` when only runlevel 5 or S has it, and so does
      what other generators make (mounts of ``/etc/fstab``): that has no such state;
    - ``active``: Observed, ``active``, ``inactive``, ``failed``, ...;
    - ``state``: Observed, both words with a blank between (``enabled active``);
    - ``triggers``: Observed, the sockets, timers and paths (sorted) that would start the unit:
      those that are running now or enabled for the next boot.

    Several units give ``Instances`` of the same, one a unit, by its own name where that is asked.
    """

    id: ClassVar[str] = "services"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Every unit once; raises ``ValueError`` for what is no key of this read."""
        units = sorted({unit for key in keys for unit in _split(key)[0]})
        return Script(form, f"set -- {shlex.join(units)}\n{_ASK}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        asked, shown, triggers, links = _parts(raw.text)
        if len(shown) != len(asked):
            raise ValueError(f"{len(asked)} units asked for, {len(shown)} shown")
        awake = {unit["Id"] for unit in triggers if _would_start(unit)}
        known = {unit["Id"] for unit in triggers}
        found: dict[str, Observation] = {}
        for name, unit in zip(asked, shown, strict=True):
            if name not in unit["Names"].split():
                raise ValueError(f"{name} asked for, {unit['Names'][:80]!r} shown")
            triggered_by = unit["TriggeredBy"].split()
            if not known.issuperset(triggered_by):
                raise ValueError(f"not all that triggers {name} is shown")
            found[f"{name}:active"] = Observed(_active(unit))
            found[f"{name}:enabled"] = _enabled(unit, links)
            found[f"{name}:state"] = _state(unit, links)
            found[f"{name}:triggers"] = Observed(tuple(sorted(awake.intersection(triggered_by))))
        ids = {name: unit["Id"] for name, unit in zip(asked, shown, strict=True)}
        return {key: _of_all(found, key, ids) for key in keys}


def _split(key: str) -> tuple[tuple[str, ...], str]:
    """The units of a key and its aspect; raises ``ValueError`` for what is no key."""
    names, _colon, aspect = key.rpartition(":")
    units = tuple(names.split("|"))
    if aspect not in _ASPECTS or not all(map(_UNIT.match, units)):
        raise ValueError(f"not units and what to know of them: {key[:80]!r}")
    return units, aspect


def _of_all(found: Mapping[str, Observation], key: str, ids: Mapping[str, str]) -> Observation:
    """Of several units each once: another name of one of them is no other unit."""
    units, aspect = _split(key)
    silent = Unreadable(Unread.NOT_ANSWERED)
    names = [unit for unit in units if ids.get(unit, unit) == unit or ids[unit] not in units]
    each = {unit: found.get(f"{unit}:{aspect}", silent) for unit in names or units}
    return each[units[0]] if len(units) == 1 else Instances(complete=True, items=each)


_Unit = dict[str, str]
_Links = dict[str, set[str]]  # script of old -> runlevels it starts in


def _parts(text: str) -> tuple[list[str], list[_Unit], list[_Unit], _Links | None]:
    """The names asked for, their units, the units that trigger them, and the links of old."""
    *lines, end = text.removesuffix("\n").split("\n")
    if end != "end":
        raise ValueError("the answer has no end")
    at, then = lines.index("shown"), lines.index("triggers")
    asked = [line.removeprefix("asked\t") for line in lines[:at]]
    links = None
    if "links" in lines:
        links = _links(lines[lines.index("links") + 1 :])
        lines = lines[: lines.index("links")]
    return asked, _units(lines[at + 1 : then]), _units(lines[then + 1 :]), links


def _links(lines: Sequence[str]) -> _Links:
    found: _Links = {}
    for line in lines:
        link = _LINK.match(line)
        if link is None:
            raise ValueError(f"not a link to a script: {line[:80]!r}")
        found.setdefault(link[2], set()).add(link[1])
    return found


def _units(lines: Sequence[str]) -> list[_Unit]:
    """Blocks of ``Property=value`` lines with an empty line between them."""
    units = []
    for block in "\n".join(lines).split("\n\n"):
        pairs = [line.partition("=") for line in block.split("\n") if line]
        if pairs:
            units.append({name: value for name, _equals, value in pairs})
    return units


def _would_start(unit: _Unit) -> bool:
    return unit["ActiveState"] in _AWAKE or unit["UnitFileState"].startswith("enabled")


def _active(unit: _Unit) -> str:
    if unit["ActiveState"] not in _ACTIVE:
        raise ValueError(f"not a state of a unit: {unit['ActiveState'][:80]!r}")
    return unit["ActiveState"]


def _enabled(unit: _Unit, links: _Links | None) -> Observation:
    if unit["LoadState"] == "not-found":
        return Observed("not-found")
    folder, _slash, script = unit.get("SourcePath", "").rpartition("/")
    if unit["UnitFileState"] == "generated" and folder == "/etc/init.d" and links is not None:
        starts_in = links.get(script, set())
        if not starts_in:
            return Observed("disabled")
        return Observed("enabled" if starts_in & {"2", "3", "4"} else "generated")
    if unit["UnitFileState"]:
        return Observed(unit["UnitFileState"])
    return Unreadable(Unread.NOT_ANSWERED, f"its load state is {unit['LoadState'][:80]}")


def _state(unit: _Unit, links: _Links | None) -> Observation:
    enabled = _enabled(unit, links)
    if isinstance(enabled, Observed):
        return Observed(f"{enabled.value} {_active(unit)}")
    return enabled
