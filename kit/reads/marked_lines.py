"""The answer form of reads that look key by key: one marked line a key, and a counted end.

``value TAB key TAB text`` | ``absent TAB key`` | ``denied TAB key`` | ``failed TAB key TAB text``,
then ``end TAB number of lines``. A text that holds a tab or a line end is the writer's error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kit.model.observation import Absent, Observation, Unread, Unreadable

SHELL: Final = """\
count=0
newline='
'
tab='\t'
value() {
    case $2 in
    *"$newline"* | *"$tab"*) failed "$1" 'more than one word of one line' ;;
    *) count=$((count + 1)); printf 'value\\t%s\\t%s\\n' "$1" "$2" ;;
    esac
}
absent() { count=$((count + 1)); printf 'absent\\t%s\\n' "$1"; }
denied() { count=$((count + 1)); printf 'denied\\t%s\\n' "$1"; }
failed() { count=$((count + 1)); printf 'failed\\t%s\\t%s\\n' "$1" "$2"; }
ended() { printf 'end\\t%s\\n' "$count"; }
"""
"""Functions for POSIX fragments; ``ended`` is the last thing a fragment calls."""


def parse_marked_lines(
    text: str, convert: Callable[[str, str], Observation]
) -> dict[str, Observation]:
    """Key -> observation; ``convert`` gives that of a value from its key and text.

    Raises ``ValueError`` when the answer has not the form above, or not its end.
    """
    *lines, end = text.removesuffix("\n").split("\n")
    if end != f"end\t{len(lines)}":
        raise ValueError("the answer has no end, or not all of its lines")
    found: dict[str, Observation] = {}
    for line in lines:
        mark, _tab, rest = line.partition("\t")
        key, _tab, said = rest.partition("\t")
        if not key or key in found:
            raise ValueError(f"not an answer to one key: {line[:80]!r}")
        found[key] = _observation(mark, key, said, convert)
    return found


def _observation(
    mark: str, key: str, said: str, convert: Callable[[str, str], Observation]
) -> Observation:
    if mark == "value":
        return convert(key, said)
    if mark == "absent":
        return Absent()
    if mark == "denied":
        return Unreadable(Unread.DENIED)
    if mark == "failed":
        return Unreadable(Unread.FAILED, said[:400])
    raise ValueError(f"not a mark: {mark[:80]!r}")
