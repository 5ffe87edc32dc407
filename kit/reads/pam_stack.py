"""What PAM asks of whom, service by service: its files resolved as it reads them, and followed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from kit.model.observation import Absent, Observation, Observed, Unread, Unreadable
from kit.model.read import Form, Raw, Read, Script
from kit.reads.counted_lines import END, counted
from kit.reads.pam_lines import Line, NoStack, PamFiles
from kit.reads.pam_lockout import NO_LOCKOUT, lockout
from kit.reads.pam_script import LOOK
from kit.reads.pam_simulation import KNOWN, Somebody, outcome, tried

_NAME: Final = r"[a-z_][a-z0-9_-]{0,31}"
_KEY: Final = re.compile(
    rf"(?P<service>[a-z][a-z0-9-]{{0,31}}) (?:(?P<what>member|outsider|account|lockout-account) "
    rf"(?P<name>{_NAME})|(?P<alone>anyone|lockout))\Z"
)
_DOORS_KEY: Final = re.compile(
    rf"(?P<root>root )?doors (?:member (?P<group>{_NAME})|anyone) "
    rf"except (?P<spared>{_NAME}(?:,{_NAME})*)\Z"
)
_SOMEBODY: Final = "(somebody)"

CODE: Final = "password and code"
PASSWORD: Final = "password"  # noqa: S105 - what is asked for, not one
OTHERWISE: Final = "otherwise"
NOTHING: Final = "nothing"
CODE_ALONE: Final = "code"
CARD: Final = "card and PIN"
REFUSED: Final = "refused"
_RANKS: Final = (NOTHING, PASSWORD, CODE_ALONE, OTHERWISE, CARD, CODE, REFUSED)
_TWO_FACTORS: Final = frozenset({CARD, CODE, REFUSED})
DOORS: Final = (
    *("cockpit", "gdm-fingerprint", "gdm-smartcard", "gdm-smartcard-pkcs11-exclusive"),
    *("gdm-smartcard-sssd-exclusive", "gdm-smartcard-sssd-or-password", "greetd", "lxdm", "remote"),
    *("sddm", "slim", "wdm", "xdm", "xrdp-sesman"),
)
"""Services by which people open a session, beside those a site may ask a code at. Those that open
one by themselves (gdm-autologin) ask nobody; whether they are used is another document."""
UNASKED: Final = "unasked"
LETS_ENDED: Final = "lets ended"
ROOT_DOORS: Final = ("doas", "polkit-1")
"""Services beside sudo by which a password makes root of an administrator."""
_ASKING: Final = frozenset(
    {*DOORS, "doas", "gdm-password", "lightdm", "login", "polkit-1", "sshd", "sudo", "sudo-i"}
)
_REFUSING: Final = _ASKING | {"su", "su-l"}
_OTHER: Final = "other"  # what libpam takes for a service without a file


@dataclass
class _Device:
    files: dict[str, list[str]] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    lock: list[str] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    card: list[str] = field(default_factory=list)
    admins: dict[str, frozenset[str]] = field(default_factory=dict)
    permits: bool = False  # whether a line of doas lets anybody become somebody


class PamStack(Read):
    """Who is asked for what. Keys, each for a service (``login``, ``sshd``, ``sudo``, ...):

    - ``SERVICE member GROUP``: a person of that group, ``SERVICE outsider GROUP``: one who is
      neither in it nor root, ``SERVICE account NAME``: that account, ``SERVICE anyone``: a person
      of no group that matters. The least that lets them in:
      ``password and code``, ``password``, ``code``, ``nothing``, ``card and PIN`` (pam_pkcs11,
      where its file has cards proven by an authority), ``otherwise`` (a module or a condition not
      known here, named after a colon), or ``refused`` when even both do not.
    - ``SERVICE lockout``, ``SERVICE lockout-account NAME``: after how many failures an account is
      locked, as ``("deny=5", ...)``, or ``none``.
    - ``doors member GROUP except A,B``, ``doors anyone except A,B``: the sorted other services of
      ``DOORS`` that have a file and let in a person of that group, or anybody, but for the accounts
      named, with less than two factors, as ``SERVICE: LEAST``.
    - ``root doors member GROUP except A,B``, ``root doors anyone ...``: the same of ``ROOT_DOORS``,
      which make root: polkit of those who are in the group ``sudo`` or ``admin`` as well (another
      rule of polkit for who administers is not followed), doas where a line of it permits anything.
    - ``unasked``: the sorted services that have a file and by which some person comes in without
      being asked for anything, as ``SERVICE: WHY`` (the line that lets them, or ``nothing``).
    - ``lets ended``: the sorted services that have a file and let in an account that has ended
      (expired), as ``SERVICE: WHY`` (a condition, or ``nothing`` that looks).

    Whom a condition of these files names is tried as well, where the person is one of those asked
    about and no key asks for the account. A service that has no file gets what ``other`` says, as
    libpam does; it is Absent where there is no such file, or it refuses everybody. What is not
    certain counts as possible.
    """

    id: ClassVar[str] = "pam_stack"

    def command(self, keys: frozenset[str], form: Form) -> Script:
        """Prints PAM's files; raises ``ValueError`` for what is no key."""
        found = [_parsed(key) for key in sorted(keys) if not _of_all(key)]
        names = sorted({one["name"] for one in found if "account" in (one["what"] or "")})
        text = LOOK.replace("__ACCOUNTS__", shlex.join(names) if names else "''")
        return Script(form, text + END)

    def people(self, raw: Raw) -> frozenset[str]:
        """The administrators."""
        lines = (line.split("\t") for line in raw.text.splitlines())
        named = {line[1] for line in lines if line[0] == "admin" and len(line) > 1}
        return frozenset(named - {"root"})

    def _answers(self, raw: Raw, keys: frozenset[str]) -> Mapping[str, Observation]:
        device = _device(counted(raw.text))
        if not device.modules:
            raise ValueError("no module of PAM is installed")
        lists = {key: _of_all(key) for key in keys if _of_all(key)}
        asked = [_parsed(key) for key in keys - lists.keys()]
        spared = {
            kind: frozenset(one["name"] for one in asked if one["what"] == kind)
            for kind in ("account", "lockout-account")
        }
        seen = {key: _observation(device, key, spared) for key in keys - lists.keys()}
        return seen | {key: look(device) for key, look in lists.items() if look is not None}


