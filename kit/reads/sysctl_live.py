"""The values of the running kernel."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import ClassVar

from kit.model.observation import Instances, Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.marked_lines import SHELL, parse_marked_lines
from kit.reads.sysctl_names import checked_path, every_interface, shown, value_of

# The shell's own ``read`` takes one byte at a time, and /proc/sys answers only the first: always
# ``cat``. A name is absent when its nearest existing folder can be searched. The list of interfaces
# is whole when it has what the kernel always puts there; their count closes it.
_GET = """\
command -v cat >/dev/null || exit 127
cd /proc/sys || exit 1
kernel=$(cat kernel/ostype) || exit 1
[ "$kernel" = Linux ] || { echo '/proc/sys is not that of a Linux kernel' >&2; exit 1; }
get() {
    if text=$(cat "$2" 2>/dev/null); then
        key=$1
        set -- $text
        value "$key" "$*"
        return
    fi
    if [ -e "$2" ]; then
        if [ -r "$2" ]; then failed "$1" 'the kernel refused'; else denied "$1"; fi
        return
    fi
    folder=./$2
    while [ ! -e "$folder" ]; do folder=${folder%/*}; done
    if [ ! -d "$folder" ]; then failed "$1" "$folder is not a folder"
    elif [ -x "$folder" ]; then absent "$1"
    else denied "$1"
    fi
}
set -f
each() {
    if [ ! -e "$2" ]; then get "$1" "$2"; return; fi
    if [ ! -d "$2" ]; then failed "$1" "$2 is not a folder"; return; fi
    if [ ! -r "$2" ] || [ ! -x "$2" ]; then denied "$1"; return; fi
    every=$1 parameter=$3 interfaces=0 whole=
    set +f
    set -- "$2"/* "$2"/.[!.]* "$2"/..?*
    set -f
    for place; do
        name=${place##*/}
        case $name in
        all | default) whole=$whole$name ;;
        *"$newline"* | *"$tab"*) whole=no ;;
        *)  # a pattern nothing matches, or an interface that has just gone
            [ -d "$place" ] || continue
            interfaces=$((interfaces + 1))
            get "$every@$name" "$place/$parameter"
            ;;
        esac
    done
    if [ "$whole" = alldefault ]; then value "$every" "$interfaces"
    else failed "$every" 'not a whole list of interfaces'
    fi
}
"""


class SysctlLive(Read):
    """``/proc/sys``. Keys are dotted names (``net.ipv4.conf.eth0/1.rp_filter``).

    Observed: a whole number as ``int``, else the text with single blanks. ``Absent`` when this
    kernel (or this network namespace) does not have the parameter.

    ``net.ipv4.conf.*.rp_filter`` gives ``Instances``, one for every interface there is (not for
    ``all`` and ``default``), or ``Absent`` when the kernel has no such folder (IPv6 switched off).
    """

    id: ClassVar[str] = "sysctl_live"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One ``get`` a key; raises ``ValueError`` for what is no name of a parameter."""
        calls = "".join(f"{shlex.join(_call(key))}\n" for key in sorted(keys))
        return Script(form, f"{SHELL}{_GET}{calls}ended\n")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        found = parse_marked_lines(raw.text, lambda _key, text: Observed(value_of(text)))
        every = [key for key in keys & found.keys() if every_interface(key)]
        return found | {key: _instances(found, key) for key in every}


def _call(key: str) -> tuple[str, ...]:
    place = every_interface(key)
    return ("each", key, *place) if place else ("get", key, checked_path(key))


def _instances(found: Mapping[str, Observation], key: str) -> Observation:
    """The lines ``KEY@INTERFACE``, which that of the key itself counts; raises ``ValueError``."""
    count = found[key]
    if not isinstance(count, Observed):
        return count
    start = f"{key}@"
    items = {
        shown(name.removeprefix(start)): seen
        for name, seen in found.items()
        if name.startswith(start)
    }
    if len(items) != count.value:
        raise ValueError(f"{key}: not as many interfaces as were counted")
    return Instances(complete=True, items=items)
