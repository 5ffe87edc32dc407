"""What sshd makes of its files for several people from several places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final

from kit.model.observation import (
    Absent,
    Instances,
    Observation,
    Observed,
    Unread,
    Unreadable,
)
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted
from kit.reads.sshd_files import MAIN, SHELL, Walk, read_walk, wanted_lines
from kit.reads.sshd_key_files import EFFECTIVE
from kit.reads.sshd_options import (
    ALIASES,
    GROWING,
    KEYWORDS,
    SshdKeyword,
    logins_in,
    spellings,
    value_of,
)

DROP_IN_KEY: Final = "drop_in"

# The user of a context is root, the management account and the first ordinary account that may log
# in; a made-up name if there is none. What a Match block asks beyond user and addresses shows in
# the lines of the walk.
_CONTEXTS: Final = r"""
sshd=$(command -v sshd) || no_sshd
context() {
    said="user=$2,host=$3,addr=$3,laddr=127.0.0.1,lport=22"
    if effective "$said" >answer 2>why && grep -q '^port ' answer; then
        printf 'context\t%s\n' "$1"
        grep -E "^($asked) " answer
    elif [ "$(id -u)" != 0 ]; then
        exit 126
    else
        printf 'failed\t%s\t%s\n' "$1" "$(tr '\n\t' '  ' <why)"
    fi
}
contexts() {
    context "$1@outside" "$2" "$KIT_OUTSIDE"
    if [ -n "$KIT_INSIDE" ]; then context "$1@inside" "$2" "$KIT_INSIDE"; fi
}
walk /etc/ssh/sshd_config 1 >walked || cannot
ordinary=$(awk -F: -v not="$KIT_ACCOUNT" '$3 >= 1000 && $3 < 60000 && $1 != not &&
    $7 !~ /(nologin|false)$/ && $1 ~ /^[A-Za-z0-9._-]+$/ { print $1; exit }' /etc/passwd) || cannot
tab=$(printf '\t')
# Without a block that asks who comes and from where, all get the same.
conditions() {
    sed -n "s/^line${tab}[0-9]*${tab}//p" walked | grep -i -E '^[[:space:]]*"?match' |
        grep -q -v -i -E '^[[:space:]]*match[[:space:]]+all[[:space:]]*$'
}
{
    cat walked
    if conditions; then
        contexts root root
        if [ -n "$KIT_ACCOUNT" ]; then contexts management "$KIT_ACCOUNT"; fi
        contexts user "${ordinary:-kit-nobody}"
    else
        context everybody root "$KIT_OUTSIDE"
    fi
} >all || exit
"""


class SshdEffective(Read):
    """``sshd -T -C`` and the files behind it. Keys: names as ``sshd -T`` prints them; ``drop_in``.

    An option yields Instances: ``everybody``, or where some Match block has a condition
    ``root@outside``, ``management@inside``, ``user@outside`` ... (what holds there; Absent when
    sshd prints no such option), ``match FILE:LINE`` for a Match block that sets it and ``before
    FILE:LINE`` for a line sshd reads before the kit's own file.
    ``drop_in``: Observed ``included``, or Absent when sshd does not read that file.
    Without any sshd, proven: complete Instances without one, for every key.
    """

    id: ClassVar[str] = "sshd_effective"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for an option this kit does not know."""
        names = sorted(_keyword(key).key for key in keys - {DROP_IN_KEY})
        lines = {spelling for name in names for spelling in spellings(name)}
        wanted = wanted_lines({*lines, "match", "include"})
        asked = "|".join(names) or DROP_IN_KEY  # of no option: a name sshd does not print
        shell = f"{SHELL}{EFFECTIVE}{_CONTEXTS}{END}"
        return Script(form, f"wanted='{wanted}'\nasked='{asked}'\n{shell}")

    def people(self, raw: Raw) -> frozenset[str]:
        """Who may or may not log in, by name."""
        return logins_in(raw.text)

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        lines = list(counted(raw.text))
        if lines == ["none"]:
            return dict.fromkeys(keys, Instances(complete=True))
        walked = max((n for n, line in enumerate(lines) if line == "leave"), default=-1) + 1
        walk = read_walk(lines[:walked])
        contexts = list(_contexts(lines[walked:]))
        if not contexts or walk.files[0] != MAIN:
            raise ValueError("no context was answered")
        found: dict[str, Observation] = {
            DROP_IN_KEY: Observed("included") if walk.included else Absent()
        }
        for key in keys - {DROP_IN_KEY}:
            keyword = _keyword(key)
            items = {name: _effective(keyword, said) for name, said in contexts}
            items.update(_outranking(keyword, walk, next(iter(items.values()))))
            found[key] = Instances(complete=True, items=items)
        return found


def _keyword(key: str) -> SshdKeyword:
    if key not in KEYWORDS:
        raise ValueError(f"not an option of sshd this kit knows: {key[:80]!r}")
    return KEYWORDS[key]


Context = tuple[str, list[str] | Unreadable]


def _contexts(lines: Iterable[str]) -> Iterator[Context]:
    """Name and lines of every context; raises ``ValueError``."""
    name: str = ""
    said: list[str] = []
    for line in lines:
        mark, _tab, rest = line.partition("\t")
        if mark == "context" and rest:
            if name:
                yield name, said
            name, said = rest, []
        elif mark == "failed" and "\t" in rest:
            if name:
                yield name, said
            name, said = "", []
            which, _tab, why = rest.partition("\t")
            yield which, Unreadable(Unread.FAILED, why.strip()[:400])
        elif name and " " in line:
            said.append(line)
        else:
            raise ValueError(f"not a line of sshd -T: {line[:80]!r}")
    if name:
        yield name, said


def _effective(keyword: SshdKeyword, said: list[str] | Unreadable) -> Observation:
    if isinstance(said, Unreadable):
        return said
    words = [line.split()[1:] for line in said if line.split()[0] == keyword.key]
    if not words:
        return Absent()
    return Observed(value_of(keyword, [word for line in words for word in line]))


def _outranking(
    keyword: SshdKeyword, walk: Walk, effective: Observation
) -> Iterator[tuple[str, Observation]]:
    """Lines that may win against the kit's own file, and what each sets.

    Outside of Match blocks the first line wins, and so does, over those, the first in a Match
    block that holds: nothing after one that always holds counts. Lists of users and groups grow
    instead.
    """
    lines = [one for one in walk.lines if ALIASES.get(one.keyword, one.keyword) == keyword.key]
    listed: tuple[str, ...] = ()
    decided = set()
    for line in lines:
        grows = keyword.key in GROWING
        if line.match in decided or (grows and not line.match):
            continue
        if line.first:
            yield f"before {line.place}", _said(keyword, line.words, effective)
        elif line.match and not line.always:
            yield f"match {line.place}", _said(keyword, (*listed, *line.words), None)
        if line.always and grows:
            listed += line.words
        elif line.always or not line.match:
            decided.add(line.match)


def _said(
    keyword: SshdKeyword, words: tuple[str, ...], otherwise: Observation | None
) -> Observation:
    """The value of a line; if it is not written as we read it, ``otherwise`` or not known."""
    try:
        return Observed(value_of(keyword, list(words)))
    except ValueError as error:
        return otherwise or Unreadable(Unread.UNPARSABLE, str(error))
