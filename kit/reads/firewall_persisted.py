"""The firewall as it comes back at the next start: the kit's file, its unit, and who starts it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar, Final

from kit.model.observation import Absent, Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.file_paths import SHELL as PATHS
from kit.reads.firewall_answers import LISTED_KEY, answers, checked_key
from kit.reads.firewall_table import FILE, UNIT, UNIT_FILE, UNIT_TEXT, table_of
from kit.reads.marked_lines import SHELL as MARKS
from kit.reads.marked_lines import parse_marked_lines
from kit.reads.nft_input import Ruleset

UNIT_KEY: Final = "unit"
START_KEY: Final = "start"
AS_WRITTEN: Final = "as written"
CHANGED: Final = "changed"

_LIMIT: Final = 262144  # bytes; a thousand flows take less

_LOOK: Final = (
    MARKS
    + PATHS
    + rf"""
for program in base64 head id readlink systemctl wc; do
    command -v "$program" >/dev/null || exit 127
done
[ "$(id -u)" = 0 ] || exit 126
content() {{
    there "$2"
    case $? in
    1) absent "$1"; return ;;
    2) failed "$1" 'it cannot be looked for'; return ;;
    esac
    if ! head -c {_LIMIT + 1} -- "$2" >copy 2>/dev/null; then failed "$1" 'it cannot be read'
    elif [ "$(wc -c <copy)" -gt {_LIMIT} ]; then failed "$1" 'larger than is read'
    else value "$1" "=$(base64 <copy | tr -d '\n')"
    fi
}}
content file {FILE}
content unit {UNIT_FILE}
systemctl show {UNIT} -p LoadState,UnitFileState,ActiveState,DropInPaths >state || exit 1
value start "$(tr '\n\t' '  ' <state)"
ended
"""
)


class FirewallPersisted(Read):
    """The file, the unit and systemd. Keys: those of ``firewall_answers``, ``unit``, ``start``.

    What the file will let in is answered as for the running ruleset; Absent without a file;
    ``changed`` when it is not just what the kit writes.
    ``unit``: Observed ``as written`` or ``changed``, or Absent. ``start``: the states of the unit
    as a tuple (``active``, ``enabled``; ``overridden`` when somebody adds to it), or Absent.
    """

    id: ClassVar[str] = "firewall_persisted"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """The same for every set of keys; raises ``ValueError`` for what is no key."""
        for key in keys - {UNIT_KEY, START_KEY}:
            checked_key(key)
        return Script(form, _LOOK)

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        said = parse_marked_lines(raw.text, lambda _key, text: Observed(text))
        asked = keys - {UNIT_KEY, START_KEY}
        file = said["file"]
        if isinstance(file, Observed):
            found = dict(_described(_decoded(str(file.value)), asked))
        else:
            found = dict.fromkeys(asked, file)
        found[UNIT_KEY] = _unit(said["unit"])
        found[START_KEY] = _start(said["start"])
        return found


@lru_cache(maxsize=64)
def _described(text: str, keys: frozenset[str]) -> Mapping[str, Observation]:
    table = table_of(text)
    if table is not None:
        return answers(Ruleset(table.document()), keys)
    several = {key for key in keys if key == LISTED_KEY or key.startswith("sources ")}
    return {key: Observed((CHANGED,) if key in several else CHANGED) for key in keys}


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text.removeprefix("="), validate=True).decode("utf-8", "replace")
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _unit(seen: Observation) -> Observation:
    if not isinstance(seen, Observed):
        return seen
    same = _body(_decoded(str(seen.value))) == _body(UNIT_TEXT)
    return Observed(AS_WRITTEN if same else CHANGED)


def _body(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _start(seen: Observation) -> Observation:
    if not isinstance(seen, Observed):
        return seen
    state = dict(word.split("=", 1) for word in str(seen.value).split() if "=" in word)
    if state["LoadState"] == "not-found":
        return Absent()
    found = {state["ActiveState"], state["UnitFileState"]}
    if state.get("DropInPaths"):
        found.add("overridden")
    return Observed(tuple(sorted(found)))
