"""The ways by which sshd lets people in without asking PAM, which asks for codes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from kit.model.observation import Instances, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted
from kit.reads.sshd_files import MAIN, SHELL, ConfigLine, Walk, read_walk, wanted_lines
from kit.reads.sshd_key_files import EFFECTIVE, KEYS
from kit.reads.sshd_options import ALIASES

_NAME: Final = r"[a-z_][a-z0-9_-]{0,31}"
_KEY: Final = re.compile(
    rf"(?:group (?P<group>{_NAME})|(?P<anyone>anyone)) except (?P<spared>{_NAME}(?:,{_NAME})*)\Z"
)
_OPTIONS: Final = (
    *("allowgroups", "allowusers", "authenticationmethods", "authorizedkeyscommand"),
    *("authorizedkeysfile", "denygroups", "denyusers", "gssapiauthentication"),
    *("hostbasedauthentication", "kerberosauthentication", "passwordauthentication"),
    *("permitrootlogin", "pubkeyauthentication", "pubkeyauthoptions", "trustedusercakeys"),
    "usepam",
)
_WANTED: Final = wanted_lines(
    {*_OPTIONS, "include", "match", *(old for old, new in ALIASES.items() if new in _OPTIONS)}
)
_ASK_PAM: Final = frozenset({"keyboard-interactive", "password"})
_EXPIRED: Final = "expired"

# Everybody who might be asked about: the members of the groups, or all who have a shell. What holds
# for one holds for all where no Match block asks who comes and from where.
_LOOK: Final = r"""
for program in awk cat date getent grep id sed tr; do
    command -v "$program" >/dev/null || exit 127
