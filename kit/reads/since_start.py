"""Whether a file was changed after the device was started."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.file_paths import SHELL as PATHS
from kit.reads.file_paths import checked_path
from kit.reads.marked_lines import SHELL, parse_marked_lines

# The first process is what takes the files in: a container is started anew without its machine.
# The time of a change of the file itself is compared, which nobody can set, as seconds of the
# clock of now; the start is rounded down by up to two seconds, so that a change counts as later.
# Field 22 of stat is in hundredths of a second on every Linux but two that no post runs.
_LOOK: Final = (
    SHELL
    + PATHS
    + r"""
for program in stat id readlink; do command -v "$program" >/dev/null || exit 127; done
started=
while read -r name number rest; do
    [ "$name" != btime ] || started=$number
done 2>/dev/null </proc/stat
read -r first 2>/dev/null </proc/1/stat || first=
set -- ${first##*) }
case $started-${20} in
*[!0-9-]* | -* | *-) started= ;;
*) started=$((started + ${20} / 100)) ;;
esac
changed() {
    there "$1"
    case $? in
    0) ;;
    1) absent "$1"; return ;;
    *) unknown "$1"; return ;;
    esac
    seen=$(stat -L -c %Z -- "$1" 2>/dev/null)
    case $seen in '' | *[!0-9]*) unknown "$1"; return ;; esac
    if [ -z "$started" ]; then failed "$1" 'when the device was started is not shown'
    elif [ "$seen" -ge "$started" ]; then value "$1" yes
    else value "$1" no
    fi
}
unknown() {
    if [ "$(id -u)" = 0 ]; then failed "$1" 'it cannot be looked at'; else denied "$1"; fi
}
"""
)
_ANSWERS: Final = {"yes": True, "no": False}


class SinceStart(Read):
    """``stat`` beside ``/proc``. Keys: absolute paths. Observed: whether changed since the start.

    Links are followed. ``False`` only where the whole of the last change, owner and rights
    included, is older than the start of the first process.
    """

    id: ClassVar[str] = "since_start"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One look a path; raises ``ValueError`` for what is no path."""
        calls = "".join(f"changed {shlex.quote(checked_path(key))}\n" for key in sorted(keys))
        return Script(form, f"{_LOOK}{calls}ended\n")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        del keys
        return parse_marked_lines(raw.text, _observation)


def _observation(key: str, text: str) -> Observation:
    if text not in _ANSWERS:
        raise ValueError(f"{key}: neither yes nor no")
    return Observed(_ANSWERS[text])
