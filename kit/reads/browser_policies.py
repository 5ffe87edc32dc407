"""The policies that browsers are given by files of the machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from kit.model.observation import (
    Absent,
    Instances,
    Observation,
    Observed,
    ObservedValue,
    Unread,
    Unreadable,
)
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted

CHROMIUM_FOLDER: Final = "/etc/chromium/policies/managed"
CHROME_FOLDER: Final = "/etc/opt/chrome/policies/managed"
KIT_FILE: Final = "esms-kit.json"
FIREFOX_FILE: Final = "/etc/firefox/policies/policies.json"
OWNER_KEY: Final = "firefox owner"
MARK: Final = "esms-kit"
"""Beside ``policies`` in the file the kit writes for Firefox, which reads no other key there."""

CHROME_PROGRAMS: Final = (
    "/opt/google/chrome",
    "/opt/google/chrome-beta",
    "/opt/google/chrome-unstable",
)
"""Where the packages of Google put Chrome; all of them read the one folder of policies."""
CONFINED_CHROMIUM: Final = (
    "/snap/bin/chromium",
    "/var/lib/flatpak/exports/bin/org.chromium.Chromium",
)
CONFINED_CHROME: Final = "/var/lib/flatpak/exports/bin/com.google.Chrome"
CONFINED_FIREFOX: Final = "/var/lib/flatpak/exports/bin/org.mozilla.firefox"
"""Browsers of snap and Flatpak that do not see the files the kit reads and writes. Firefox of snap
does: it is given /etc/firefox/policies."""

_LIMIT: Final = 262144

# Chromium takes every file of its folder, whatever its name; Firefox the file of the machine, and
# without it the one beside the program. Each line: place, state, base64.
_LOOK: Final = r"""
for program in base64 head tr wc; do
    command -v "$program" >/dev/null || exit 127
