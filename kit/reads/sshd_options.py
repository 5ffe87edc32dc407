"""The options of sshd this kit knows: the form of their value, and where they may stand.

Names and places are those of sshd_config(5) and of the keyword table of OpenSSH 8.9 to 10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kit.model.observation import ObservedValue


class Kind(StrEnum):
    """The form of a value, as ``sshd -T`` prints it."""

    WORD = "word"  # one word, a path included -> str
    INTEGER = "integer"  # -> int
    SECONDS = "seconds"  # -> int; files may write 2m or 1h30m
    ALGORITHMS = "algorithms"  # separated by commas -> sorted tuple
    NAMES = "names"  # separated by blanks, or one a line -> sorted tuple


@dataclass(frozen=True)
class SshdKeyword:
    """One option. ``match``: a Match block may set it. ``cuts``: a value of it may lock out."""

    name: str
    kind: Kind
    match: bool
    cuts: bool

    @property
    def key(self) -> str:
        """The name as ``sshd -T`` prints it."""
        return self.name.lower()


_TABLE: Final = """
AllowAgentForwarding            word        match
AllowGroups                     names       match   cuts
AllowStreamLocalForwarding      word        match
AllowTcpForwarding              word        match   cuts
AllowUsers                      names       match   cuts
AuthenticationMethods           names       match   cuts
AuthorizedKeysFile              names       match   cuts
Banner                          word        match
CASignatureAlgorithms           algorithms  match   cuts
Ciphers                         algorithms  global  cuts
ClientAliveCountMax             integer     match
ClientAliveInterval             seconds     match
Compression                     word        global
DenyGroups                      names       match   cuts
DenyUsers                       names       match   cuts
DisableForwarding               word        match   cuts
GSSAPIAuthentication            word        match   cuts
GatewayPorts                    word        match
HostKeyAlgorithms               algorithms  global  cuts
HostbasedAcceptedAlgorithms     algorithms  match   cuts
HostbasedAuthentication         word        match   cuts
IgnoreRhosts                    word        match
IgnoreUserKnownHosts            word        global
KbdInteractiveAuthentication    word        match   cuts
KerberosAuthentication          word        match   cuts
KexAlgorithms                   algorithms  global  cuts
LogLevel                        word        match
LoginGraceTime                  seconds     global
MACs                            algorithms  global  cuts
MaxAuthTries                    integer     match   cuts
MaxSessions                     integer     match   cuts
MaxStartups                     word        global  cuts
PasswordAuthentication          word        match   cuts
PermitEmptyPasswords            word        match
PermitRootLogin                 word        match   cuts
PermitTTY                       word        match
PermitTunnel                    word        match
PermitUserEnvironment           word        global
PermitUserRC                    word        match
PrintLastLog                    word        global
PrintMotd                       word        global
PubkeyAcceptedAlgorithms        algorithms  match   cuts
PubkeyAuthentication            word        match   cuts
RequiredRSASize                 integer     global  cuts
StrictModes                     word        global  cuts
SyslogFacility                  word        global
TCPKeepAlive                    word        global
UseDNS                          word        global
UsePAM                          word        global  cuts
X11Forwarding                   word        match
X11UseLocalhost                 word        match
"""

ALIASES: Final[Mapping[str, str]] = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "dsaauthentication": "pubkeyauthentication",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
    "keepalive": "tcpkeepalive",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "skeyauthentication": "kbdinteractiveauthentication",
}
"""Other spellings files may use -> the name ``sshd -T`` prints."""

GROWING: Final = frozenset({"allowgroups", "allowusers", "denygroups", "denyusers"})
"""Lists to which every further line adds; of all other options the first value wins."""

# Words sshd reads in any case, as it prints them itself; of two names of one value, ours.
_WORDS: Final = {
    "any": "any",
    "clientspecified": "clientspecified",
    "delayed": "delayed",
    "ethernet": "ethernet",
    "forced-commands-only": "forced-commands-only",
    "local": "local",
    "no": "no",
    "none": "none",
    "point-to-point": "point-to-point",
    "prohibit-password": "prohibit-password",
    "remote": "remote",
    "shosts-only": "shosts-only",
    "without-password": "prohibit-password",
    "yes": "yes",
}
_UPPER: Final = frozenset({"LogLevel", "SyslogFacility"})
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def _keyword(line: str) -> SshdKeyword:
    name, kind, place, *cuts = line.split()
    return SshdKeyword(name, Kind(kind), place == "match", bool(cuts))


KEYWORDS: Final[Mapping[str, SshdKeyword]] = {
    keyword.key: keyword for keyword in map(_keyword, _TABLE.strip().splitlines())
}
"""Name as ``sshd -T`` prints it -> the option."""


def spellings(key: str) -> tuple[str, ...]:
    """Every lower-case spelling a configuration file may use for the option ``key``."""
    return (key, *sorted(alias for alias, name in ALIASES.items() if name == key))


def _seconds(text: str) -> int:
    """``600``, ``10m`` or ``1h30m`` as seconds; raises ``ValueError``."""
    total, digits = 0, ""
    for char in text.lower():
        if char.isdecimal():
            digits += char
        elif char in _UNITS and digits:
            total += int(digits) * _UNITS[char]
            digits = ""
        else:
            raise ValueError(f"not a time: {text[:40]!r}")
    return total + (int(digits) if digits else 0)


def value_of(keyword: SshdKeyword, words: list[str]) -> ObservedValue:
    """The value of an option from its words; raises ``ValueError`` when it is not of its form."""
    if keyword.kind is Kind.NAMES:
        return tuple(sorted(set(words)))
    if len(words) != 1:
        raise ValueError(f"{keyword.name}: one word is expected, not {len(words)}")
    word = words[0]
    if keyword.kind is Kind.INTEGER:
        return int(word)
    if keyword.kind is Kind.SECONDS:
        return _seconds(word)
    if keyword.kind is Kind.ALGORITHMS:
        if word[:1] in "+-^":
            raise ValueError(f"{keyword.name}: {word[:1]} changes the list of this version")
        return tuple(sorted(set(word.split(","))))
    return word.upper() if keyword.name in _UPPER else _WORDS.get(word.lower(), word)


_NAMED: Final = re.compile(
    r"(?im)^[^\n]*?\b(?:(?:allow|deny)users[ \t=]+|match[^\n]*?\buser[ \t=]+)(.+)$"
)
_LOGIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def logins_in(text: str) -> frozenset[str]:
    """The account names that lines of sshd's configuration name, patterns left out."""
    words = (
        word.partition("@")[0]
        for line in _NAMED.findall(text)
        for word in re.split(r"[ \t,]+", line.strip().strip('"'))
    )
    return frozenset(word for word in words if _LOGIN.fullmatch(word))
