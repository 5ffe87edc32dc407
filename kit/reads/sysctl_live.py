"""The values of the running kernel."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import ClassVar

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.marked_lines import SHELL, parse_marked_lines
from kit.reads.sysctl_names import checked_path, value_of

# The shell's own ``read`` takes one byte at a time, and /proc/sys answers only the first: always
# ``cat``. A name is absent when its nearest existing folder can be searched.
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
"""


class SysctlLive(Read):
    """``/proc/sys``. Keys are dotted names (``net.ipv4.conf.eth0/1.rp_filter``).

    Observed: a whole number as ``int``, else the text with single blanks. ``Absent`` when this
    kernel (or this network namespace) does not have the parameter.
    """

    id: ClassVar[str] = "sysctl_live"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One ``get`` a key; raises ``ValueError`` for what is no name of a parameter."""
        calls = "".join(
            f"get {shlex.quote(key)} {shlex.quote(checked_path(key))}\n" for key in sorted(keys)
        )
        return Script(form, f"{SHELL}{_GET}{calls}ended\n")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        del keys
        return parse_marked_lines(raw.text, lambda _key, text: Observed(value_of(text)))