done
: >all
tell() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>all; }
one() {
    if [ -h "$1" ] && [ ! -e "$1" ]; then tell "$1" failed 'a link that leads nowhere'
    elif [ ! -f "$1" ]; then tell "$1" failed 'no file'
    elif [ ! -r "$1" ]; then tell "$1" denied ''
    elif ! head -c __MOST__ <"$1" >copy 2>/dev/null; then tell "$1" failed 'it cannot be read'
    elif [ "$(wc -c <copy)" -gt __LIMIT__ ]; then tell "$1" large ''
    else tell "$1" file "$(base64 <copy | tr -d '\n')"
    fi
}
# here PATH: 0 it is there, 1 it is proven not to be, 2 nobody knows.
here() {
    if [ -e "$1" ] || [ -h "$1" ]; then return 0; fi
    above=${1%/*}
    while [ -n "$above" ] && [ ! -e "$above" ]; do above=${above%/*}; done
    [ -x "${above:-/}" ] && return 1
    return 2
}
folder() {
    here "$1"
    case $? in
    1) tell "$1" absent ''; return ;;
    2) tell "$1" denied ''; return ;;
    esac
    if [ ! -d "$1" ]; then tell "$1" failed 'no folder'; return; fi
    if [ ! -r "$1" ] || [ ! -x "$1" ]; then tell "$1" denied ''; return; fi
    tell "$1" folder ''
    for file in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        [ -e "$file" ] || [ -h "$file" ] || continue
        case $file in
        *[!A-Za-z0-9_./@+~-]*) tell "$1/?" failed 'a name that is no name of a policy file' ;;
        *) [ -d "$file" ] || one "$file" ;;
        esac
    done
}
# confined PROGRAM...: those that are there, or of which nobody knows.
confined() {
    for program in "$@"; do
        here "$program"
        [ $? = 1 ] || tell "$program" confined ''
    done
}
single() {
    here "$1"
    case $? in
    0) one "$1" ;;
    1) tell "$1" absent '' ;;
    *) tell "$1" denied '' ;;
    esac
}
"""
_CHROMIUM: Final = f"""
folder {CHROMIUM_FOLDER}
chrome=1
for program in {" ".join(CHROME_PROGRAMS)}; do
    here "$program"
    case $? in
    0) chrome=0; break ;;
    2) chrome=2 ;;
    esac
done
case $chrome in
0) folder {CHROME_FOLDER} ;;
2) tell {CHROME_FOLDER} denied '' ;;
esac
confined {" ".join((*CONFINED_CHROMIUM, CONFINED_CHROME))}
"""
_BESIDE: Final = ("/usr/lib/firefox-esr", "/usr/lib/firefox", "/opt/firefox")
_FIREFOX: Final = f"""
single {FIREFOX_FILE}
for program in {" ".join(_BESIDE)}; do
    here "$program"
    [ $? = 1 ] || single "$program/distribution/policies.json"
done
confined {CONFINED_FIREFOX}
"""


@dataclass
class _Told:
    """The lines of an answer, by place; ``folders`` with the files found in each."""

    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    folders: dict[str, list[str]] = field(default_factory=dict)


class BrowserPolicies(Read):
    """Policy files. Keys: ``BROWSER PLACE``, and ``firefox owner``.

    ``PLACE`` is a path of keys joined by ``/``; ``... all`` after it asks for the same once more,
    to be judged otherwise. Chromium: ``Instances``, one for each file that says something of the
    place, and one (Absent) for a folder in which no file does; a file that does not parse is
    Unreadable for every place. Firefox: the value in the one file it reads. ``firefox owner``: that
    file, where it is not the kit's; Absent when it is, or there is none. A browser of snap or
    Flatpak that does not see these files is Unreadable for every place.
    """

    id: ClassVar[str] = "browser_policies"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """All files of the browsers asked for; raises ``ValueError`` for what is no key."""
        browsers = {_split(key)[0] for key in keys}
        text = _LOOK.replace("__MOST__", str(_LIMIT + 1)).replace("__LIMIT__", str(_LIMIT))
        parts = [part for name, part in _PARTS.items() if name in browsers]
        return Script(form, "".join([text, *parts, END]))

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        told = _told(raw.text)
        return {key: _observation(told, *_split(key)) for key in keys}


_PARTS: Final = {"chromium": _CHROMIUM, "firefox": _FIREFOX}


def _split(key: str) -> tuple[str, str]:
    browser, _blank, place = key.partition(" ")
    if browser not in _PARTS or not place or "\n" in place:
        raise ValueError(f"not a key of browser_policies: {key[:80]!r}")
    return browser, place.removesuffix(" all")


def _told(text: str) -> _Told:
    told = _Told()
    for line in counted(text):
        match line.split("\t"):
            case [place, state, said] if place.startswith("/") and place not in told.states:
                told.states[place] = (state, said)
            case _:
                raise ValueError(f"not a line of this answer: {line[:80]!r}")
    for place, (state, _said) in told.states.items():
        if state == "folder":
            inside = [one for one in told.states if one.rpartition("/")[0] == place]
            told.folders[place] = sorted(inside)
    return told


def _observation(told: _Told, browser: str, place: str) -> Observation:
    if browser == "chromium":
        return _of_chromium(told, place)
    document = _firefox_document(told)
    if f"{browser} {place}" == OWNER_KEY:
        return _owner(told, document)
    confined = next(_confined(told, (CONFINED_FIREFOX,)), None)
    if confined is not None:
        return confined[1]
    if document is None:
        return Absent()
    if isinstance(document, str):
        return _in_document(told, document, place, below="policies")
    items = {one: _in_document(told, one, place, below="policies") for one in document}
    return Instances(complete=True, items=items)


def _confined(told: _Told, programs: Iterable[str]) -> Iterator[tuple[str, Unreadable]]:
    """Those of some programs that are there: their policies are not told."""
    for program in programs:
        if program in told.states:
            why = f"{program} does not see these files"
            yield program, Unreadable(Unread.NOT_ANSWERED, why)


def _of_chromium(told: _Told, place: str) -> Observation:
    items: dict[str, Observation] = dict(_confined(told, (*CONFINED_CHROMIUM, CONFINED_CHROME)))
    folders = [one for one in (CHROMIUM_FOLDER, CHROME_FOLDER) if one in told.states]
    if CHROMIUM_FOLDER not in folders:
        raise ValueError("nothing is said of the folder of Chromium")
    for folder in folders:
        state, said = told.states[folder]
        if state == "absent":
            items[folder] = Absent()
        elif state != "folder":
            items[folder] = _not_read(state, said)
        else:
            found = {one: _in_document(told, one, place) for one in told.folders[folder]}
            items |= {one: seen for one, seen in found.items() if not isinstance(seen, Absent)}
            if all(isinstance(seen, Absent) for seen in found.values()):
                items[folder] = Absent()
    return Instances(complete=True, items=items)


def _firefox_document(told: _Told) -> str | tuple[str, ...] | None:
    """The file that counts, or those of several programs; ``None`` when there is none at all."""
    if told.states[FIREFOX_FILE][0] != "absent":
        return FIREFOX_FILE
    beside = tuple(one for one in told.states if one != FIREFOX_FILE and "/distribution/" in one)
    there = tuple(one for one in beside if told.states[one][0] != "absent")
    if not there:
        return None
    return beside if len(beside) > 1 else beside[0]


def _owner(told: _Told, document: str | tuple[str, ...] | None) -> Observation:
    if document is None:
        return Absent()
    if document != FIREFOX_FILE:
        return Observed(document if isinstance(document, str) else ", ".join(document))
    whole = _loaded(told, document)
    if isinstance(whole, Unreadable):
        return Observed(FIREFOX_FILE) if whole.reason is Unread.UNPARSABLE else whole
    return Absent() if MARK in whole else Observed(FIREFOX_FILE)


def _in_document(told: _Told, path: str, place: str, below: str = "") -> Observation:
    found: Any = _loaded(told, path)
    if isinstance(found, Unreadable):
        return found
    if below:
        if not isinstance(found.get(below), dict):
            return Unreadable(Unread.UNPARSABLE, f"{path}: no object {below}")
        found = found[below]
    for part in place.split("/"):
        if not isinstance(found, dict) or part not in found:
            return Absent()
        found = found[part]
    return Observed(_value(found))


def _value(found: Any) -> ObservedValue:  # noqa: ANN401 - what a JSON document holds
    """Scalars and lists of scalars as they are, lists sorted; all else as its JSON text."""
    if isinstance(found, bool | int | str):
        return found
    if isinstance(found, list) and all(isinstance(one, bool | int | str) for one in found):
        return tuple(sorted(dict.fromkeys(found), key=str))
    return json.dumps(found, sort_keys=True)


def _loaded(told: _Told, path: str) -> dict[str, Any] | Unreadable:
    """The document of a file, which must be one JSON object; raises ``ValueError``."""
    state, said = told.states[path]
    if state != "file":
        return _not_read(state, f"{path}: {said}" if said else path)
    content = base64.b64decode(said, validate=True)
    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        return Unreadable(Unread.UNPARSABLE, f"{path}: {error}"[:400])
    if not isinstance(document, dict):
        return Unreadable(Unread.UNPARSABLE, f"{path}: no JSON object")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value_ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"the same key twice: {', '.join(twice)}")
    return found


def _not_read(state: str, said: str) -> Unreadable:
    reasons = {"denied": Unread.DENIED, "large": Unread.TOO_LARGE, "failed": Unread.FAILED}
    if state not in reasons:
        raise ValueError(f"not a state: {state[:80]!r}")
    return Unreadable(reasons[state], said[:400])
