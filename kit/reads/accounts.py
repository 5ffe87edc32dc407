"""Accounts and groups: what the device's own files say, and what its programs are told."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import ClassVar, Final

from kit.model.observation import Absent, Instances, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted

NAME: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
CONFIGURED: Final = "configured"
EFFECTIVE: Final = "effective"
_ASPECTS: Final = ("changed", "class", "expires", "home", "password", "shell", "state")
_LISTS: Final = (
    *("empty_passwords", "root_by_group", "shared_numbers", "system_shells", "with_all_rights"),
)
# Groups whose members can make themselves root, each said so by its own documentation: docker
# (docs.docker.com, "post-installation steps for Linux"), lxd and incus-admin ("security" of each),
# libvirt (libvirt.org/auth.html), disk, kmem and shadow (base-passwd, "users and groups").
ROOT_GROUPS: Final = ("disk", "docker", "incus-admin", "kmem", "libvirt", "lxd", "shadow")
# Programs that open no session, where Debian has them: a name alone says nothing.
_NO_SHELLS: Final = frozenset(
    f"{folder}/{name}"
    for folder in ("/bin", "/sbin", "/usr/bin", "/usr/sbin")
    for name in ("false", "halt", "nologin", "shutdown", "sync", "true")
)
_NOBODY: Final = 65534
FIRST_PERSONAL: Final = 1000
LAST_PERSONAL: Final = 59_999
"""The numbers Debian gives to people (login.defs, Debian Policy 9.2.2)."""

# Hashes never leave awk: a word says what stands in their place. Names and texts of people
# (the fifth field) are not read at all. ``wanted`` is empty when every account is asked for.
_LOOK: Final = r"""
for program in awk getent grep id cat; do command -v "$program" >/dev/null || exit 127; done
for file in /etc/passwd /etc/shadow /etc/group; do
    [ -r "$file" ] || { echo "$file" >&2; [ ! -e "$file" ] || exit 126; exit 1; }