done
[ "$(id -u)" = 0 ] || exit 126
sshd=$(command -v sshd) || no_sshd
tab=$(printf '\t')
conditions() {
    sed -n "s/^line${tab}[0-9]*${tab}//p" walked | grep -i -E '^[[:space:]]*"?match' |
        grep -q -v -i -E '^[[:space:]]*match[[:space:]]+all[[:space:]]*$'
}
who() {
    awk -F: -v groups=" $groups " -v anyone="$anyone" '
        FILENAME == "listed" {
            if (!index(groups, " " $1 " ")) next
            own[$3] = 1
            count = split($4, names, ",")
            for (at = 1; at <= count; at++) wanted[names[at]] = 1
            next
        }
        ($4 in own) || (anyone && $7 !~ /(nologin|false)$/) { wanted[$1] = 1 }
        END { for (name in wanted) if (name != "") print name }' listed accounts
}
# Who has left: PAM and sshd turn away an account whose last day has come.
expired() {
    awk -F: -v name="$1" -v today=$(($(date +%s) / 86400)) '
        $1 == name && $8 ~ /^[1-9][0-9]*$/ && $8 <= today { found = 1 }
        END { exit !found }' /etc/shadow
}
ask() {
    said="user=$1,host=$2,addr=$2,laddr=127.0.0.1,lport=22"
    effective "$said" >answer 2>why && grep -q '^port ' answer
}
files() {
    files=$(awk '$1 == "authorizedkeysfile" { $1 = ""; print }' answer) || exit
    set -f
    set -- ${files}
    set +f
    for file in "$@"; do
        [ "$file" != none ] || continue
        file=$(expanded "$file")
        case $file in *[*?[]*) printf 'file\t%s\tpattern\n' "$file"; continue ;; esac
        [ -f "$file" ] || { printf 'file\t%s\tabsent\n' "$file"; continue; }
        cat -- "$file" >copy || { printf 'file\t%s\tunreadable\n' "$file"; continue; }
        printf 'file\t%s\tread\n' "$file"
        keys copy >found || exit
        # Whether a key of the kind that wants it asks for a PIN; what is quoted says nothing.
        awk -F '\t' -v OFS='\t' '{
            options = tolower($5)
            gsub(/\\"/, "", options); gsub(/"[^"]*"/, "", options)
            print "key", $2, $3, (options ~ /(^|,)verify-required(,|$)/ ? "verified" : "plain")
        }' found || exit
    done
}
context() { # NAME ADDRESS
    if [ -n "$conditions" ]; then
        if ! ask "$1" "$2"; then
            printf 'failed\t%s\t%s\n' "$2" "$(tr '\n\t' '  ' <why)"
            return
        fi
    fi
    printf 'context\t%s\n' "$2"
    grep -E "^($asked) " answer | tr '\t' ' '
    files
}
walk /etc/ssh/sshd_config 1 >walked || cannot
getent passwd >accounts || exit 1
getent group >listed || exit 1
[ -r /etc/shadow ] || exit 126
who >wanted || exit
conditions=
if conditions; then conditions=yes
else ask root "$KIT_OUTSIDE" || { cat why >&2; exit 1; }
fi
{
    cat walked
    for group in $groups; do
        awk -F: -v OFS='\t' -v group="$group" '$1 == group { print "group", $1, $3, $4 }' listed
    done
    while read -r name; do
        # A directory may know who it does not list; who is nobody comes in by no way.
        entry=$(getent passwd "$name") || { [ $? -eq 2 ] || exit 1; continue; }
        number=$(printf '%s\n' "$entry" | awk -F: 'NR == 1 { print $3 }')
        home=$(printf '%s\n' "$entry" | awk -F: 'NR == 1 { print $6 }')
        state=open
        if expired "$name"; then state=expired; fi
        names=$(id -Gn -- "$name") || exit 1
        printf 'account\t%s\t%s\t%s\t%s\n' "$name" "$state" "$names" "$(printf '%s\n' "$entry" |
            awk -F: 'NR == 1 { print $4 "\t" ($7 ~ /(nologin|false)$/ ? "none" : "shell") }')"
        context "$name" "$KIT_OUTSIDE"
        if [ -n "$conditions" ] && [ -n "$KIT_INSIDE" ]; then context "$name" "$KIT_INSIDE"; fi
    done <wanted
} >all || exit
"""


@dataclass
class _Context:
    """What sshd makes of one person from one place, and the keys it would look at."""

    options: dict[str, list[str]] = field(default_factory=dict)
    keys: list[tuple[str, str, bool]] = field(default_factory=list)  # place, type, with a PIN
    unknown: str = ""
    file: str = ""  # the one whose keys are told

    def says(self, option: str, default: str = "no") -> str:
        """The one word of an option."""
        return (self.options.get(option) or [default])[0].lower()


@dataclass
class _Person:
    open: bool
    groups: frozenset[str]
    first_group: int
    shell: bool
    contexts: list[_Context] = field(default_factory=list)


@dataclass
class _Told:
    walk: Walk
    people: dict[str, _Person]
    groups: dict[str, tuple[int, frozenset[str]]]


class SshdWays(Read):
    """Who may come in through sshd without the code that PAM asks for, and by what.

    ``group GROUP except A,B``: the members of a group but the accounts named; ``anyone except
    A,B``: all accounts with a shell. Observed, the sorted ways as ``NAME: WAY``: the place of a key
    (``FILE:LINE``), a program that gives keys (``AuthorizedKeysCommand``), an authority whose
    certificates are keys (``TrustedUserCAKeys``), ``HostbasedAuthentication``,
    ``GSSAPIAuthentication``, ``KerberosAuthentication``, or a password alone (``UsePAM no``).

    A way counts where the ``AuthenticationMethods`` of the person let it do alone. A key of a
    security token that must be asked for its PIN is two factors, and no such way; neither are ways
    of who is shut out by name, by group or by expiry. Others may do what sshd cannot be asked for
    (a Match block that goes by more than user and address): with no way proven, Unreadable.
    Without any sshd, proven: complete Instances without one.
    """

    id: ClassVar[str] = "sshd_ways"
    time_limit: ClassVar[int] = 60

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for what is no key of this read."""
        found = [_parsed(key) for key in sorted(keys)]
        groups = sorted({one["group"] for one in found if one["group"]})
        anyone = "1" if any(one["anyone"] for one in found) else ""
        wanted = f"groups={shlex.quote(' '.join(groups))}\nanyone='{anyone}'\n"
        wanted += f"wanted='{_WANTED}'\nasked='{'|'.join(_OPTIONS)}'\n"
        return Script(form, f"{wanted}{SHELL}{EFFECTIVE}{KEYS}{_LOOK}{END}")

    def people(self, raw: Raw) -> frozenset[str]:
        """Everybody who was asked about."""
        lines = (line.split("\t") for line in raw.text.splitlines())
        named = {line[1] for line in lines if line[0] == "account" and len(line) > 1}
        return frozenset(named - {"root"})

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        lines = list(counted(raw.text))
        if lines == ["none"]:
            return dict.fromkeys(keys, Instances(complete=True))
        told = _told(lines)
        return {key: _observation(told, _parsed(key)) for key in keys}


