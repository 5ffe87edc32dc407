"""The SSH keys that open accounts: those sshd itself looks at, by fingerprint, and from where."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from kit.model.known_host import fingerprint
from kit.model.observation import Absent, Instances, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.accounts import NAME
from kit.reads.counted_lines import END, counted
from kit.reads.sshd_files import SHELL as SSHD
from kit.reads.sshd_files import wanted_lines
from kit.reads.sshd_key_files import EFFECTIVE, KEYS

ANYWHERE: Final = "*"
UNUSABLE: Final = "unusable"
_FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z")
_OPTION: Final = re.compile(r'([A-Za-z-]+)(?:="((?:\\"|[^"])*)")?(?:,|\Z)')
# What makes a key open less than a shell, or makes it something else than a key of its own: with
# ``cert-authority`` every certificate it has signed opens the account, and it does not.
_NARROWS: Final = ("cert-authority", "command", "expiry-time")

# ``elsewhere``: lines that say where keys are, for some connections only, or in words that
# ``sshd -T`` does not tell apart. Who it is, and in which group, ``sshd -T -C`` takes in itself.
_LOOK: Final = r"""
for program in awk cat getent grep id stat tr; do
    command -v "$program" >/dev/null || exit 127
done
[ "$(id -u)" = 0 ] || exit 126
sshd=$(command -v sshd) || no_sshd
# strict FILE: whether sshd would use it: nobody but root and the account can change it.
strict() {
    part=$1
    while :; do
        rights=$(stat -L -c '%u 0%a' -- "$part") || return 1
        set -- ${rights}
        [ "$1" = 0 ] || [ "$1" = "$number" ] || return 1
        [ $(($2 & 022)) -eq 0 ] || return 1
        [ "$part" != "$home" ] && [ "$part" != / ] || return 0
        part=${part%/*}
        part=${part:-/}
    done
}
elsewhere() {
    awk -F '\t' -v OFS='\t' '
        $1 == "enter" { depth++; some[depth] = some[depth - 1]; file[depth] = $2 }
        $1 == "leave" { depth-- }
        $1 == "line" {
            text = $0
            sub(/^line\t[0-9]*\t/, "", text)
            spaced = text ~ /"[^"]*[ \t][^"]*"/
            gsub(/["=\t]/, " ", text)
            count = split(tolower(text), words, " ")
            if (words[1] == "match") {
                some[depth] = 0
                for (at = 2; at <= count && words[at] !~ /^#/; at += 2)
                    if (words[at] !~ /^(all|group|user)$/) some[depth] = 1
            } else if (words[1] != "include" && (some[depth] || spaced))
                print "elsewhere", file[depth] ":" $2
        }' "$1"
}
account() {
    entry=$(getent passwd "$1") || { [ $? -eq 2 ] || exit 1; printf 'gone\t%s\n' "$1"; return; }
    number=$(printf '%s\n' "$entry" | awk -F: '{ print $3 }')
    home=$(printf '%s\n' "$entry" | awk -F: '{ print $6 }')
    at=${KIT_INSIDE:-$KIT_OUTSIDE}
    if ! effective "user=$1,host=$at,addr=$at,laddr=127.0.0.1,lport=22" >answer 2>why ||
        ! grep -q '^port ' answer; then
        printf 'failed\t%s\t%s\n' "$1" "$(tr '\n\t' '  ' <why)"
        return
    fi
    printf 'account\t%s\n' "$1"
    awk -v OFS='\t' '
        $1 ~ /^(authorizedkeyscommand|strictmodes|trustedusercakeys)$/ { print $1, $2 }' answer
    files=$(awk '$1 == "authorizedkeysfile" { $1 = ""; print }' answer) || exit
    set -f
    set -- "$1" ${files}
    set +f
    name=$1
    shift
    for file in "$@"; do
        [ "$file" != none ] || continue
        file=$(expanded "$file")
        # Patterns: an older sshd takes them for a name, a newer one for many.
        case $file in *[*?[]*) printf 'file\t%s\tpattern\n' "$file"; continue ;; esac
        [ -e "$file" ] || { printf 'file\t%s\tabsent\n' "$file"; continue; }
        if strict "$file"; then printf 'file\t%s\tstrict\n' "$file"
        else printf 'file\t%s\tloose\n' "$file"
        fi
        cat -- "$file" >copy || exit 126
        keys copy || exit
    done
}
walk /etc/ssh/sshd_config 1 >walked || cannot
{
    elsewhere walked || exit
    for name in $accounts; do account "$name" || exit; done
} >all || exit
"""
_WANTED: Final = wanted_lines(
    {"authorizedkeyscommand", "authorizedkeysfile", "include", "match", "trustedusercakeys"}
)


@dataclass
class _Found:
    exists: bool = True
    failed: str | None = None
    strict: bool = True
    command: str = "none"
    authorities: str = "none"
    unknown: str = ""  # where more keys may be than are told
    keys: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # place -> key


class AuthorizedKeys(Read):
    """The files of ``AuthorizedKeysFile`` as sshd means them for an account.

    - ``key ACCOUNT FINGERPRINT``: Instances, one a line that lets this key in (``FILE:LINE``), each
      the sorted patterns of its ``from`` (``*``: from anywhere), with ``command`` or
      ``expiry-time`` when it has such an option, or ``unusable`` when sshd would refuse the file
      because others may change it; Absent when no line has it, or there is no such account;
    - ``keys ACCOUNT``: the sorted fingerprints of all keys that open it.

    Unreadable when a program of the device gives keys (``AuthorizedKeysCommand``), when a Match
    block says otherwise for some connections, and for patterns of files; ``keys`` also when
    certificates open accounts (``TrustedUserCAKeys``). Without any sshd, proven: complete Instances
    without one.
    """

    id: ClassVar[str] = "authorized_keys"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Raises ``ValueError`` for what is no key of this read."""
        accounts = sorted({_split(key)[0] for key in keys})
        shell = f"{SSHD}{EFFECTIVE}{KEYS}{_LOOK}{END}"
        return Script(form, f"accounts='{' '.join(accounts)}'\nwanted='{_WANTED}'\n{shell}")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        lines = list(counted(raw.text))
        if lines == ["none"]:
            return dict.fromkeys(keys, Instances(complete=True))
        found = _found(iter(lines))
        return {key: _answer(found, *_split(key)) for key in keys}


def _split(key: str) -> tuple[str, str]:
    """The account, and the fingerprint or nothing; raises ``ValueError``."""
    what, _blank, rest = key.partition(" ")
    name, _blank, wanted = rest.partition(" ")
    fits = not wanted if what == "keys" else _FINGERPRINT.match(wanted)
    if what not in {"key", "keys"} or not NAME.match(name) or not fits:
        raise ValueError(f"not a key of authorized_keys: {key[:80]!r}")
    return name, wanted


def _found(lines: Iterator[str]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    one, file, usable, elsewhere = _Found(), "", True, ""
    for line in lines:
        mark, *fields = line.split("\t")
        if mark == "elsewhere" and len(fields) == 1:
            elsewhere = fields[0]
        elif mark == "gone" and len(fields) == 1:
            found[fields[0]] = _Found(exists=False)
        elif mark == "failed" and len(fields) == 2:
            found[fields[0]] = _Found(failed=fields[1])
        elif mark == "account" and len(fields) == 1:
            one, file = _Found(unknown=elsewhere), ""
            found[fields[0]] = one
        elif mark == "authorizedkeyscommand" and len(fields) == 1:
            one.command = fields[0]
        elif mark == "strictmodes" and len(fields) == 1:
            one.strict = fields[0] != "no"
        elif mark == "trustedusercakeys" and len(fields) == 1:
            one.authorities = fields[0]
        elif mark == "file" and len(fields) == 2 and fields[1] == "pattern":
            one.unknown = fields[0]
        elif mark == "file" and len(fields) == 2 and fields[1] in {"absent", "loose", "strict"}:
            file, usable = fields[0], fields[1] != "loose" or not one.strict
        elif mark == "key" and len(fields) == 4 and file:
            sources = _sources(fields[3]) if usable else (UNUSABLE,)
            one.keys[f"{file}:{int(fields[0])}"] = (_fingerprint(fields[2]), sources)
        else:
            raise ValueError(f"not a line about keys: {line[:80]!r}")
    return found


def _fingerprint(blob: str) -> str:
    try:
        return fingerprint(base64.b64decode(blob, validate=True))
    except binascii.Error as error:
        raise ValueError(f"not a key: {blob[:40]!r}") from error


def _sources(options: str) -> tuple[str, ...]:
    """From where a line lets in, and what else narrows it, sorted."""
    given = {found[1].lower(): found[2] for found in _OPTION.finditer(options)}
    places = {one.strip() for one in (given.get("from") or ANYWHERE).split(",") if one.strip()}
    return tuple(sorted({*places, *(name for name in _NARROWS if name in given)}))


def _answer(found: Mapping[str, _Found], account: str, wanted: str) -> Observation:
    one = found.get(account)
    if one is None:
        return Unreadable(Unread.NOT_ANSWERED)
    if one.failed is not None:
        return Unreadable(Unread.FAILED, one.failed[:400])
    if not one.exists:
        return Absent()
    if one.command != "none":
        return Unreadable(Unread.NOT_ANSWERED, f"AuthorizedKeysCommand {one.command[:80]}")
    if one.unknown:
        return Unreadable(Unread.NOT_ANSWERED, f"AuthorizedKeysFile: {one.unknown[:80]}")
    if not wanted and one.authorities != "none":
        return Unreadable(Unread.NOT_ANSWERED, f"TrustedUserCAKeys {one.authorities[:80]}")
    if not wanted:
        return Observed(tuple(sorted({key for key, _from in one.keys.values()})))
    items: dict[str, Observation] = {
        place: Observed(sources) for place, (key, sources) in one.keys.items() if key == wanted
    }
    return Instances(complete=True, items=items) if items else Absent()
