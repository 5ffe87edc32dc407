"""What sudo's files say once they are read as sudo reads them, whoever wrote which part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from kit.model.observation import Absent, Instances, Observation, Observed, Scalar
from kit.model.read import Form, Raw, Read, Script
from kit.reads.accounts import NAME

DROP_IN: Final = "/etc/sudoers.d/zz-esms-kit"
"""The file of the kit: read last, and without a dot in its name, or sudo would leave it out."""
DROP_IN_KEY: Final = "drop_in"
EVERYBODY: Final = "everybody"
ALL: Final = "everything"
ALL_FREELY: Final = "everything without password"
SOME: Final = "some commands"
_OPTION: Final = re.compile(r"[a-z_]{2,40}\Z")
_MARKS: Final = {
    "netgroup": "+",
    "nonunixgroup": "%:",
    "usergid": "%#",
    "usergroup": "%",
    "userid": "#",
}
_NO: Final[frozenset[str]] = frozenset()

# sudo reads its files anew each time: what they say is what holds. ``sudo -l`` would be written to
# the logs. Without sudo, proven by the package database, nobody has rights by it.
_LOOK: Final = r"""
for program in awk cat id readlink tr; do command -v "$program" >/dev/null || exit 127; done
[ "$(id -u)" = 0 ] || exit 126
if ! command -v sudo >/dev/null; then
    command -v dpkg-query >/dev/null || exit 127
    form='${db:Status-Status}\n'
    [ "$(dpkg-query -W -f "$form" dpkg 2>/dev/null)" = installed ] || exit 127
    for package in sudo sudo-ldap sudo-rs; do
        dpkg-query -W -f "$form" "$package" >status 2>/dev/null
        case $?:$(cat status) in
        1: | 0:not-installed | 0:config-files) ;;
        *) echo "$package is installed, yet sudo is not found" >&2; exit 127 ;;
        esac
    done
    echo none
    echo end
    exit 0
