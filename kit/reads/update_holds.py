"""What keeps updates away from packages: holds of dpkg, pins of apt, lists of those left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.apt_options import DUMP
from kit.reads.counted_lines import END, counted

HELD: Final = "held"
PINNED: Final = "pinned"
RANKED: Final = "ranked"
REFUSED: Final = "refused"

# How apt ranks its archives is asked of apt, over lists that hold one package of no name: with its
# own it would take a second, or write its cache anew. Lists that are links are only read.
_LOOK: Final = (
    r"""
for program in apt-cache apt-config awk cat dpkg-query grep head ln mkdir; do
    command -v "$program" >/dev/null || exit 127
done"""
    + DUMP
    + r"""
file=$(place Dir::Etc::preferences) && parts=$(place Dir::Etc::preferencesparts) || exit 1
lists=$(place Dir::State::lists) || exit 1
case $file:$parts:$lists in /*:/*:/*) ;; *) echo 'no places of apt' >&2; exit 1 ;; esac
[ -r "$lists" ] && [ -x "$lists" ] || [ ! -d "$lists" ] || exit 126
mkdir lists || exit 1
for one in "${lists%/}"/*Release; do [ ! -f "$one" ] || ln -s "$one" lists/ || exit 1; done
for one in "${lists%/}"/*_Packages "${lists%/}"/*_Packages.*; do
    [ -f "$one" ] || continue
    one=${one##*/}
    printf 'Package: kit\nVersion: 0\nArchitecture: all\nMaintainer: kit\nDescription: kit\n' \
        >"lists/${one%_Packages*}_Packages" || exit 1
done
apt-cache -o Dir::State::lists="$PWD/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    policy >policy 2>why || { cat why >&2; exit 1; }
grep -q '^Pinned packages:' policy || { echo 'apt-cache told no pins' >&2; exit 1; }
dpkg-query -W -f '${db:Status-Want} ${Package}\n' >packages || exit 1
grep -q '^install dpkg$\|^hold dpkg$' packages || { echo 'no whole list of dpkg' >&2; exit 1; }
: >pins
for one in "$file" "${parts%/}"/*; do
    [ -f "$one" ] || continue
    case ${one##*/} in
    *.pref) ;;
    *.* | *~) [ "$one" = "$file" ] || continue ;;
    esac
    [ -r "$one" ] || exit 126
    awk '
        function said() {
            if (name != "") print "pin\t" FILENAME "\t" at "\t" name "\t" priority "\t" pin
            name = pin = priority = kind = ""
        }
        { gsub(/[\t\r]/, " ") }
        /^#/ { next }
        /^ *$/ { said(); next }
        /^ / { if (kind == "package") name = name $0; else if (kind == "pin") pin = pin $0; next }
        {
            kind = tolower($0)
            sub(/ *:.*/, "", kind)
            text = $0
            sub(/^[^:]*: */, "", text)
            if (kind == "package") { name = text; at = FNR }
            if (kind == "pin") pin = text
            if (kind == "pin-priority") priority = text
        }
        END { said() }' "$one" >>pins || exit 1
