"""Whether a post reaches a service over TLS, and whom it meets there."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.model.service_address import ServiceAddress, parse_service
from kit.model.web_address import HTTPS_PORT
from kit.reads.marked_lines import SHELL, parse_marked_lines

SYSTEM: Final = "system"
"""The authorities of the machine, where no one is pinned."""
AUTHORITY_FOLDER: Final = "/usr/local/share/esms-kit/authorities"
"""Where certificates of pinned authorities lie, named by the SHA-256 of their content."""
VALID: Final = "valid"

_KEY: Final = re.compile(r"(chain|status) (system|[0-9a-f]{32}) (\S+)\Z")
_SECONDS: Final = 12  # all at once; the read as a whole may take 20

# The way of a browser: through the proxy of the machine, where it has one. A request without a
# body and without any secret; nothing of the answer is kept but its first line.
_LOOK: Final = r"""
for program in grep openssl sed timeout; do
    command -v "$program" >/dev/null || exit 127
done
environment() {
    sed -n "s/^ *\(export \)\{0,1\}$1=//p" /etc/environment 2>/dev/null | tail -n 1 | tr -d "\"'"
}
proxy=$(environment https_proxy)
[ -n "$proxy" ] || proxy=$(environment HTTPS_PROXY)
spared=$(environment no_proxy)
[ -n "$spared" ] || spared=$(environment NO_PROXY)
# through HOST: what stands before the connection, in "$way".
through() {
    way=
    [ -n "$proxy" ] || return 0
    set -f
    for one in $(printf '%s' "$spared" | tr ',' ' '); do
        case .$1 in *."${one#.}") return 0 ;; esac
    done
    set +f
    place=${proxy#http://}
    place=${place%/}
    case $place in
    *@* | *://* | *[!A-Za-z0-9.:-]*) return 1 ;;
    *) way="-proxy $place" ;;
    esac
}
# request PROTOCOL PATH HOST: of a mailbox nothing is asked but to say good-bye.
request() {
    case $1 in
    imap) printf 'a1 LOGOUT\r\n' ;;
    smtp) printf 'QUIT\r\n' ;;
    *)
        printf 'HEAD %s HTTP/1.1\r\nHost: %s\r\n' "$2" "$3"
        printf 'User-Agent: esms-kit\r\nConnection: close\r\n\r\n'
        ;;
    esac
}
# ask NAME HOST PORT PATH TRUST HOST[:PORT] PROTOCOL [STARTED-IN]
ask() {
    case $5 in
    system) trust= ;;
    *)
        if [ ! -e "$5" ]; then
            echo 'the pinned authority is not on this machine' >"$1.none"
            return
        fi
        trust="-CAfile $5 -no-CApath -no-CAstore"
        ;;
    esac
    way=
    if [ "$7" = http ] && ! through "$2"; then
        echo 'a proxy in a form that is not known' >"$1.odd"
        return
    fi
    # shellcheck disable=SC2086 # several words, or none
    request "$7" "$4" "$6" |
        timeout -k 1 __SECONDS__ openssl s_client -state -connect "$2:$3" -servername "$2" \
            -verify_hostname "$2" -ign_eof ${8:+-starttls "$8"} $way $trust \
            >"$1.out" 2>"$1.err"
    echo $? >"$1.status"
}
# tell KEY NAME WHAT
tell() {
    if [ -e "$2.odd" ]; then failed "$1" "$(cat "$2.odd")"; return; fi
    if [ -e "$2.none" ]; then
        if [ "$3" = chain ]; then value "$1" "broken: $(cat "$2.none")"; else absent "$1"; fi
        return
    fi
    code=$(sed -n 's/^ *Verify return code: //p' "$2.out" | tail -n 1 | tr '\t' ' ')
    line=$(grep -a -m 1 '^HTTP/1\.[01] [1-5][0-9][0-9]' "$2.out" | tr -d '\r' | cut -d ' ' -f 2)
    reached=$(grep -c '^CONNECTED(' "$2.out")
    # The code is 0 as well where nobody was verified; and a certificate is public: who shows one
    # has the key to it once the last message of the handshake holds.
    grep -q '^-----BEGIN CERTIFICATE-----$' "$2.out" || code=
    case $code in
    '0 (ok)') grep -q ' read finished$' "$2.err" || code='the handshake broke off' ;;
    esac
    said=$(grep -a -v '^SSL' "$2.err" | grep -a -i 'error\|errno\|failed' | head -n 1 |
        tr '\t' ' ' | sed 's/^[0-9A-F]*:error:[0-9A-F]*:[^:]*:[^:]*:\([^:]*\):[^:]*:[0-9]*:/\1: /')
    case $3-$reached-$code in
    chain-0-*) value "$1" "unreachable${said:+: $said}" ;;
    chain-*-'0 (ok)') value "$1" valid ;;
    chain-*-) value "$1" "broken: no certificate" ;;
    chain-*) value "$1" "broken: $code" ;;
    status-0-*) absent "$1" ;;
    status-*) if [ -n "$line" ]; then value "$1" "$line"; else absent "$1"; fi ;;
    esac
}
"""


class WebReach(Read):
    """Keys: ``chain TRUST URL`` and ``status TRUST URL``; ``TRUST`` is ``system`` or an authority.

    ``URL`` is an address of ``kit.model.service_address``: a page, or a mailbox (``imaps://`` and
    the like), which has a chain and no status.

    ``chain``: ``valid``; ``broken: WHY`` when somebody answers who cannot prove to be this host to
    the authorities trusted; ``unreachable: WHY``. ``status``: the number of the answer to a HEAD
    request; Absent when there was none. An authority is named by the first 32 digits of the
    SHA-256 of its certificate; then no other one counts.
    """

    id: ClassVar[str] = "web_reach"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """All services side by side; raises ``ValueError`` for what is no key."""
        asked: dict[str, str] = {}
        told = []
        for key in sorted(keys):
            what, trust, address = _split(key)
            name = _name(key)
            place = SYSTEM if trust == SYSTEM else f"{AUTHORITY_FOLDER}/{trust}.pem"
            words = [name, address.host, str(address.port), address.path or "/", place]
            words += [_named(address), address.protocol, address.start]
            asked[name] = f"ask {shlex.join(words)} &\n"
            told.append(f"tell {shlex.join([key, name, what])}\n")
        look = SHELL + _LOOK.replace("__SECONDS__", str(_SECONDS))
        return Script(form, "".join([look, *sorted(asked.values()), "wait\n", *told, "ended\n"]))

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        del keys
        return parse_marked_lines(raw.text, _observation)


def chain_key(trust: str, url: str) -> str:
    """The key that asks whom one meets at ``url``."""
    return f"chain {trust} {url}"


def status_key(trust: str, url: str) -> str:
    """The key that asks what is answered at ``url``."""
    return f"status {trust} {url}"


def _named(address: ServiceAddress) -> str:
    """The host as a request for a page names it: with its port, where it is not the usual one."""
    return address.host if address.port == HTTPS_PORT else f"{address.host}:{address.port}"


def _split(key: str) -> tuple[str, str, ServiceAddress]:
    found = _KEY.match(key)
    if found is None:
        raise ValueError(f"not a key of web_reach: {key[:80]!r}")
    address = parse_service(found[3])
    if found[1] == "status" and not address.web:
        raise ValueError(f"a mailbox has no status: {key[:80]!r}")
    return found[1], found[2], address


def _name(key: str) -> str:
    """One for both keys of a service."""
    service = key.partition(" ")[2]
    return hashlib.sha256(service.encode()).hexdigest()[:20]


def _observation(key: str, text: str) -> Observation:
    what, _trust, _address = _split(key)
    if what == "status":
        return Observed(int(text))
    if text == VALID or text.startswith(("broken: ", "unreachable")):
        return Observed(text[:200])
    return Unreadable(Unread.UNPARSABLE, text[:200])