fi
# Another sudo, or another plugin, has other files, or reads them otherwise.
case $(readlink -f "$(command -v sudo)") in
*sudo-rs* | */cargo/*) echo 'sudo-rs is not known here' >&2; exit 1 ;;
esac
if [ -e /etc/sudo.conf ]; then
    awk 'tolower($1) == "plugin" && !(NF == 3 && $2 ~ /^sudoers_(audit|io|policy)$/ &&
        $3 ~ /^([^ ]*\/)?sudoers\.so$/) { exit 1 }' /etc/sudo.conf ||
        { echo 'the plugins of sudo are not those of a plain /etc/sudo.conf' >&2; exit 1; }
fi
command -v cvtsudoers >/dev/null || exit 127
cvtsudoers -e -f json -o parsed /etc/sudoers >why 2>&1 || { cat why >&2; exit 1; }
# One it could only warn of is not all of it.
[ ! -s why ] || ! grep -v -i '^ *warning' why >&2 || exit 1
where=files
if [ -e /etc/nsswitch.conf ]; then
    where=$(awk '$1 == "sudoers:" { $1 = ""; print; exit }' /etc/nsswitch.conf) || exit 1
fi
printf 'where\t%s\n' "${where:-files}"
awk 'tolower($1) ~ /^[@#]includedir$/ && $2 ~ /^\/etc\/sudoers\.d\/*$/ { print "included"; exit }' \
    /etc/sudoers || exit
for name in $accounts; do
    groups=$(id -Gn -- "$name" 2>/dev/null) || { printf 'gone\t%s\n' "$name"; continue; }
    printf 'groups\t%s\t%s\n' "$name" "$groups"
done
printf 'parsed\t'
tr -d '\n' <parsed
printf '\nend\n'
"""


class Sudoers(Read):
    """``cvtsudoers`` on /etc/sudoers and all it includes.

    - ``default OPTION``: Instances: ``everybody`` (the last line that sets it for all; Absent
      when none does) and one for each line that sets it for some (``username esms``), of what it
      is set to (a flag is true or false, anything else a word or a number);
    - ``grant ACCOUNT``: Observed ``everything`` (as root, with a password), ``everything without
      password``, ``some commands``; Absent when no line gives the account, or a group it is in,
      anything;
    - ``without_password``: Observed, sorted, everybody (``esms``, ``%group``) whom some line lets
      run something without a password;
    - ``drop_in``: Observed ``included`` when the folder of the kit's file is read, else Absent.

    Unreadable when rights come from elsewhere too (``sudoers: files ldap``, a plugin in
    ``/etc/sudo.conf``), and for sudo-rs. Without sudo, proven: complete Instances without one.
    """

    id: ClassVar[str] = "sudoers"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for what is no key of this read."""
        accounts = sorted(name for what, name in map(_split, sorted(keys)) if what == "grant")
        return Script(form, f"accounts='{' '.join(accounts)}'\n{_LOOK}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        *lines, end = raw.text.removesuffix("\n").split("\n")
        if end != "end":
            raise ValueError("the answer has no end")
        if lines == ["none"]:
            return dict.fromkeys(keys, Instances(complete=True))
        told = _told(lines)
        return {key: _answer(told, *_split(key)) for key in keys}


@dataclass(frozen=True)
class _Told:
    included: bool
    groups: Mapping[str, frozenset[str] | None]  # account -> its groups; None: no such account
    parsed: Mapping[str, Any]


def _split(key: str) -> tuple[str, str]:
    what, _blank, name = key.partition(" ")
    fits = {
        "default": _OPTION.match(name),
        "grant": NAME.match(name),
        "without_password": not name,
        DROP_IN_KEY: not name,
    }
    if not fits.get(what):
        raise ValueError(f"not a key of sudoers: {key[:80]!r}")
    return what, name


def _told(lines: Sequence[str]) -> _Told:
    where, included, parsed = "", False, None
    groups: dict[str, frozenset[str] | None] = {}
    for line in lines:
        mark, *fields = line.split("\t", 2)
        if mark == "where" and len(fields) == 1:
            where = fields[0]
        elif line == "included":
            included = True
        elif mark == "groups" and len(fields) == 2:
            groups[fields[0]] = frozenset(fields[1].split())
        elif mark == "gone" and len(fields) == 1:
            groups[fields[0]] = None
        elif mark == "parsed":
            parsed = json.loads(line.partition("\t")[2] or "{}")
        else:
            raise ValueError(f"not a line about sudo: {line[:80]!r}")
    if where.split() != ["files"]:
        raise ValueError(f"sudo asks elsewhere too: {where[:80]!r}")
    if not isinstance(parsed, dict):
        raise TypeError("what sudo's files say is not told")
    return _Told(included, groups, parsed)


def _answer(told: _Told, what: str, name: str) -> Observation:
    if what == DROP_IN_KEY:
        return Observed("included") if told.included else Absent()
    if what == "default":
        return _default(told.parsed, name)
    if what == "grant":
        if name not in told.groups:
            raise LookupError(f"the groups of {name} are not told")
        return _grant(told.parsed, name, told.groups[name])
    return Observed(tuple(sorted(set(_free(told.parsed)))))


def _default(parsed: Mapping[str, Any], option: str) -> Instances:
    found: dict[str, Observation] = {EVERYBODY: Absent()}
    for line in parsed.get("Defaults", ()):
        for options in line.get("Options", ()):
            if option in options:
                for whom in _bound(line.get("Binding", ())):
                    found[whom] = Observed(_scalar(options[option]))
    return Instances(complete=True, items=found)


def _bound(binding: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """To whom a line of defaults speaks."""
    if not binding:
        yield EVERYBODY
    for one in binding:
        yield " ".join(f"{name} {one[name]}" for name in sorted(one))


def _scalar(value: object) -> Scalar:
    if isinstance(value, bool | int):
        return value
    text = str(value)
    return int(text) if re.fullmatch(r"-?[1-9][0-9]{0,8}|0", text) else text


def _whom(spec: Mapping[str, Any]) -> Iterator[str]:
    """Users and groups of a line, as the file writes them."""
    for one in spec.get("User_List", ()):
        if not one.get("negated"):
            for name, value in one.items():
                if name != "negated":
                    yield f"{_MARKS.get(name, '')}{value}"


def _concerns(spec: Mapping[str, Any], account: str, groups: frozenset[str]) -> bool:
    """Whether a line speaks of the account; the last word about it counts."""
    concerned = False
    for one in spec.get("User_List", ()):
        named = one.get("username") in {account, "ALL"} or one.get("usergroup") in groups
        if named:
            concerned = not one.get("negated")
    return concerned


def _commands(spec: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each command of a line with what is said of it as a group."""
    for group in spec.get("Cmnd_Specs", ()):
        for command in group.get("Commands", ()):
            yield group, command


def _authenticates(group: Mapping[str, Any], standard: bool) -> bool:
    told = [one["authenticate"] for one in group.get("Options", ()) if "authenticate" in one]
    return bool(told[-1]) if told else standard


def _asks(parsed: Mapping[str, Any], account: str = "", groups: frozenset[str] = _NO) -> bool:
    """Whether a password is asked for where a line says nothing of it: the last default counts."""
    asks = True
    concerned = {EVERYBODY, f"username {account}", *(f"usergroup {one}" for one in groups)}
    for line in parsed.get("Defaults", ()):
        for options in line.get("Options", ()):
            if "authenticate" in options and concerned & set(_bound(line.get("Binding", ()))):
                asks = options["authenticate"] is not False
    return asks


def _free(parsed: Mapping[str, Any]) -> Iterator[str]:
    """Whom a line, or a default, spares the password."""
    standard = _asks(parsed)
    for spec in parsed.get("User_Specs", ()):
        for group, command in _commands(spec):
            if not command.get("negated") and not _authenticates(group, standard):
                yield from _whom(spec)
    spared = _default(parsed, "authenticate")
    for whom, value in spared.items.items():
        kind, _blank, name = whom.partition(" ")
        if value == Observed(value=False) and kind != EVERYBODY:
            yield f"{_MARKS.get(kind, '')}{name}"
    for exempt in _default(parsed, "exempt_group").items.values():
        if isinstance(exempt, Observed) and exempt.value is not False:
            yield f"%{exempt.value}"


def _as_root(group: Mapping[str, Any]) -> bool:
    users = group.get("runasusers")
    if users is None:
        return "runasgroups" not in group
    return any(one.get("username") in {"root", "ALL"} and not one.get("negated") for one in users)


def _everywhere(spec: Mapping[str, Any]) -> bool:
    return any(one.get("hostname") == "ALL" for one in spec.get("Host_List", ()))


def _grant(parsed: Mapping[str, Any], account: str, groups: frozenset[str] | None) -> Observation:
    """The last line that matches counts; a command taken away afterwards leaves only some."""
    found: Observation = Absent()
    standard = _asks(parsed, account, groups or _NO)
    for spec in parsed.get("User_Specs", ()) if groups is not None else ():
        if not _concerns(spec, account, groups or _NO):
            continue
        for group, command in _commands(spec):
            whole = command.get("command") == "ALL" and _as_root(group) and _everywhere(spec)
            if whole and not command.get("negated"):
                asks = _authenticates(group, standard)
                found = Observed(ALL if asks else ALL_FREELY)
            elif command.get("negated"):
                found = Absent() if whole else _less(found)
            elif isinstance(found, Absent):
                found = Observed(SOME)
    return found


def _less(found: Observation) -> Observation:
    return found if isinstance(found, Absent) else Observed(SOME)
