"""What a watchdog keeps before steps that may cut a way in, so that it can put it back. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from kit.model.artefact import (
    AccountArtefact,
    Artefact,
    AttributesArtefact,
    AuthorizedKeysArtefact,
    FileArtefact,
    HeldArtefact,
    LinesArtefact,
    MembershipArtefact,
    OathUserArtefact,
    PackageArtefact,
    PamArtefact,
    PinnedPackageArtefact,
    ReloadArtefact,
    SysctlArtefact,
    UnitArtefact,
)
from kit.model.plan import Change
from kit.model.record import Record
from kit.planning.reloads import FIREWALL_UNIT
from kit.planning.schedule import Part, Step, action_of

ALWAYS: Final = (FIREWALL_UNIT, "ssh.service", "ssh.socket")
"""Units whose state is kept whatever the steps are about: they are the way in."""
FLUSHING: Final = frozenset(
    {"firewalld.service", "netfilter-persistent.service", "nftables.service", "ufw.service"}
)
"""Units that replace the whole ruleset when they start or stop."""
ACCOUNT_FILES: Final = ("/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow")
PAM_FILES: Final = ("/etc/pam.d/common-*", "/usr/share/pam-configs/esms-kit-*", "/var/lib/pam/*")
_SYSCTL: Final = "/proc/sys"


class Watch(Record):
    """What is kept on the device. ``whole``: the ruleset with the tables of others too.

    ``files`` may hold ``*`` in their last part. ``keys`` are accounts whose SSH keys are kept.
    ``patterns`` are ``file:PATTERN`` or ``directory:PATTERN`` whose owners and rights are kept;
    ``interfaces`` are ``FOLDER:PARAMETER``, a kernel value of every interface there is.
    """

    files: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    reloads: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    whole: bool = False


def guarded(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps that are done under a watchdog."""
    return tuple(step for step in steps if step.part is Part.GUARDED)


def restorable(change: Change) -> bool:
    """Whether a watchdog can bring back what was there before this change.

    A package that was removed cannot be had again while the way to its source may be cut, and what
    belonged to an account may be gone with it.
    """
    artefact = change.artefact
    packages = (PackageArtefact, PinnedPackageArtefact)
    gone = isinstance(artefact, AccountArtefact) and artefact.state == "absent"
    return change.reversible and not gone and not isinstance(artefact, packages)


def watch_of(steps: Iterable[Step]) -> Watch:
    """What is to be kept before these steps; the same steps give the same watch."""
    artefacts = [_as_held(step.artefact) for step in steps]
    units = {one.name for one in artefacts if isinstance(one, UnitArtefact)}
    names = [one.name for one in artefacts if isinstance(one, SysctlArtefact)]
    return Watch(
        files=_sorted(path for one in artefacts for path in _files(one)),
        patterns=_sorted(
            f"{one.type}:{one.path}" for one in artefacts if isinstance(one, AttributesArtefact)
        ),
        units=_sorted({*units, *ALWAYS}),
        values=_sorted(f"{_SYSCTL}/{_path(name)}" for name in names if ".*." not in name),
        interfaces=_sorted(_of_interfaces(name) for name in names if ".*." in name),
        reloads=_sorted(action for one in artefacts if (action := _action(one))),
        keys=_sorted(one.account for one in artefacts if isinstance(one, AuthorizedKeysArtefact)),
        whole=bool(units & FLUSHING),
    )


def _files(artefact: Artefact) -> tuple[str, ...]:
    if isinstance(artefact, FileArtefact | LinesArtefact):
        return (artefact.path,)
    if isinstance(artefact, AccountArtefact | MembershipArtefact):
        return ACCOUNT_FILES
    return PAM_FILES if isinstance(artefact, PamArtefact) else ()


def _as_held(artefact: Artefact) -> Artefact:
    """What is put back as the device held it is about the same as what was done then."""
    if not isinstance(artefact, HeldArtefact):
        return artefact
    first, reload = artefact.first, artefact.reload
    if artefact.of == "unit":
        return UnitArtefact(name=first, enabled="enabled", active=True)
    if artefact.of == "attributes":
        kind: Literal["file", "directory"] = "directory" if first == "directory" else "file"
        return AttributesArtefact(path=artefact.second, type=kind, mode_within="7777")
    if artefact.of in {"sysctl", "every"}:
        name = first.removeprefix(f"{_SYSCTL}/").translate(str.maketrans("./", "/."))
        every = f".*.{artefact.second}" if artefact.of == "every" else ""
        return SysctlArtefact(name=f"{name}{every}", value="0")
    if artefact.of == "account":
        return AccountArtefact(name=first)
    if artefact.of == "membership":
        return MembershipArtefact(group=first)
    if artefact.of == "authorized_keys":
        return AuthorizedKeysArtefact(account=first)
    if artefact.of == "pam":
        return PamArtefact(profiles=())
    if artefact.of == "oath_user":
        return OathUserArtefact(name=first, state="absent")
    return FileArtefact(path=first, reload=reload)


def _sorted(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(found)))


def _action(artefact: Artefact) -> str | None:
    return artefact.action if isinstance(artefact, ReloadArtefact) else action_of(artefact)


def _path(name: str) -> str:
    """Dots separate, and a slash stands for a dot in a name; ``SysctlName`` admits no ``..``."""
    return name.translate(str.maketrans("./", "/."))


def _of_interfaces(name: str) -> str:
    before, _star, parameter = name.partition(".*.")
    return f"{_SYSCTL}/{_path(before)}:{parameter}"
