"""The files sshd takes its configuration from, walked in the order sshd reads them.

``SHELL`` walks them on the device; ``read_walk`` understands what it prints:
``enter TAB path``, ``line TAB number TAB text``, ``include TAB pattern`` (before the files it
brings), ``leave``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAIN: Final = "/etc/ssh/sshd_config"
DROP_IN: Final = "/etc/ssh/sshd_config.d/00-esms-kit.conf"
"""The file of the kit. Debian and Ubuntu include its folder before anything else."""

# ``processes`` prints the ids of those named sshd, or as given, without those of containers;
# ``strangers`` are other servers of SSH, whose files nobody here reads.
# ``no_sshd`` is called when no sshd is found: it prints ``none`` when the package database, sound,
# says that none is installed, and none runs. Everything else is no proof.
# ``walk FILE DEPTH`` prints the lines that match $wanted; sshd itself stops at 16 levels.
SHELL: Final = r"""
newline='
'
strangers='dropbear|lshd|tinysshd'
no_sshd() {
    command -v dpkg-query >/dev/null || exit 127
    form='${db:Status-Status}\n'
    [ "$(dpkg-query -W -f "$form" dpkg 2>/dev/null)" = installed ] || exit 127
    for package in openssh-server dropbear lsh-server tinysshd; do
        dpkg-query -W -f "$form" "$package" >status 2>/dev/null
        case $?:$(cat status) in
        1: | 0:not-installed | 0:config-files) ;;
        *) echo "$package is installed, yet sshd is not found" >&2; exit 127 ;;
        esac
    done
    { processes && processes "$strangers"; } >others || cannot
    if [ -s others ]; then
        echo 'sshd or the like runs, yet it is not installed as a package' >&2
        exit 127
    fi
    echo none
    echo 'end 1'
    exit 0
}
cannot() {
    [ "$(id -u)" = 0 ] || exit 126
    exit 1
}
processes() {
    here=$(readlink /proc/self/ns/pid) || return 1
    for one in $(grep -lsxE "${1:-sshd}" /proc/[0-9]*/comm); do
        one=${one%/comm}
        if [ "$(readlink "$one/ns/pid" || echo "$here")" = "$here" ]; then echo "${one#/proc/}"; fi
    done
}
walk() (
    if [ "$2" -gt 16 ]; then echo "$1: too many levels of Include" >&2; exit 1; fi
    if [ ! -r "$1" ]; then echo "$1: cannot be read" >&2; exit 1; fi
    printf 'enter\t%s\n' "$1"
    grep -n -i -E "$wanted" -- "$1" >"walk.$2"
    [ $? -le 1 ] || exit 1
    set -f
    IFS=$newline
    for line in $(cat "walk.$2"); do
        number=${line%%:*}
        text=${line#*:}
        printf 'line\t%s\t%s\n' "$number" "$text"
        case $(printf '%s' "$text" | tr 'A-Z"=\t' 'a-z   ' | tr -s ' ') in
        'include '* | ' include '*) include "$text" "$2" || exit 1 ;;
        esac
    done
    echo leave
)
include() (
    words=$(printf '%s\n' "$1" | sed 's/[[:blank:]]#.*//; s/[="]/ /g' | tr -s ' \t' '\n\n' |
        sed '/^$/d' | sed 1d)
    for one in $words; do
        case $one in
        /*) ;;
        *) one=/etc/ssh/$one ;;
        esac
        printf 'include\t%s\n' "$one"
        set +f
        for file in $one; do
            if [ -f "$file" ]; then walk "$file" $(($2 + 1)) || exit 1; fi
        done
        set -f
    done
)
"""


def wanted_lines(keywords: Iterable[str]) -> str:
    """The extended regular expression of lines that set one of ``keywords`` (letters, digits)."""
    return f'^[[:space:]]*"?({"|".join(sorted(keywords))})([[:space:]"=]|$)'


@dataclass(frozen=True)
class ConfigLine:
    """A line that sets something. ``match``: in a Match block; ``always``: one that always holds.

    ``first``: the file of the kit, where it is or would be, comes after this line. ``asks``: what
    the Match block goes by (``user``, ``address``, ...).
    """

    place: str
    keyword: str
    words: tuple[str, ...]
    match: bool
    always: bool
    first: bool
    asks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Walk:
    """All lines in sshd's order, the files and the patterns they were included by.

    ``included``: sshd reads the file of the kit, or would if it were there, in every connection.
    """

    lines: tuple[ConfigLine, ...]
    files: tuple[str, ...]
    patterns: tuple[str, ...]
    included: bool


_WORD: Final = re.compile(r'"([^"]*)"|([^\s"]+)')


def words_of(text: str) -> list[str]:
    """The words of a line, without quotes and comment; ``=`` may follow the first."""
    head = re.match(r'\s*"?([A-Za-z0-9]+)"?\s*=?\s*', text)
    if head is None:
        raise ValueError(f"not a line of sshd_config: {text[:80]!r}")
    words = [head[1]]
    for found in _WORD.finditer(text[head.end() :]):
        if found[2] is not None and found[2].startswith("#"):
            break
        words.append(found[1] if found[2] is None else found[2])
    return words


def _covers(pattern: str, path: str) -> bool:
    """Whether the shell pattern of an Include matches ``path``; ``*`` stops at a slash."""
    expression = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.fullmatch(expression, path) is not None


def _asked(words: list[str]) -> frozenset[str]:
    """The names of the conditions of a Match line; ``all`` is none."""
    each = " ".join(words).lower().replace("=", " ").split()
    return frozenset(each[::2]) - {"all"}


class _Walker:
    """Follows the printed walk with the state sshd has at each line."""

    def __init__(self) -> None:
        self.lines: list[ConfigLine] = []
        self.files: list[str] = []
        self.patterns: list[str] = []
        # One entry per open file: (path, in a Match block, one that always holds, what it asks).
        self.open: list[tuple[str, bool, bool, frozenset[str]]] = []
        self.placed = False
        self.coming: int | None = None  # depth of the Include that brings the file of the kit

    def take(self, mark: str, rest: list[str]) -> None:
        """One printed line."""
        if mark == "enter" and len(rest) == 1:
            self._enter(rest[0])
        elif mark == "leave" and not rest and self.open:
            self._settle(len(self.open))
            self.open.pop()
        elif mark == "include" and len(rest) == 1 and self.open:
            self._include(rest[0])
        elif mark == "line" and len(rest) == 2 and self.open:
            self._line(rest[0], rest[1])
        else:
            raise ValueError(f"not a line of the walk: {mark[:40]!r}")

    def _enter(self, path: str) -> None:
        if self.coming == len(self.open) and path >= DROP_IN:
            self.placed, self.coming = True, None
        inherited = self.open[-1][1:] if self.open else (False, False, frozenset())
        self.open.append((path, *inherited))
        self.files.append(path)

    def _settle(self, depth: int) -> None:
        """Files of an Include are over: what it brings stands behind them."""
        if self.coming == depth:
            self.placed, self.coming = True, None

    def _include(self, pattern: str) -> None:
        self._settle(len(self.open))
        self.patterns.append(pattern)
        _path, match, always, _asks = self.open[-1]
        if not self.placed and (always or not match) and _covers(pattern, DROP_IN):
            self.coming = len(self.open)

    def _line(self, number: str, text: str) -> None:
        self._settle(len(self.open))
        words = words_of(text)
        path, match, always, asks = self.open[-1]
        keyword = words[0].lower()
        if keyword == "match":
            always = [word.lower() for word in words[1:]] == ["all"]
            self.open[-1] = (path, True, always, _asked(words[1:]))
        elif keyword != "include":
            place = f"{path}:{int(number)}"
            first = not self.placed and path != DROP_IN
            self.lines.append(
                ConfigLine(place, keyword, tuple(words[1:]), match, always, first, asks)
            )


def read_walk(printed: Iterable[str]) -> Walk:
    """Understand the printed lines of one whole walk; raises ``ValueError``."""
    walker = _Walker()
    for line in printed:
        mark, *rest = line.split("\t", 2 if line.startswith("line\t") else 1)
        walker.take(mark, rest)
    if walker.open or not walker.files or walker.files[0] != MAIN:
        raise ValueError("the walk through the files of sshd has no end")
    return Walk(tuple(walker.lines), tuple(walker.files), tuple(walker.patterns), walker.placed)