def _parsed(key: str) -> re.Match[str]:
    found = _KEY.match(key)
    if found is None:
        raise ValueError(f"not a key of pam_stack: {key[:80]!r}")
    return found


def _device(lines: Iterable[str]) -> _Device:
    device = _Device()
    current: list[str] = []
    for line in lines:
        kind, _tab, text = line.partition("\t")
        if kind == "file":
            # /etc/pam.d comes second and stands in for what the system ships.
            current = device.files[text] = []
        elif kind == "line":
            current.append(text)
        elif kind == "module":
            device.modules.add(text)
        elif kind == "lock":
            device.lock.append(text)
        elif kind == "card":
            device.card.append(text)
        elif kind == "filled":
            device.filled.add(text)
        elif kind in {"admin", "groups"}:
            account, _tab, names = text.partition("\t")
            place = device.admins if kind == "admin" else device.groups
            place[account] = frozenset(names.split())
        elif line == "permits":
            device.permits = True
        else:
            raise ValueError(f"not a line of this answer: {line[:80]!r}")
    return device


def _observation(device: _Device, key: str, spared: Mapping[str, frozenset[str]]) -> Observation:
    found = _parsed(key)
    service, what = found["service"], found["alone"] or found["what"]
    file = service if service in device.files else _OTHER
    if file not in device.files:
        return Absent()
    try:
        stack = _stack(device, file)
    except NoStack as error:
        return Unreadable(Unread.UNPARSABLE, str(error)[:400])
    installed = frozenset(device.modules)
    who = _somebody(device, service, what, found["name"] or "")
    if file == _OTHER and _least(stack, who, installed) == REFUSED:
        return Absent()  # nobody comes in by a service of that name
    limited = what.startswith("lockout")
    left_out = spared["lockout-account" if limited else "account"]
    everybody = [who, *_named(device, service, what, found["name"] or "", left_out)]
    if not limited:
        return Observed(min((_least(stack, one, installed) for one in everybody), key=_rank))
    limits = {lockout(stack, one, installed, device.lock) for one in everybody}
    return Observed(limits.pop() if len(limits) == 1 else NO_LOCKOUT)


def _stack(device: _Device, file: str, kind: str = "auth") -> tuple[Line, ...]:
    """A file without a line of this kind gets those of ``other``, as in libpam."""
    files = PamFiles({name: tuple(lines) for name, lines in device.files.items()})
    found = files.stack(file, kind)
    return found if found or _OTHER not in device.files else files.stack(_OTHER, kind)


def _of_all(key: str) -> Callable[[_Device], Observation] | None:
    """What answers a key about all services together; ``None`` for a key about one."""
    if key in {LETS_ENDED, UNASKED}:
        return _unasked if key == UNASKED else _lets_ended
    found = _DOORS_KEY.match(key)
    return None if found is None else lambda device: _doors(device, found)


def _doors(device: _Device, key: re.Match[str]) -> Observation:
    """The doors that stand open with less than two factors."""
    what, name = ("member", key["group"]) if key["group"] else ("anyone", "")
    spared = frozenset(key["spared"].split(","))
    installed = frozenset(device.modules)

    def look(service: str, stack: tuple[Line, ...]) -> str:
        if service == "doas" and not device.permits:
            return ""
        who = _somebody(device, service, what, name)
        everybody = [who, *_named(device, service, what, name, spared)]
        if service == "polkit-1":
            everybody = [
                replace(who, user=user, groups=groups)
                for user, groups in device.admins.items()
                if user not in {"root", *spared} and (not name or name in groups)
            ]
        if not everybody:
            return ""
        least = min((_least(stack, one, installed) for one in everybody), key=_rank)
        return "" if least in _TWO_FACTORS else least

    return _each(device, ROOT_DOORS if key["root"] else DOORS, look)


