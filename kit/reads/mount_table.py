"""Lines about file systems: what the kernel has mounted, and /etc/fstab, have one form."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Script
from kit.reads.marked_lines import SHELL, parse_marked_lines

_KEY: Final = re.compile(r"(?P<what>options|source) (?P<path>(?:/[A-Za-z0-9_.+-]+)+)\Z")
_SAID: Final = re.compile(r"\S{1,400}\Z")

# One field of the line whose second field is the path; nothing else leaves the device, for a line
# of a network file system may hold a password. What is mounted last at a place is what counts.
_LOOK: Final = (
    SHELL
    + r"""
for program in awk id; do
    command -v "$program" >/dev/null || exit 127
done
# field KEY FILE NUMBER PATH ALL: of the only line, or of the last one; ALL: whether any is there.
field() {
    if [ ! -e "$2" ] && [ ! -h "$2" ] && [ "$5" = any ]; then absent "$1"; return; fi
    if [ ! -f "$2" ] || [ ! -r "$2" ]; then
        if [ "$(id -u)" = 0 ]; then failed "$1" 'it is no file'; else denied "$1"; fi
        return
    fi
    said=$(number=$3 place=$4 all=$5 awk '
        BEGIN { number = ENVIRON["number"] + 0 }
        { lines++ }
        $1 !~ /^#/ && $2 == ENVIRON["place"] {
            found++
            said = $number
            if (number == 1 && index($0, $1 " " $2 " ") != 1) said = "by-hand:" said
        }
        END {
            if (ENVIRON["all"] == "some" && !lines) print "!nothing"
            else if (ENVIRON["all"] == "any" && found > 1) print "!several"
            else if (found) print "=" said
        }' "$2") || { failed "$1" 'it cannot be read'; return; }
    case $said in
    '') absent "$1" ;;
    !nothing) failed "$1" 'the kernel names no file system' ;;
    !several) failed "$1" 'several lines of /etc/fstab' ;;
    *) value "$1" "${said#=}" ;;
    esac
}
"""
)


class MountTable:
    """A file with a line a mount. Key: ``options PATH``, and what ``_fields`` names besides."""

    id: ClassVar[str]
    _file: ClassVar[str]
    _all: ClassVar[str]
    _fields: ClassVar[Mapping[str, str]]

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One look a key; raises ``ValueError`` for what is no key."""
        calls = "".join(f"{shlex.join(self._call(key))}\n" for key in sorted(keys))
        return Script(form, f"{_LOOK}{calls}ended\n")

    def _call(self, key: str) -> tuple[str, ...]:
        found = _KEY.match(key)
        if found is None or found["what"] not in self._fields:
            raise ValueError(f"not a key of {self.id}: {key[:80]!r}")
        return ("field", key, self._file, self._fields[found["what"]], found["path"], self._all)

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        del keys
        return parse_marked_lines(raw.text, _observation)


def _observation(key: str, text: str) -> Observation:
    if not _SAID.match(text):
        raise ValueError(f"{key}: not one field of a line")
    if key.startswith("source "):
        return Observed(text)
    return Observed(tuple(sorted(set(text.split(",")))))
