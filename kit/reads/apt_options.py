"""The options of apt as it takes them from all of its files together."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.marked_lines import SHELL, parse_marked_lines

NAME: Final = re.compile(r"[A-Z][A-Za-z0-9-]*(?:::[A-Z][A-Za-z0-9-]*){1,5}\Z")
"""Names of options this read knows: no list, whose parts are many."""
SECURITY_ORIGINS: Final = "security-origins"
_NUMBER: Final = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")

DUMP: Final = r"""
unset APT_CONFIG
apt-config dump >dumped || exit 1
grep -q '^Dir "' dumped || { echo 'not all the options of apt' >&2; exit 1; }
# Where it looks: a part of a path stands under its parent's until one is whole.
place() {
    name=$1 awk '
        { value = $0; sub(/^[^ ]+ "/, "", value); sub(/";$/, "", value) }
        { at[tolower($1)] = value }
        END {
            name = tolower(ENVIRON["name"])
            path = at[name]
            while (path !~ /^\// && sub(/::[^:]*$/, "", name)) path = at[name] "/" path
            gsub(/\/+/, "/", path)
            print path
        }' dumped || exit 1
}
"""
"""POSIX: the options of apt in the file ``dumped``, whole; ``place DIR::NAME`` prints a path."""

# apt knows its options in any case; what it prints is whole when its own root is there. A file that
# cannot be read ends it.
_LOOK: Final = (
    SHELL
    + r"""
for program in apt-config awk grep; do
    command -v "$program" >/dev/null || exit 127
done"""
    + DUMP
    + r"""
get() {
    text=$(name=$1 awk '
        BEGIN { name = tolower(ENVIRON["name"]) }
        tolower($1) == name {
            found = $0
            sub(/^[^ ]+ "/, "=", found)
            sub(/";$/, "", found)
        }
        END { print found }' dumped) || exit 1
    case $text in
    '') absent "$1" ;;
    *) value "$1" "${text#=}" ;;
    esac
}
security() {
    command -v unattended-upgrade >/dev/null || { absent "$1"; return; }
    text=$(awk '
        tolower($1) ~ /^unattended-upgrade::(origins-pattern|allowed-origins)::/ &&
            tolower($0) ~ /security/ { count++ }
        END { print count + 0 }' dumped) || exit 1
    value "$1" "$text"
}
"""
)


class AptOptions(Read):
    """``apt-config dump``. Keys are names of options, as ``APT::Periodic::Unattended-Upgrade``.

    Observed: a whole number as ``int``, else the text. Absent when no file sets it.
    ``security-origins``: Observed, of how many archives of security unattended-upgrades takes
    updates, as its patterns name them; Absent when it is not installed.
    """

    id: ClassVar[str] = "apt_options"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One ``get`` a key; raises ``ValueError`` for what is no name of an option."""
        names = sorted(keys - {SECURITY_ORIGINS})
        for key in names:
            if not NAME.match(key):
                raise ValueError(f"not an option of apt: {key[:80]!r}")
        calls = "".join(f"get {shlex.quote(key)}\n" for key in names)
        if SECURITY_ORIGINS in keys:
            calls += f"security {SECURITY_ORIGINS}\n"
        return Script(form, f"{_LOOK}{calls}ended\n")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        del keys
        return parse_marked_lines(
            raw.text, lambda _key, text: Observed(int(text) if _NUMBER.match(text) else text)
        )
