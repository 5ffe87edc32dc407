"""What stands in a text file: all of it, one line, or the lines that set one thing."""

from __future__ import annotations

import base64
import binascii
import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.file_paths import SHELL as PATHS
from kit.reads.file_paths import checked_path
from kit.reads.marked_lines import SHELL as MARKS
from kit.reads.marked_lines import parse_marked_lines

LIMIT: Final = 65536
"""The largest file, in bytes, of which the text is asked for; lines are sought in larger ones."""

_SEEK_LIMIT: Final = 4 * 1024 * 1024
_TOO_LARGE: Final = "larger than is read"

# The file is copied first, so that all of one key speaks of one state of it. Text travels as
# base64: it may hold anything. ``taken`` is what the executors replace: lines that start with the
# given words, whatever stands before and after.
_LOOK: Final = (
    MARKS
    + PATHS
    + r"""
for program in base64 head grep awk id readlink wc; do
    command -v "$program" >/dev/null || exit 127
done
unknown() {
    if [ "$(id -u)" != 0 ] && [ ! -r "$2" ]; then denied "$1"
    else failed "$1" 'it cannot be read, or is no file'
    fi
}
# copied KEY PATH LIMIT: into the file "copy"; says why not.
copied() {
    there "$2"
    case $? in
    1) absent "$1"; return 1 ;;
    2) unknown "$1" "$2"; return 1 ;;
    esac
    if [ ! -f "$2" ] || ! head -c $(($3 + 1)) -- "$2" >copy 2>/dev/null; then
        unknown "$1" "$2"
        return 1
    fi
    if [ "$(wc -c <copy)" -gt "$3" ]; then
        failed "$1" 'larger than is read'
        return 1
    fi
}
encoded() { base64 | tr -d '\n'; }
text() { ! copied "$@" || value "$1" "=$(encoded <copy)"; }
line() {
    copied "$1" "$2" "$3" || return 0
    if grep -Fxq -e "$4" copy; then value "$1" present; else value "$1" missing; fi
}
setting() {
    copied "$1" "$2" "$3" || return 0
    found=$(words=$4 awk '
        BEGIN { words = ENVIRON["words"] }
        {
            line = $0
            sub(/^[ \t]+/, "", line)
            if (substr(line, 1, length(words)) != words) next
            after = substr(line, length(words) + 1, 1)
            if (after == "" || after ~ /[ \t=]/ || words ~ /[ \t=]$/) print
        }' copy | encoded)
    value "$1" "=$found"
}
"""
)


@dataclass(frozen=True)
class _Key:
    what: str
    path: str
    text: str


class FileText(Read):
    """Text files. Keys: ``text PATH``, ``line PATH LINE``, ``setting PATH WORDS``.

    ``text``: the whole content, up to 64 KiB (bytes that are not UTF-8 become U+FFFD).
    ``line``: ``present`` when the file has exactly this line, else ``missing``.
    ``setting``: every line that starts with the words, as a tuple in the order of the file, each
    without the blanks around it. The rest of the file does not leave the device.
    All are Absent when there is no such file.
    """

    id: ClassVar[str] = "file_text"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One look a key; raises ``ValueError`` for what is no key."""
        return Script(form, f"{_LOOK}{''.join(_call(key) for key in sorted(keys))}ended\n")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        said = parse_marked_lines(raw.text, lambda _name, text: Observed(text))
        return {key: _observation(key, said[_name(key)]) for key in keys if _name(key) in said}


def _key(text: str) -> _Key:
    what, _blank, rest = text.partition(" ")
    path, _blank, wanted = rest.partition(" ")
    odd = "\n" in wanted or "\0" in wanted or len(wanted) > 400
    if what not in {"line", "setting", "text"} or odd or (what == "text") is not (not wanted):
        raise ValueError(f"not a key of file_text: {text[:80]!r}")
    return _Key(what, checked_path(path), wanted)


def _name(key: str) -> str:
    """What stands for a key on the device: a line may hold any sign."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:20]


def _call(text: str) -> str:
    key = _key(text)
    words = [key.what, _name(text), key.path]
    if key.what == "text":
        words += [str(LIMIT)]
    else:
        words += [str(_SEEK_LIMIT), key.text]
    return f"{shlex.join(words)}\n"


def _observation(text: str, seen: Observation) -> Observation:
    if isinstance(seen, Unreadable) and seen.detail == _TOO_LARGE:
        return Unreadable(Unread.TOO_LARGE, text.partition(" ")[2])
    if not isinstance(seen, Observed):
        return seen
    key = _key(text)
    if key.what == "line":
        if seen.value not in {"missing", "present"}:
            raise ValueError(f"neither present nor missing: {seen.value!r}")
        return seen
    content = _decoded(str(seen.value))
    if key.what == "text":
        return Observed(content)
    return Observed(tuple(line.strip() for line in content.split("\n") if line.strip()))


def _decoded(text: str) -> str:
    """``=`` and base64; raises ``ValueError``."""
    if not text.startswith("="):
        raise ValueError("not a text")
    try:
        return base64.b64decode(text[1:], validate=True).decode("utf-8", "replace")
    except binascii.Error as error:
        raise ValueError(str(error)) from error