done
kind='function kind(word) {
    if (word == "") return "empty"
    if (word !~ /^[*!]/) return "set"
    sub(/^[*!]+/, "", word)
    return word == "" || word == "LK*" ? "none" : "locked"
}
function asked(name) { return wanted == "" || index(wanted, " " name " ") }'
own='asked($1) { print how, $1, $3, $4, $6, $7, ($2 == "x" ? "shadow" : kind($2)) }'
{
    awk -F: -v OFS='\t' -v wanted="$accounts" -v how=passwd "$kind$own" /etc/passwd || exit
    awk -F: -v OFS='\t' -v wanted="$accounts" "$kind"'
        asked($1) { print "shadow", $1, kind($2), $3, $8 }' /etc/shadow || exit
    awk '$1 == "UID_MIN" && $2 ~ /^[0-9]+$/ { found = $2 }
        END { print "first\t" (found == "" ? 1000 : found) }' /etc/login.defs || exit
    awk -F: -v OFS='\t' -v wanted="$groups" "$kind"'
        asked($1) { print "group", $1, $3, $4 }' /etc/group || exit
    # Whose own group it is.
    if [ -n "$groups" ]; then awk -F: -v OFS='\t' '{ print "own", $1, $4 }' /etc/passwd; fi
    if [ -z "$accounts" ]; then getent passwd >seen || exit 1
    else
        : >seen
        for name in $accounts; do
            getent passwd "$name" >>seen || [ $? -eq 2 ] || exit 1
        done
    fi
    awk -F: -v OFS='\t' -v wanted= -v how=seen "$kind$own" seen || exit
    for name in $groups; do
        if getent group "$name" >seen; then
            awk -F: -v OFS='\t' '{ print "seen_group", $1, $3, $4; exit }' seen
        else
            [ $? -eq 2 ] || exit 1
        fi
    done
} >all || exit
"""


@dataclass
class _Account:
    number: int
    group: int
    home: str
    shell: str
    word: str


@dataclass
class _Told:
    local: dict[str, list[_Account]] = field(default_factory=dict)
    seen: dict[str, list[_Account]] = field(default_factory=dict)
    shadow: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    seen_groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    own: list[tuple[str, int]] = field(default_factory=list)
    first: int = -1


class Accounts(Read):
    """/etc/passwd, /etc/shadow, /etc/group, and ``getent``. No hash, no text about people.

    ``account NAME ASPECT``, Absent when there is no such account:
    - ``state``: Observed ``present``, or ``elsewhere`` when only a directory knows it;
    - ``shell``, ``home``, ``class`` (``personal`` or ``system``, by UID_MIN): Instances
      ``configured`` (the file) and ``effective`` (what programs are told);
    - ``password``: Observed ``set``, ``locked`` (a hash behind a ``!``), ``none``, ``empty``;
    - ``expires``: Observed ``never`` or a day; ``changed`` (the password): the same.

    ``group NAME members``: Instances ``configured`` and ``effective`` of sorted tuples of names,
    those whose own group it is included; Absent when there is no such group.

    ``all LIST``: Observed, the sorted names of the accounts ``with_all_rights`` (number 0), with
    ``empty_passwords``, with ``shared_numbers``, and of those of the system that have a shell
    (``system_shells``; root and sync are not among them, and no UID_MIN makes people of numbers
    below 1000). ``all root_by_group``: ``GROUP: NAME`` for the members of groups that make root of
    them (``ROOT_GROUPS``), in the file or as programs are told.
    """

    id: ClassVar[str] = "accounts"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for what is no key of this read."""
        asked = [_split(key) for key in sorted(keys)]
        names = sorted({name for what, name, _rest in asked if what == "account"})
        every = any(what == "all" for what, _name, _rest in asked)
        groups = sorted({name for what, name, _rest in asked if what == "group"})
        if ("all", "root_by_group", "") in asked:
            groups = sorted({*groups, *ROOT_GROUPS})
        accounts = "" if every else " ".join(["", *(names or [":"]), ""])
        wanted = f"accounts={shlex.quote(accounts)}\n"
        wanted += f"groups={shlex.quote(' '.join(['', *groups, '']) if groups else '')}\n"
        look = _LOOK if groups else _LOOK.replace('-v wanted="$groups"', '-v wanted=" : "')
        return Script(form, f"{wanted}{look}{END}")

    def people(self, raw: Raw) -> frozenset[str]:
        """The logins of personal accounts, by their number."""
        words = (line.split("\t") for line in raw.text.splitlines())
        return frozenset(
            line[1]
            for line in words
            if len(line) > 2 and line[0] in {"passwd", "seen"} and _of_people(line[2])
        )

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        told = _told(counted(raw.text))
        if told.first < 0:
            raise ValueError("the first number of a personal account is not told")
        return {key: _answer(told, *_split(key)) for key in keys}


def _of_people(number: str) -> bool:
    return number.isdecimal() and FIRST_PERSONAL <= int(number) <= LAST_PERSONAL


def _split(key: str) -> tuple[str, str, str]:
    """``account``, ``group`` or ``all``, a name, and what to know of it; raises ``ValueError``."""
    what, _blank, rest = key.partition(" ")
    name, _blank, aspect = rest.partition(" ")
    known = {"account": _ASPECTS, "group": ("members",)}.get(what, ())
    if what == "all" and name in _LISTS and not aspect:
        return what, name, ""
    if not NAME.match(name) or aspect not in known:
        raise ValueError(f"not a key of accounts: {key[:80]!r}")
    return what, name, aspect


def _told(lines: Iterator[str]) -> _Told:
    told = _Told()
    for line in lines:
        mark, *fields = line.split("\t")
        if mark in {"passwd", "seen"} and len(fields) == 6:
            name, number, group, home, shell, word = fields
            place = told.local if mark == "passwd" else told.seen
            account = _Account(int(number), int(group), home, shell, word)
            place.setdefault(name, []).append(account)
        elif mark == "shadow" and len(fields) == 4:
            told.shadow.setdefault(fields[0], []).append((fields[1], fields[2], fields[3]))
        elif mark in {"group", "seen_group"} and len(fields) == 3:
            groups = told.groups if mark == "group" else told.seen_groups
            groups[fields[0]] = (int(fields[1]), tuple(n for n in fields[2].split(",") if n))
        elif mark == "own" and len(fields) == 2:
            told.own.append((fields[0], int(fields[1])))
        elif mark == "first" and len(fields) == 1:
            told.first = int(fields[0])
        else:
            raise ValueError(f"not a line about accounts: {line[:80]!r}")
    return told


