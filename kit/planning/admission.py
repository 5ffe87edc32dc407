"""Whether the networks a site is administered from are admitted by what a device has loaded. Pure.

Each source is asked for as a whole: at the ends of its range, and at the ends of every range that
sshd's files tell apart inside of it. What cannot be told is never an admission.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from kit.model.observation import Observation, Observed, Unreadable
from kit.reads.firewall_answers import ADMITTED, answers, flow_key
from kit.reads.nft_input import Ruleset

Network = IPv4Network | IPv6Network
Said = Mapping[str, tuple[str, ...]]
"""Option as ``sshd -T`` prints it -> the words of all its lines."""

_WHERE: Final = frozenset({"address", "host"})
_ELSEWHERE: Final = frozenset({"all", "group", "localaddress", "localport", "user"})
_PREFIX: Final = re.compile(r"((?:\d{1,3}\.){1,3})\*")
_DROP_INS: Final = frozenset({"/etc/ssh/sshd_config.d/*.conf", "sshd_config.d/*.conf"})
_MOST_ADDRESSES: Final = 200


@dataclass(frozen=True)
class Loaded:
    """What a device said it has loaded; ``unknown`` names what of its firewall it cannot show."""

    groups: tuple[str, ...] = ()
    ruleset: Mapping[str, Any] | None = None
    unknown: tuple[str, ...] = ()
    sshd: Mapping[str, Said] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Doubt:
    """Why a source is not, or may not be, admitted. ``rule`` is what does it, in its own words."""

    source: str
    rule: str
    certain: bool


def loaded_from(text: str) -> Loaded:
    """The answer of a device to ``loaded`` of ``watchdog.sh``; raises ``ValueError``."""
    groups: tuple[str, ...] | None = None
    document: Mapping[str, Any] | None = None
    unknown, lines = [], []
    sshd: dict[str, dict[str, tuple[str, ...]]] = {}
    said: dict[str, tuple[str, ...]] = {}
    *rows, last = text.removesuffix("\n").split("\n")
    for row in rows:
        mark, _blank, rest = row.partition(" ")
        if mark == "groups":
            groups = tuple(rest.split())
        elif mark == "ruleset":
            document = {"nftables": [{"metainfo": {}}]} if rest == "none" else json.loads(rest)
        elif mark == "unknown":
            unknown.append(rest)
        elif mark == "sshd":
            said = sshd.setdefault(rest, {})
        elif mark == ":":
            name, *words = rest.split()
            said[name.lower()] = (*said.get(name.lower(), ()), *words)
        elif mark == "line":
            lines.append(rest)
        else:
            raise ValueError(f"not a line of what is loaded: {row[:80]!r}")
    if last != "end" or groups is None:
        raise ValueError("what is loaded was not told to its end")
    return Loaded(groups, document, tuple(unknown), sshd, tuple(lines))


def networks(sources: Iterable[str]) -> tuple[Network, ...]:
    """Sources in CIDR form as networks."""
    return tuple(ip_network(source, strict=False) for source in sources)


def addresses(sources: Iterable[Network], lines: Iterable[str] = ()) -> tuple[str, ...]:
    """Where sshd is to be asked: the ends of all that its lines tell apart inside each source."""
    told = [one for line in lines for one in _ranges(line)]
    found: dict[str, None] = {}
    for source in sources:
        first, last = int(source.network_address), int(source.broadcast_address)
        ends = {first, last}
        for one in told:
            if isinstance(one, str) or one.version != source.version:
                continue
            low, high = int(one.network_address), int(one.broadcast_address)
            ends |= {low - 1, low, high, high + 1}
        kind = type(source.network_address)
        found |= dict.fromkeys(str(kind(end)) for end in sorted(ends) if first <= end <= last)
    return tuple(found)[:_MOST_ADDRESSES]


def _ranges(line: str) -> Iterator[Network | str]:
    """The networks a line of sshd tells apart; a text for what cannot be told as one."""
    name, *words = line.replace("=", " ").replace('"', " ").split()
    keyword = name.lower()
    if keyword == "include":
        yield from (word for word in words if word not in _DROP_INS)
    elif keyword == "match":
        for criterion, value in zip(words[::2], words[1::2], strict=False):
            if criterion.lower() in _WHERE:
                yield from (_range(part) for part in value.split(","))
            elif criterion.lower() not in _ELSEWHERE:
                yield f"Match {criterion}"
    else:
        for word in words:
            _user, at, hosts = word.partition("@")
            yield from (_range(part) for part in hosts.split(",") if at)


def _range(pattern: str) -> Network | str:
    text = pattern.removeprefix("!")
    prefix = _PREFIX.fullmatch(text)
    try:
        if text == "*":
            return ip_network("0.0.0.0/0")
        if prefix:
            parts = prefix[1].rstrip(".").split(".")
            return ip_network(".".join([*parts, *["0"] * (4 - len(parts))]) + f"/{8 * len(parts)}")
        return ip_network(text, strict=False)
    except ValueError:
        return pattern


def doubts(loaded: Loaded, sources: Iterable[Network], account: str, port: int) -> Iterator[Doubt]:
    """Everything that speaks against the admission of each source; nothing: all are admitted."""
    told = [one for line in loaded.lines for one in _ranges(line)]
    unclear = [one for one in told if isinstance(one, str)]
    for source in sources:
        yield from _by_firewall(loaded, source, port)
        if unclear and source.num_addresses > 1:
            yield Doubt(str(source), f"sshd: {unclear[0]}", certain=False)
        for address in addresses([source], loaded.lines):
            said = loaded.sshd.get(address)
            if said is None:
                yield Doubt(str(source), f"sshd -T ({address})", certain=False)
                break
            refused = next(refusals(said, loaded.groups, account, address, port), None)
            if refused is not None:
                yield Doubt(str(source), f"sshd: {refused[0]} ({address})", certain=refused[1])
                break


def _by_firewall(loaded: Loaded, source: Network, port: int) -> Iterator[Doubt]:
    name = str(source)
    if loaded.unknown or loaded.ruleset is None:
        what = ", ".join(loaded.unknown) or "nftables"
        yield Doubt(name, f"firewall: {what}", certain=False)
        return
    try:
        found = _flow(loaded.ruleset, source, port)
    except (LookupError, TypeError, ValueError) as error:
        yield Doubt(name, f"firewall: {error}", certain=False)
        return
    if isinstance(found, Unreadable):
        yield Doubt(name, f"firewall: {found.detail}", certain=False)
    elif not isinstance(found, Observed) or found.value != ADMITTED:
        shown = str(found.value) if isinstance(found, Observed) else "?"
        yield Doubt(name, f"firewall: tcp/{port} {shown}", certain=True)


def _flow(document: Mapping[str, Any], source: Network, port: int) -> Observation:
    key = flow_key("tcp", str(port), str(source))
    return answers(Ruleset(dict(document)), frozenset({key}))[key]


def shut_out(document: Mapping[str, Any], source: Network, port: int) -> bool:
    """Whether a ruleset surely keeps some of a source from a port; raises as ``Ruleset`` does."""
    found = _flow(document, source, port)
    return isinstance(found, Observed) and found.value != ADMITTED


def refusals(
    said: Said, groups: tuple[str, ...], account: str, address: str, port: int
) -> Iterator[tuple[str, bool]]:
    """The options that keep the account from coming in by key from an address; is it certain.

    ``address`` may be ``""`` where it is not known.
    """
    if not _listens(said, port):
        yield ("ListenAddress" if str(port) in said.get("port", ()) else "Port"), True
    yield from _by_names(said, groups, account, address)
    if said.get("pubkeyauthentication", ("yes",)) != ("yes",):
        yield "PubkeyAuthentication", True
    methods = said.get("authenticationmethods", ("any",))
    if not {"any", "publickey"} & set(methods):
        yield "AuthenticationMethods", True
    if account == "root" and not {"yes", "prohibit-password", "without-password"} & set(
        said.get("permitrootlogin", ("yes",))
    ):
        yield "PermitRootLogin", True
    if said.get("authorizedkeysfile") == ("none",):
        yield "AuthorizedKeysFile", True
    if said.get("forcecommand", ("none",)) != ("none",):
        yield "ForceCommand", True
    if said.get("chrootdirectory", ("none",)) != ("none",):
        yield "ChrootDirectory", True


def _listens(said: Said, port: int) -> bool:
    places = said.get("listenaddress") or said.get("port") or (str(port),)
    return any(place.rpartition(":")[2] == str(port) for place in places)


def _by_names(
    said: Said, groups: tuple[str, ...], account: str, address: str
) -> Iterator[tuple[str, bool]]:
    for option, name in (("denyusers", "DenyUsers"), ("allowusers", "AllowUsers")):
        wanted = said.get(option, ())
        found = {_is_user(pattern, account, address) for pattern in wanted}
        allows = option == "allowusers"
        if None in found and (allows or True not in found):
            yield name, False
        elif wanted and (True in found) is not allows:
            yield name, True
    for option, name in (("denygroups", "DenyGroups"), ("allowgroups", "AllowGroups")):
        wanted = said.get(option, ())
        inside = any(fnmatchcase(group, one) for group in groups for one in wanted)
        if any("!" in one or "[" in one for one in wanted):
            yield name, False
        elif wanted and inside is not (option == "allowgroups"):
            yield name, True


def _is_user(pattern: str, account: str, address: str) -> bool | None:
    """Whether ``USER[@HOSTS]`` is this account from there; ``None``: that cannot be told."""
    user, at, hosts = pattern.partition("@")
    if "!" in user or "[" in pattern:
        return None
    if not fnmatchcase(account, user):
        return False
    if not at:
        return True
    found = [_is_there(one, address) for one in hosts.split(",")]
    return None if None in found else any(found)


def _is_there(pattern: str, address: str) -> bool | None:
    if pattern.startswith("!") or not address:
        return None
    if "/" in pattern:
        try:
            network = ip_network(pattern, strict=False)
        except ValueError:
            return None
        here = ip_address(address)
        return here.version == network.version and here in network
    if re.fullmatch(r"[0-9a-fA-F.:*?]+", pattern):
        return fnmatchcase(address, pattern)
    return None  # the name of a machine