def _parsed(key: str) -> re.Match[str]:
    found = _KEY.match(key)
    if found is None:
        raise ValueError(f"not a key of sshd_ways: {key[:80]!r}")
    return found


def _told(lines: Sequence[str]) -> _Told:
    walked = max((n for n, line in enumerate(lines) if line == "leave"), default=-1) + 1
    told = _Told(read_walk(lines[:walked]), {}, {})
    if told.walk.files[0] != MAIN:
        raise ValueError("the files of sshd are not told")
    person, context = _Person(True, frozenset(), -1, True), _Context()
    for line in lines[walked:]:
        mark, *fields = line.split("\t")
        if mark == "group" and len(fields) == 3:
            names = frozenset(name for name in fields[2].split(",") if name)
            told.groups[fields[0]] = (int(fields[1]), names)
        elif mark == "account" and len(fields) == 5:
            name, state, groups, first, shell = fields
            person = _Person(
                state != _EXPIRED, frozenset(groups.split()), int(first), shell == "shell"
            )
            told.people[name] = person
        elif mark == "context" and len(fields) == 1:
            context = _Context()
            person.contexts.append(context)
        elif mark == "failed" and len(fields) == 2:
            person.contexts.append(_Context(unknown=fields[1].strip()[:400] or "sshd -T failed"))
        elif not _take(context, mark, fields):
            raise ValueError(f"not a line about sshd: {line[:80]!r}")
    if any(not one.contexts for one in told.people.values()):
        raise ValueError("not everybody was asked about")
    return told


def _take(context: _Context, mark: str, fields: Sequence[str]) -> bool:
    """One line of what holds for a person: an option, a file of keys, a key of the last file."""
    if mark == "file" and len(fields) == 2 and fields[1] in {"absent", "read"}:
        context.file = fields[0]
    elif mark == "file" and len(fields) == 2 and fields[1] in {"pattern", "unreadable"}:
        context.unknown = f"AuthorizedKeysFile {fields[0][:80]}: {fields[1]}"
    elif mark == "key" and len(fields) == 3 and context.file:
        place = f"{context.file}:{int(fields[0])}"
        context.keys.append((place, fields[1], fields[2] == "verified"))
    elif not fields and mark.partition(" ")[0] in _OPTIONS:
        option, *words = mark.split()
        context.options.setdefault(option, []).extend(words)
    else:
        return False
    return True


def _observation(told: _Told, key: re.Match[str]) -> Observation:
    """Ways that are proven; what is not known where there is none."""
    spared = frozenset(key["spared"].split(","))
    found, unknown = set(), []
    conditional = [line for line in told.walk.lines if line.asks - {"group", "user"}]
    for name, person in sorted(told.people.items()):
        if name in spared or not person.open or not _asked_about(told, person, name, key["group"]):
            continue
        for context in person.contexts:
            if context.unknown:
                unknown.append(context.unknown)
            if context.options and not _shut_out(context, name, person.groups):
                found |= {f"{name}: {way}" for way in _ways(context)}
        unknown += [f"Match, {line.place}" for line in conditional if _opens(line, name, person)]
    unknown += [
        f"AuthorizedKeysFile, {line.place}"
        for line in told.walk.lines
        if line.keyword == "authorizedkeysfile" and any(" " in word for word in line.words)
    ]
    if found or not unknown:
        return Observed(tuple(sorted(found)))
    return Unreadable(Unread.NOT_ANSWERED, unknown[0])


