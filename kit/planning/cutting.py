"""Whether a change would by itself cut the last way in that is proven. Pure.

What can be told from the change alone is refused before anything begins; the rest is left to the
watchdog, which looks at what the device has loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from kit.model.artefact import (
    AccountArtefact,
    AuthorizedKeysArtefact,
    FileArtefact,
    LinesArtefact,
    UnitArtefact,
)
from kit.model.plan import Change
from kit.planning.admission import Said, networks, refusals, shut_out
from kit.reads.firewall_table import FILE, table_of

_SSH: Final = "/etc/ssh/sshd_config"
_DAEMONS: Final = frozenset({"ssh.service", "sshd.service"})
_MOST_USERS: Final = 50
_FROM: Final = re.compile(r'from="([^"]*)"')


@dataclass(frozen=True)
class WayIn:
    """The way in that is proven: the one the device was just read over.

    ``address`` is where the device sees the controller come from, ``""`` when that is not known.
    """

    account: str
    port: int
    address: str = ""
    sources: tuple[str, ...] = ()


def cut_by(change: Change, way: WayIn) -> str:
    """What of a change cuts the way in, in its own words; ``""`` when nothing surely does."""
    return next((f"{what}{_of_rules(change, what)}" for what in _cuts(change, way)), "")


def _of_rules(change: Change, what: str) -> str:
    """The rules that ask for it, in brackets: those that name it if there are any."""
    option = what.partition(" ")[0]
    named = {value.rule for value in change.values if value.setting.endswith(f":{option}")}
    rules = sorted(named) or sorted(change.rules)
    return f" ({', '.join(rules)})" if rules else ""


def _cuts(change: Change, way: WayIn) -> Iterator[str]:
    artefact = change.artefact
    if isinstance(artefact, UnitArtefact) and artefact.name in _DAEMONS:
        if artefact.enabled == "masked" or not artefact.active:
            yield artefact.name
    elif isinstance(artefact, AccountArtefact) and artefact.name == way.account:
        if artefact.state == "absent":
            yield artefact.name
    elif isinstance(artefact, AuthorizedKeysArtefact) and artefact.account == way.account:
        yield from _by_keys(artefact, way)
    elif isinstance(artefact, FileArtefact) and artefact.state == "present":
        if artefact.path.startswith(_SSH):
            yield from _by_sshd(artefact.content.splitlines(), way)
        elif artefact.path == FILE:
            yield from _by_firewall(artefact.content, way)
    elif isinstance(artefact, LinesArtefact) and artefact.path.startswith(_SSH):
        yield from _by_sshd(artefact.present, way)


def _by_keys(artefact: AuthorizedKeysArtefact, way: WayIn) -> Iterator[str]:
    """Keys alone that open from elsewhere only; another key that stays may be the one in use."""
    if not artefact.exclusive or not way.address:
        return
    lines = [_FROM.match(line) for line in artefact.keys]
    if all(found is not None and not _admits(found[1], way.address) for found in lines):
        yield f"authorized_keys {artefact.account}"


def _admits(sources: str, address: str) -> bool:
    """Whether a ``from=`` lets the address in; a name or a pattern may."""
    for one in sources.split(","):
        try:
            if ip_address(address) in ip_network(one, strict=False):
                return True
        except ValueError:
            return True
    return False


def _by_sshd(lines: Sequence[str], way: WayIn) -> Iterator[str]:
    """Options outside of ``Match`` blocks, and in those for all, that shut the account out."""
    for option, certain in refusals(_said(lines), (), way.account, way.address, way.port):
        if certain:
            yield option


def _said(lines: Sequence[str]) -> Said:
    """As ``sshd -T`` would print what these lines say for everybody; groups are not known here."""
    found: dict[str, tuple[str, ...]] = {}
    everybody = True
    for line in lines:
        words = line.replace("=", " ", 1).split()
        if not words or words[0].startswith("#"):
            continue
        name = words[0].lower()
        if name == "match":
            everybody = [word.lower() for word in words[1:]] == ["all"]
        elif everybody and name in {"allowusers", "denyusers"}:
            found[name] = (*found.get(name, ()), *words[1:])[:_MOST_USERS]
        elif everybody and name in {"port", "listenaddress"}:
            found[name] = (*found.get(name, ()), *words[1:])
        elif everybody and name not in {"allowgroups", "denygroups"}:
            found.setdefault(name, tuple(words[1:]))
    found["listenaddress"] = tuple(
        place for place in found.get("listenaddress", ()) if _names_port(place)
    )
    return found


def _names_port(place: str) -> bool:
    """Whether a ``ListenAddress`` says a port too; without one it listens on ``Port``."""
    host, colon, port = place.rpartition(":")
    return bool(colon) and port.isdigit() and (host.count(":") == 0 or host.endswith("]"))


def _by_firewall(content: str, way: WayIn) -> Iterator[str]:
    """The planned table alone: it can only let in less once others are loaded beside it."""
    table = table_of(content)
    if table is None:
        return
    here = (way.address,) if way.address else ()
    for one in networks((*here, *way.sources)):
        if shut_out(table.document(), one, way.port):
            yield f"tcp/{way.port} {one}"
            return
