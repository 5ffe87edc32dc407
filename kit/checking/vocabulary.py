"""Words of the kit's own that stand in what was read and in why it was not, in the user's language.

Snapshots, plans and findings keep them in English, the same everywhere; what the device itself
said is no word of ours and stays as it came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kit.i18n import N_, _

SYMBOLS: Final[Mapping[str, str]] = {
    "admitted": N_("admitted"),
    "partly admitted": N_("partly admitted"),
    "refused": N_("refused"),
    "as written": N_("as written by the kit"),
    "changed": N_("changed by somebody else"),
    "included": N_("included"),
    "loaded": N_("in force"),
    "stale": N_("changed since it was loaded"),
    "on_demand": N_("read at each connection"),
    "stopped": N_("stopped"),
    "installed": N_("installed"),
    "unused": N_("not used"),
    "any from any": N_("anything from anywhere"),
    "present": N_("present"),
    "missing": N_("missing"),
}
"""Values that reads make up: no device says them."""
NAMES: Final[Mapping[str, str]] = {"everybody": N_("everybody")}
"""Names of instances that reads make up."""
SAYINGS: Final = tuple(
    (re.compile(rf"{pattern}\Z"), text)
    for pattern, text in (
        (
            r"(?P<host>\S+) port (?P<port>\d+): no answer within (?P<seconds>\S+) s",
            N_("{host} port {port}: no answer within {seconds} s"),
        ),
        (
            r"no answer at (?P<host>\S+) port (?P<port>\d+) within (?P<seconds>\S+) s",
            N_("{host} port {port}: no answer within {seconds} s"),
        ),
        (
            r"(?P<host>\S+) port (?P<port>\d+): Connection refused",
            N_("{host} port {port}: connection refused"),
        ),
        (
            r"(?P<host>\S+) port (?P<port>\d+): (?:No route to host|Network is unreachable)",
            N_("{host} port {port}: no way there"),
        ),
        (r"no address is known for (?P<host>\S+)", N_("no address is known for {host}")),
        (r"(?P<host>\S+): no address is known", N_("no address is known for {host}")),
        (
            r"(?P<host>\S+): it is reached over WinRM, not SSH",
            N_("{host}: it is reached over WinRM, not SSH"),
        ),
        (r"(?P<host>\S+): no account is named", N_("{host}: no account is named")),
        (
            r"no address for (?P<host>\S+) within (?P<seconds>\S+) s",
            N_("no address for {host} within {seconds} s"),
        ),
        (r"no login within (?P<seconds>\S+) s", N_("no log-on within {seconds} s")),
        (r"no host key within (?P<seconds>\S+) s", N_("no host key within {seconds} s")),
        (r"no certificate within (?P<seconds>\S+) s", N_("no certificate within {seconds} s")),
        (r"no TLS is spoken there\Z", N_("no TLS is spoken there")),
        (
            r"no complete answer within (?P<seconds>\S+) s",
            N_("no complete answer within {seconds} s"),
        ),
        (
            r"the answer is larger than (?P<bytes>\d+) bytes",
            N_("the answer is larger than {bytes} bytes"),
        ),
        (
            (
                r"the device shows (?:a host key that is not pinned"
                r"|another host key than the one pinned)"
            ),
            N_("another host key than the one pinned"),
        ),
        (
            r"no usable host key is pinned for (?P<host>\S+)",
            N_("no usable host key is pinned for {host}"),
        ),
        (r"no host key was shown", N_("no host key was shown")),
        (
            r"sudo asked again: it does not take the password",
            N_("sudo does not take the password"),
        ),
        (r"sudo: a password is required", N_("sudo asks for a password")),
    )
)
"""What the kit's own transport says of a device that was not read."""


def symbols_shown(text: str) -> str:
    """A value, a list of values, or ``name: value; name: value``, its symbols in words."""
    if text in SYMBOLS:
        return _(SYMBOLS[text])
    if "; " in text or ": " in text:
        return "; ".join(_instance(one) for one in text.split("; "))
    return ", ".join(_(SYMBOLS[one]) if one in SYMBOLS else one for one in text.split(", "))


def _instance(text: str) -> str:
    name, colon, value = text.rpartition(": ")
    said = _(SYMBOLS[value]) if value in SYMBOLS else value
    return f"{name_shown(name)}{colon}{said}"


def name_shown(name: str) -> str:
    """The name of an instance; those that a read makes up in words."""
    return _(NAMES[name]) if name in NAMES else name


def subject_shown(subject: str) -> str:
    """What a reason is about, ``key`` or ``key [instance]``."""
    for name, words in NAMES.items():
        if subject.endswith(f" [{name}]"):
            return f"{subject.removesuffix(f'{name}]')}{_(words)}]"
    return subject


def transport_shown(text: str) -> str:
    """What was said of a device that could not be read; unknown words stay as they are."""
    jump = re.match(r"jump host (\S+): (.*)\Z", text, re.DOTALL)
    if jump is not None:
        said = transport_shown(jump.group(2))
        return _("jump host {host}: {said}").format(host=jump.group(1), said=said)
    for pattern, words in SAYINGS:
        found = pattern.match(text)
        if found is not None:
            return _(words).format(**found.groupdict())
    return text