def _answer(told: _Told, what: str, name: str, aspect: str) -> Observation:
    if what == "all":
        return Observed(tuple(sorted(_listed(told, name))))
    return _members(told, name) if what == "group" else _account(told, name, aspect)


def _account(told: _Told, name: str, aspect: str) -> Observation:
    local, seen = told.local.get(name, []), told.seen.get(name, [])
    if len(local) > 1:
        return Unreadable(Unread.UNPARSABLE, "the account stands twice in /etc/passwd")
    if not local:
        if not seen:
            return Absent()
        if aspect == "state":
            return Observed("elsewhere")
    elif aspect == "state":
        return Observed("present")
    if aspect in {"password", "expires", "changed"}:
        return _shadow(told, name, aspect)
    show: Callable[[_Account], str] = {
        "shell": lambda one: one.shell or "/bin/sh",
        "home": lambda one: one.home,
        "class": lambda one: "personal" if _personal(told, one) else "system",
    }[aspect]
    silent = Unreadable(Unread.NOT_ANSWERED)
    return Instances(
        complete=True,
        items={
            CONFIGURED: Observed(show(local[0])) if local else Absent(),
            EFFECTIVE: Observed(show(seen[0])) if seen else silent,
        },
    )


def _personal(told: _Told, account: _Account) -> bool:
    return account.number >= told.first and account.number != _NOBODY


def _shadow(told: _Told, name: str, aspect: str) -> Observation:
    local = told.local.get(name)
    if not local:
        return Unreadable(Unread.NOT_ANSWERED, "a directory has it")
    if aspect == "password" and local[0].word != "shadow":
        return Observed(local[0].word)
    lines = told.shadow.get(name, [])
    if len(lines) > 1:
        return Unreadable(Unread.UNPARSABLE, "the account stands twice in /etc/shadow")
    if not lines:
        return Unreadable(Unread.NOT_ANSWERED, "it has no line in /etc/shadow")
    found = lines[0]
    if aspect == "password":
        return Observed(found[0])
    days = found[1] if aspect == "changed" else found[2]
    return Observed((date(1970, 1, 1) + timedelta(int(days))).isoformat() if days else "never")


def _members(told: _Told, name: str) -> Observation:
    local, seen = told.groups.get(name), told.seen_groups.get(name)
    if local is None and seen is None:
        return Absent()

    def of(group: tuple[int, tuple[str, ...]]) -> Observation:
        own = [account for account, number in told.own if number == group[0]]
        return Observed(tuple(sorted({*group[1], *own})))

    silent = Unreadable(Unread.NOT_ANSWERED)
    return Instances(
        complete=True,
        items={
            CONFIGURED: of(local) if local is not None else Absent(),
            EFFECTIVE: of(seen) if seen is not None else silent,
        },
    )


def _listed(told: _Told, name: str) -> set[str]:
    both = [*told.local.items(), *told.seen.items()]
    everybody = [(account, one) for account, found in both for one in found]
    if name == "root_by_group":
        return set(_root_by_group(told, everybody))
    if name == "with_all_rights":
        return {account for account, one in everybody if one.number == 0}
    if name == "empty_passwords":
        shadow = {
            account
            for account, lines in told.shadow.items()
            if any(kind == "empty" for kind, _day, _end in lines)
        }
        return shadow | {account for account, one in everybody if one.word == "empty"}
    if name == "shared_numbers":
        return set(_shared(everybody, told.local))
    return {
        account
        for account, one in everybody
        if 0 < one.number < max(told.first, FIRST_PERSONAL) and one.shell not in _NO_SHELLS
    }


def _root_by_group(told: _Told, everybody: Sequence[tuple[str, _Account]]) -> Iterator[str]:
    for group in ROOT_GROUPS:
        for number, members in (
            one for one in (told.groups.get(group), told.seen_groups.get(group)) if one is not None
        ):
            own = {account for account, one in everybody if one.group == number}
            yield from (f"{group}: {name}" for name in {*members, *own})


def _shared(
    everybody: Sequence[tuple[str, _Account]], local: Mapping[str, Sequence[_Account]]
) -> Iterator[str]:
    """Names of one number, and names that stand twice."""
    by_number: dict[int, set[str]] = {}
    for account, one in everybody:
        by_number.setdefault(one.number, set()).add(account)
    for names in by_number.values():
        if len(names) > 1:
            yield from names
    yield from (account for account, found in local.items() if len(found) > 1)