def _asked_about(told: _Told, person: _Person, name: str, group: str | None) -> bool:
    if group is None:
        return person.shell
    number, members = told.groups.get(group, (-1, frozenset()))
    return name in members or person.first_group == number or group in person.groups


def _shut_out(context: _Context, name: str, groups: frozenset[str]) -> bool:
    """Whether sshd turns the person away, from wherever, whatever is shown."""
    if name == "root" and context.says("permitrootlogin") == "no":
        return True

    def listed(option: str) -> list[str]:
        return context.options.get(option, [])

    denied = [one for one in listed("denyusers") if "@" not in one]
    if _any_fits(denied, {name}) or _any_fits(listed("denygroups"), groups):
        return True
    allowed = [one.partition("@")[0] for one in listed("allowusers")]
    if allowed and not _any_fits(allowed, {name}):
        return True
    allowed = listed("allowgroups")
    return bool(allowed) and not _any_fits(allowed, groups)


def _any_fits(patterns: Sequence[str], names: frozenset[str] | set[str]) -> bool:
    for pattern in patterns:
        form = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        if any(re.fullmatch(form, name) for name in names):
            return True
    return False


def _ways(context: _Context) -> Iterator[str]:
    """What lets in without PAM, where the methods asked for let it do."""
    alone = {method: ways for method, ways in _without_pam(context).items() if ways}
    lists = context.options.get("authenticationmethods") or ["any"]
    for asked in lists:
        methods = [one.partition(":")[0].lower() for one in asked.split(",")]
        if methods == ["any"]:
            yield from (way for ways in alone.values() for way in ways)
        elif methods == ["none"]:
            yield "AuthenticationMethods none"
        elif all(method in alone for method in methods):
            yield from (way for method in methods for way in alone[method])


def _without_pam(context: _Context) -> dict[str, list[str]]:
    """Method -> what it takes for a proof, of those that never ask PAM for anything."""
    ways: dict[str, list[str]] = {
        "gssapi-with-mic": [], "gssapi-keyex": [], "hostbased": [], "password": [], "publickey": [],
    }  # fmt: skip
    if context.says("gssapiauthentication") == "yes":
        ways["gssapi-with-mic"] = ways["gssapi-keyex"] = ["GSSAPIAuthentication yes"]
    if context.says("hostbasedauthentication") == "yes":
        ways["hostbased"] = ["HostbasedAuthentication yes"]
    if context.says("passwordauthentication", "yes") == "yes":
        if context.says("usepam") != "yes":
            ways["password"] = ["UsePAM no"]
        elif context.says("kerberosauthentication") == "yes":
            ways["password"] = ["KerberosAuthentication yes"]
    if context.says("pubkeyauthentication", "yes") == "yes":
        pin = any("verify-required" in one for one in context.options.get("pubkeyauthoptions", ()))
        ways["publickey"] = [
            place
            for place, kind, verified in context.keys
            if not (kind.startswith("sk-") and (pin or verified))
        ]
        for option, shown in (
            ("authorizedkeyscommand", "AuthorizedKeysCommand"),
            ("trustedusercakeys", "TrustedUserCAKeys"),
        ):
            given = " ".join(context.options.get(option, ["none"]))
            if given != "none":
                ways["publickey"].append(f"{shown} {given[:80]}")
    return ways


def _opens(line: ConfigLine, name: str, person: _Person) -> bool:
    """Whether a line for some connections only may let somebody in by another way."""
    keyword = ALIASES.get(line.keyword, line.keyword)
    words = [word.lower() for word in line.words]
    if keyword in {"denygroups", "denyusers", "usepam", "permitrootlogin"}:
        return False
    if keyword in {"allowgroups", "allowusers"}:
        # It lets in whom no other line does, who then has the ways of all.
        return any(_shut_out(one, name, person.groups) for one in person.contexts)
    if keyword == "authenticationmethods":
        return not all(
            _ASK_PAM & {one.partition(":")[0] for one in word.split(",")} for word in words
        )
    if keyword == "pubkeyauthoptions":
        return "verify-required" not in words
    if keyword == "passwordauthentication":
        return any(one.says("usepam") != "yes" for one in person.contexts) and words != ["no"]
    return words not in (["no"], ["none"])
