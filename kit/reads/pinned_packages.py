"""Packages the kit has installed from a file: their version, and what was proven of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import ClassVar, Final

from kit.model.observation import Observation, Observed
from kit.model.read import Form, Raw, Read, Script
from kit.reads.marked_lines import SHELL, parse_marked_lines
from kit.reads.packages import DATABASE

PROOFS: Final = "/var/lib/esms-kit/pinned"
"""On the device: a file for each such package, written once it is installed and has started."""

_KEY: Final = re.compile(r"(version|proof) ([a-z0-9][a-z0-9+.-]{1,99})\Z")

_LOOK: Final = """
shown() { dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag} ${Version}\\n' -- "$1" 2>said; }
case $(shown dpkg) in
installed*) ;;
*) echo 'dpkg itself is not known' >&2; exit 1 ;;
esac
version() {
    told=$(shown "$2")
    ended=$?
    case $ended-$told in
    1-*) absent "$1" ;;
    0-*"$newline"*) failed "$1" 'installed for several architectures' ;;
    0-'installed ok '*) value "$1" "${told#installed ok }" ;;
    0-'config-files '* | 0-'not-installed '*) absent "$1" ;;
    0-*) value "$1" "${told##* } (${told%% *})" ;;
    *) failed "$1" "$(head -n 1 said)" ;;
    esac
}
proof() {
    place="__PROOFS__/$2"
    if [ -e "$place" ]; then
        if text=$(head -c 400 <"$place" 2>/dev/null); then value "$1" "$text"
        elif [ ! -r "$place" ]; then denied "$1"
        else failed "$1" 'it cannot be read'
        fi
        return
    fi
    above=__PROOFS__
    while [ -n "$above" ] && [ ! -e "$above" ]; do above=${above%/*}; done
    if [ -x "${above:-/}" ]; then absent "$1"; else denied "$1"; fi
}
""".replace("__PROOFS__", PROOFS)


class PinnedPackages(Read):
    """Keys: ``version NAME`` and ``proof NAME``.

    ``version``: of the installed package; with dpkg's word for the state in brackets where it is
    not whole. Absent: not installed. ``proof``: the version and the SHA-256 of the file the kit
    has installed it from, once its program had started; Absent when there is none.
    """

    id: ClassVar[str] = "pinned_packages"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """One look a key; raises ``ValueError`` for what is no key."""
        calls = []
        for key in sorted(keys):
            found = _KEY.match(key)
            if found is None:
                raise ValueError(f"not a key of pinned_packages: {key[:80]!r}")
            calls.append(f"{shlex.join([found[1], key, found[2]])}\n")
        return Script(form, "".join([DATABASE, SHELL, _LOOK, *calls, "ended\n"]))

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        del keys
        return parse_marked_lines(raw.text, lambda _key, text: Observed(text))