done
[ "$(grep -c '' pins)" -le 500 ] || { echo 'too many pins' >&2; exit 1; }
{
    awk '$1 == "hold" { print "held\t" $2 }' packages | head -n 100
    awk -F '\t' 'NR == FNR { split($0, word, " "); there[word[2]] = 1; next }
        {
            count = split($4, names, /[ ,]+/)
            for (one = 1; one <= count; one++) {
                sub(/:[a-z0-9-]*$/, "", names[one])
                if (names[one] in there && !told[names[one]]++) print "here\t" names[one]
            }
        }' packages pins || exit 1
    cat pins
    awk 'function said() {
            if (told != "") print "archive\t" priority "\t" told "\t" host
            told = host = ""
        }
        /^ *-?[0-9]+ [^ ]/ { said(); priority = $1 }
        /^ +release / { told = $0; sub(/^ +release */, "", told); gsub(/\t/, " ", told) }
        /^ +origin / { host = $2 }
        /^Pinned packages:/ { said(); exit }' policy || exit 1
    if command -v unattended-upgrade >/dev/null; then
        awk 'tolower($1) ~ /^unattended-upgrade::package-(black|white)list::/ {
            text = $0
            sub(/^[^ ]+ "/, "", text)
            sub(/";$/, "", text)
            gsub(/\t/, " ", text)
            if (text != "") print "list\t" (tolower($1) ~ /white/ ? "only" : "not") "\t" text
        }' dumped | head -n 100
    fi
    echo looked
} >all || exit
"""
)
_LATER: Final = re.compile(r"backports|experimental|\bsid\b|testing|unstable|proposed")
_NEVER: Final = -32768
_INSTALLED: Final = 100  # the rank of what is installed: below it nothing takes its place
_USUAL: Final = 500  # the rank of an archive nobody has ranked (apt_preferences(5))


class UpdateHolds(Read):
    """Each of four keys Observed, a sorted list; empty where nothing is kept away.

    - ``held``: packages on hold (``apt-mark hold``);
    - ``pinned``: ``FILE:LINE: PACKAGE`` for a pin of apt that speaks of packages by name, or by
      version, where one of them is installed and it is not plainly harmless (a rank below the
      usual one for what an archive of later releases holds, any rank for somebody else's archive,
      the usual one or more for the archive of security); a pattern counts as installed;
    - ``ranked``: ``ARCHIVE: RANK`` for an archive of security that apt ranks below what is
      installed, or below another archive of the same origin, as apt works it out from all pins
      and ``APT::Default-Release``;
    - ``refused``: packages that unattended-upgrades leaves out, or ``only NAME``, those it is
      kept to; nothing where it is not installed.

    At most 100 names of a list: what is beyond makes no difference to the verdict. More than 500
    pins are Unreadable.
    """

    id: ClassVar[str] = "update_holds"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for what is no key of this read."""
        if not keys <= _LISTS.keys():
            raise ValueError("not a key of update_holds")
        return Script(form, f"{_LOOK}{END}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        lines = [line.split("\t") for line in counted(raw.text)]
        if not lines or lines[-1] != ["looked"]:
            raise ValueError("the answer has no end")
        for mark, *fields in lines[:-1]:
            if len(fields) != _FIELDS.get(mark):
                raise ValueError(f"not a line about updates: {mark[:80]!r}")
        told = lines[:-1]
        return {key: Observed(tuple(sorted(set(_LISTS[key](told))))) for key in keys}


_FIELDS: Final = {"archive": 3, "held": 1, "here": 1, "list": 2, "pin": 5}


def _of(lines: Sequence[Sequence[str]], mark: str) -> Iterator[Sequence[str]]:
    return (line[1:] for line in lines if line[0] == mark)


def _held(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    return (one[0] for one in _of(lines, "held"))


def _refused(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    return (f"only {name}" if how == "only" else name for how, name in _of(lines, "list"))


def _pinned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    here = {one[0] for one in _of(lines, "here")}
    own = _distributions(lines)
    for path, at, names, priority, pin in _of(lines, "pin"):
        words = [one for one in re.split(r"[\s,]+", names) if one]
        # A pin of every package by where it comes from shows in the ranks.
        if words == ["*"] and not pin.strip().lower().startswith("version"):
            continue
        if _harmless(_rank(priority), pin.lower().split(), own):
            continue
        for word in words:
            plain = re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", word.partition(":")[0])
            if word.startswith("src:") or plain is None or word.partition(":")[0] in here:
                yield f"{path}:{int(at)}: {word}"


def _rank(text: str) -> int:
    word = text.strip().lower()
    if word == "never":
        return _NEVER
    return int(word) if re.fullmatch(r"[+-]?[0-9]{1,6}", word) else _USUAL


def _distributions(lines: Sequence[Sequence[str]]) -> frozenset[str]:
    """Origins and hosts of what else comes from where an archive of security comes from."""
    archives = [(_words(release), host) for _rank, release, host in _of(lines, "archive")]
    names = {words.get("o", "") for words, _host in archives if _of_security(words)}
    hosts = {host for words, host in archives if words.get("o", "") in names}
    return frozenset(one.lower() for one in names | hosts)


def _harmless(rank: int, pin: Sequence[str], own: frozenset[str]) -> bool:
    """Whether a pin of packages by name leaves them the updates of their distribution.

    What is taken from somebody else's archive gets its updates there: that was chosen.
    """
    kind, text = (pin[0] if pin else ""), " ".join(pin[1:])
    if rank <= 0 or kind not in {"origin", "release"}:
        return False
    if "security" in text:
        return rank >= _USUAL
    if rank < _USUAL and _LATER.search(text):
        return True
    origin = text.strip('"') if kind == "origin" else _words(text.replace(" ", "")).get("o", "")
    return bool(own) and origin not in {"", *own} and "*" not in origin and "/" not in origin


def _words(release: str) -> dict[str, str]:
    return dict(one.partition("=")[::2] for one in release.split(","))


def _of_security(words: Mapping[str, str]) -> bool:
    return any("security" in words.get(name, "").lower() for name in "aln")


def _ranked(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    archives = [(int(rank), _words(told)) for rank, told, _host in _of(lines, "archive")]
    for rank, words in archives:
        if not _of_security(words):
            continue
        same = [other for other, told in archives if told.get("o", "") == words.get("o", "")]
        if rank < _INSTALLED or rank < max(same):
            yield f"{words.get('n') or words.get('a') or '?'}: {rank}"


_LISTS: Final[Mapping[str, Callable[[Sequence[Sequence[str]]], Iterator[str]]]] = {
    HELD: _held,
    PINNED: _pinned,
    RANKED: _ranked,
    REFUSED: _refused,
}
