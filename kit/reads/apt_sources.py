"""What lets apt install packages that nobody has signed: its sources, and its options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.apt_options import DUMP
from kit.reads.counted_lines import END, counted

UNSIGNED: Final = "unsigned"

# Of a source its options alone: its address may hold a password.
_LOOK: Final = (
    r"""
for program in apt-config awk cat grep; do command -v "$program" >/dev/null || exit 127; done"""
    + DUMP
    + r"""
list=$(place Dir::Etc::sourcelist) && parts=$(place Dir::Etc::sourceparts) || exit 1
case $list:$parts in /*:/*) ;; *) echo 'no places of apt' >&2; exit 1 ;; esac
readable() {
    [ -f "$1" ] || return 1
    [ -r "$1" ] || { echo "$1" >&2; exit 126; }
}
[ ! -d "$parts" ] || { [ -r "$parts" ] && [ -x "$parts" ]; } || exit 126
{
    awk 'tolower($1) ~ /^(apt::get::allowunauthenticated|acquire::allow[a-z]*repositories)$/ {
        text = $0
        sub(/^[^ ]+ "/, "", text)
        sub(/";$/, "", text)
        gsub(/\t/, " ", text)
        print "option\t" $1 "\t" text
    }' dumped || exit 1
    for file in "$list" "${parts%/}"/*.list; do
        readable "$file" || continue
        awk '
            { gsub(/[\t\r]/, " "); sub(/^ */, "") }
            /^deb(-src)? *\[[^]]*\]/ {
                sub(/^[^[]*\[/, "")
                sub(/\].*/, "")
                print "line\t" FILENAME "\t" FNR "\t" $0
            }' "$file" || exit 1
    done
    for file in "${parts%/}"/*.sources; do
        readable "$file" || continue
        awk '
            { gsub(/[\t\r]/, " ") }
            FNR == 1 { print "part\t" FILENAME "\t1\t" }
            /^#/ { next }
            /^ *$/ { print "part\t" FILENAME "\t" FNR "\t"; wanted = 0; next }
            /^[^ ]/ { wanted = tolower($0) ~ /^(trusted|enabled|allow-[a-z-]*) *:/ }
            wanted {
                print (/^ / ? "more" : "field") "\t" FILENAME "\t" FNR "\t" $0
            }' "$file" || exit 1
    done
    echo looked
} >all || exit
"""
)
_NO: Final = frozenset({"", "0", "disable", "false", "no", "off", "without"})  # apt's StringToBool
_LETS: Final = frozenset({"allow-downgrade-to-insecure", "allow-insecure", "allow-weak", "trusted"})
_OPTION: Final = re.compile(r"([a-z-]+)[+-]?\s*=\s*\"?([^\s\"]*)")


class AptSources(Read):
    """``unsigned``: Observed, sorted, what spares the signature of packages or lists of packages.

    ``FILE:LINE: trusted=yes`` of a source (one-line or deb822, switched off ones left out), also
    ``allow-insecure``, ``allow-weak`` and ``allow-downgrade-to-insecure``; of apt's options by
    their names ``APT::Get::AllowUnauthenticated`` and ``Acquire::Allow...Repositories``. Only files
    that apt itself takes, where it looks for them; no address leaves the device.
    """

    id: ClassVar[str] = "apt_sources"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for anything but the one key."""
        if not keys <= {UNSIGNED}:
            raise ValueError("apt_sources has one key")
        return Script(form, f"{_LOOK}{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        lines = list(counted(raw.text))
        if not lines or lines[-1] != "looked":
            raise ValueError("the answer has no end")
        return dict.fromkeys(keys, Observed(tuple(sorted(set(_found(lines[:-1]))))))


def _found(lines: Sequence[str]) -> Iterator[str]:
    stanza: list[tuple[str, str, str]] = []
    for line in lines:
        mark, *fields = line.split("\t")
        if mark == "option" and len(fields) == 2:
            if fields[1].lower() not in _NO:
                yield fields[0]
            continue
        if len(fields) != 3:
            raise ValueError(f"not a line about sources: {line[:80]!r}")
        place, text = f"{fields[0]}:{int(fields[1])}", fields[2]
        if mark == "line":
            options = [(one[1], one[2]) for one in _OPTION.finditer(text.lower())]
            yield from (f"{place}: {name}={word}" for name, word in options if _lets(name, word))
        elif mark == "part":
            yield from _stanza(stanza)
            stanza = []
        elif mark == "field":
            name, _colon, value = text.partition(":")
            stanza.append((place, name.strip().lower(), value.strip().lower()))
        elif mark == "more" and stanza:
            where, name, value = stanza[-1]
            stanza[-1] = where, name, f"{value} {text.strip().lower()}".strip()
        else:
            raise ValueError(f"not a line about sources: {line[:80]!r}")
    yield from _stanza(stanza)


def _lets(name: str, word: str) -> bool:
    return name in _LETS and word not in _NO


def _stanza(fields: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    if any(name == "enabled" and word in _NO - {""} for _place, name, word in fields):
        return
    yield from (f"{place}: {name}={word}" for place, name, word in fields if _lets(name, word))