def _unasked(device: _Device) -> Observation:
    """The doors where a condition, or nothing at all, stands in the place of a proof."""
    return _let_in(device, _ASKING, "auth", lambda one: replace(one, password=False, code=False))


def _lets_ended(device: _Device) -> Observation:
    """The doors whose account phase does not ask whether there still is an account."""
    return _let_in(device, _REFUSING, "account", lambda one: replace(one, ended=True))


def _let_in(
    device: _Device, services: frozenset[str], kind: str, state: Callable[[Somebody], Somebody]
) -> Observation:
    """What lets somebody in who is in such a state; modules not known count as refusing."""
    installed = frozenset(device.modules) & KNOWN

    def look(service: str, stack: tuple[Line, ...]) -> str:
        who = _somebody(device, service, "anyone", "")
        for one in (who, *_named(device, service, "anyone", "", frozenset({"root"}))):
            for others in (False, True):
                came = outcome(stack, state(one), installed, others=others)
                if True in came.ends:
                    return ", ".join(sorted(came.others)) or NOTHING
        return ""

    return _each(device, services, look, kind)


def _each(
    device: _Device,
    services: Iterable[str],
    look: Callable[[str, tuple[Line, ...]], str],
    kind: str = "auth",
) -> Observation:
    """What is found of services with a file; where nothing is, each must be understood."""
    found, unknown = [], ""
    for service in sorted(device.files.keys() & set(services)):
        try:
            shown = look(service, _stack(device, service, kind))
        except NoStack as error:
            unknown = unknown or str(error)[:400]
            continue
        if shown:
            found.append(f"{service}: {shown}")
    if found or not unknown:
        return Observed(tuple(found))
    return Unreadable(Unread.UNPARSABLE, unknown)


def _rank(least: str) -> int:
    """Where it stands among what opens a door, the least first."""
    return _RANKS.index(least.partition(":")[0])


def _named(
    device: _Device, service: str, what: str, name: str, left_out: frozenset[str]
) -> Iterator[Somebody]:
    """Those the files name who are among the people that are asked about."""
    if what not in {"anyone", "lockout", "member", "outsider"}:
        return
    for user, groups in sorted(device.groups.items()):
        inside = name in groups or user == "root"
        if what == "outsider" and inside:
            continue
        if user not in left_out and (what != "member" or name in groups):
            proven = _cards_proven(device.card)
            yield Somebody(service, user, groups, True, True, cards_proven=proven)


def _somebody(device: _Device, service: str, what: str, name: str) -> Somebody:
    somebody = _whoever(device, service, what, name)
    return replace(somebody, cards_proven=_cards_proven(device.card))


def _cards_proven(lines: Iterable[str]) -> bool:
    """Whether pam_pkcs11.conf takes only cards of an authority, proven by a signature.

    Each of its modules says so itself; a mapping that takes any card for anybody is none.
    """
    policies = []
    for line in lines:
        name, _equals, value = line.partition("#")[0].strip().rstrip(";").partition("=")
        if name.strip() == "cert_policy":
            policies.append({one.strip() for one in value.split(",")})
        if name.strip() == "default_match" and value.strip() != "false":
            return False
    return bool(policies) and all(
        {"ca", "signature"} <= one and "none" not in one for one in policies
    )


def _whoever(device: _Device, service: str, what: str, name: str) -> Somebody:
    filled = frozenset(device.filled)
    if what.endswith("account"):
        groups = device.groups.get(name, frozenset())
        return Somebody(service, name, groups, password=True, code=True, enrolled=False)
    groups = frozenset({name}) if what == "member" else frozenset()
    known = {name} if what in {"member", "outsider"} else set()
    return Somebody(service, _SOMEBODY, groups, password=True, code=True, filled=filled - known)


def _least(stack: tuple[Line, ...], who: Somebody, installed: frozenset[str]) -> str:
    """The least that opens the door, first as far as we know, then with what else might."""
    ways = ((False, False, NOTHING), (True, False, PASSWORD), (False, True, CODE_ALONE),
            (True, True, CODE))  # fmt: skip
    found = REFUSED
    for password, code, shown in ways:
        if True in tried(stack, who, installed, password, code, others=False).ends:
            found = shown
            break
    if found in {NOTHING, PASSWORD}:
        return found
    for password, code in ((False, False), (True, False)):
        ended = tried(stack, who, installed, password, code, others=True)
        if True in ended.ends:
            return f"{OTHERWISE}: {', '.join(sorted(ended.others))}"
    if found != CODE_ALONE and who.cards_proven:
        with_card = replace(who, card=True)
        if True in tried(stack, with_card, installed, False, False, others=False).ends:
            return CARD
    return found
