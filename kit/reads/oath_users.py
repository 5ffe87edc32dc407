"""Who has a second factor for pam_oath, without the factor: a keyed digest, and the last use."""

from __future__ import annotations

import hashlib
import hmac
import re
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.marked_lines import SHELL, parse_marked_lines

USERS_FILE: Final = "/etc/users.oath"
NEVER: Final = "never"
_KEY: Final = re.compile(r"(?P<what>line|used) (?P<user>[a-z_][a-z0-9_-]{0,31})\Z")
_DIGEST: Final = re.compile(r"(?:\S{1,40} [0-9a-f]{64}|several|other|exposed)\Z")
_LATEST: Final = 253402300799  # the last second datetime holds

# HMAC-SHA256 (RFC 2104) with what every Debian has. printf is the shell's own: no seed stands in
# the arguments of a process. The key comes in KIT_DIGEST_KEY, 64 hexadecimal digits.
_LOOK: Final = (
    SHELL
    + r"""
for program in awk sha256sum date stat; do
    command -v "$program" >/dev/null || exit 127
done
users=/etc/users.oath
# octal NUMBER: of each byte of the hexadecimal text on standard input, XOR the number, \ooo.
octal() {
    awk -v with="$1" '
        function odd_bits(a, b,    bit, sum) {
            for (bit = 1; bit < 256; bit *= 2)
                if (int(a / bit) % 2 != int(b / bit) % 2) sum += bit
            return sum + 0
        }
        {
            for (at = 1; at <= length($1); at += 2) {
                high = index("0123456789abcdef", substr($1, at, 1)) - 1
                low = index("0123456789abcdef", substr($1, at + 1, 1)) - 1
                printf "\\%03o", odd_bits(high * 16 + low, with)
            }
        }'
}
zeros=0000000000000000000000000000000000000000000000000000000000000000
inner=$(echo "$KIT_DIGEST_KEY$zeros" | octal 54)
outer=$(echo "$KIT_DIGEST_KEY$zeros" | octal 92)
digest() {
    # shellcheck disable=SC2059 # escapes are what is wanted
    first=$({ printf "$inner"; printf '%s' "$1"; } | sha256sum)
    last=$(echo "${first%% *}" | octal 0)
    [ "${#inner} ${#outer} ${#last}" = '256 256 128' ] || exit 1
    # shellcheck disable=SC2059
    first=$({ printf "$outer"; printf "$last"; } | sha256sum)
    echo "${first%% *}"
}
# exposed: somebody but root may read or change the seeds, and make codes.
exposed() {
    rights=$(stat -L -c '%u 0%a' -- "$users") || exit 1
    [ "${rights%% *}" != 0 ] || [ $((${rights##* } & 077)) -ne 0 ]
}
# line_of USER: kind, seed in lower case and, once used, the time of it; several where there are.
line_of() {
    awk -v user="$1" '
        $1 ~ /^#/ || $2 != user { next }
        { found++; kind = $1; pin = $3; seed = tolower($4); at = $7 }
        END {
            if (found > 1) print "several"
            else if (!found) exit
            else if (pin != "-" || seed !~ /^[0-9a-f]+$/ || length(seed) % 2) print "other"
            else print kind, seed, at
        }' "$users"
}
look() {
    if [ ! -e "$users" ] && [ ! -h "$users" ]; then absent "$1"; return; fi
    if [ ! -r "$users" ] || [ ! -f "$users" ]; then
        if [ "$(id -u)" = 0 ]; then failed "$1" 'it is no file'; else denied "$1"; fi
        return
    fi
    # shellcheck disable=SC2046 # two or three words
    set -- "$1" $(line_of "$2")
    case $1 in
    line*)
        case ${2-} in
        '') absent "$1" ;;
        several | other) value "$1" "$2" ;;
        *)
            if exposed; then value "$1" exposed; return; fi
            case $KIT_DIGEST_KEY in
            *[!0-9a-f]* | '') failed "$1" 'there is no key to compare it with' ;;
            *) value "$1" "$2 $(digest "$3")" ;;
            esac ;;
        esac ;;
    *)
        case ${2-} in
        '') absent "$1" ;;
        several | other) failed "$1" "$2" ;;
        *)
            at=${4-}
            if [ -z "$at" ]; then value "$1" never; return; fi
            day=${at%T*} time=${at#*T}
            if second=$(date -d "$day ${time%L}" +%s 2>/dev/null); then value "$1" "$second"
            else failed "$1" 'its time is none'
            fi ;;
        esac ;;
    esac
}
"""
)


def seed_digest(key: str, seed: str) -> str:
    """What the read shows of a seed (hexadecimal), with the site's key (hexadecimal)."""
    return hmac.new(bytes.fromhex(key), seed.lower().encode(), hashlib.sha256).hexdigest()


class OathUsers(Read):
    """Lines of ``/etc/users.oath``. Keys, each for an account:

    - ``line ACCOUNT``: ``HOTP/T30/6 DIGEST``, an HMAC-SHA256 of the seed with the key of the site
      (``KIT_DIGEST_KEY``); ``several`` when it has more than one line, ``other`` for a line with a
      PIN or without a hexadecimal seed, ``exposed`` when others than root may use the file.
    - ``used ACCOUNT``: when a code of it last opened a door (UTC), or ``never``. pam_oath keeps
      that in the line; a new seed begins without.

    Absent when there is no line, or no file. No seed and no code leaves the device.
    """

    id: ClassVar[str] = "oath_users"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One look a key; raises ``ValueError`` for what is no key."""
        calls = [f"look {shlex.join((key, _parsed(key)['user']))}\n" for key in sorted(keys)]
        return Script(form, _LOOK + "".join(calls) + "ended\n")

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        return parse_marked_lines(raw.text, _observation)


def _parsed(key: str) -> re.Match[str]:
    found = _KEY.match(key)
    if found is None:
        raise ValueError(f"not a key of oath_users: {key[:80]!r}")
    return found


def _observation(key: str, text: str) -> Observation:
    if _parsed(key)["what"] == "line":
        if not _DIGEST.match(text):
            raise ValueError(f"not a line: {text[:20]!r}")
        return Observed(text)
    if text == NEVER:
        return Observed(NEVER)
    second = int(text)
    if not 0 < second <= _LATEST:
        raise ValueError("not a time")
    return Observed(datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
