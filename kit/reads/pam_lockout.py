"""After how many failures a stack of PAM locks an account, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kit.reads.pam_lines import Line, joined
from kit.reads.pam_simulation import FAILLOCK, Somebody, tried

NO_LOCKOUT: Final = "none"
_LOCKOUT: Final = ("deny", "fail_interval", "unlock_time", "even_deny_root", "root_unlock_time")


def lockout(
    stack: tuple[Line, ...], who: Somebody, installed: frozenset[str], conf: Iterable[str]
) -> str | tuple[str, ...]:
    """The values in force, when failures are counted and a locked account stays out."""
    locked = tried(stack, who, installed, True, True, others=False, locked=True)
    wrong = tried(stack, who, installed, False, False, others=False)
    counted_by = [one for one in wrong.reached if one.startswith(FAILLOCK) and "authfail" in one]
    if True in locked.ends or not counted_by:
        return NO_LOCKOUT
    before = [one for one in locked.reached if one.startswith(FAILLOCK) and "preauth" in one]
    lines = {tuple(sorted(_values(one, conf).items())) for one in (*counted_by, *before)}
    if len(lines) != 1:
        return "its lines contradict one another"
    return tuple(f"{name}={value}" if value else name for name, value in lines.pop())


def _values(shown: str, conf: Iterable[str]) -> dict[str, str]:
    """Arguments come before the file, and that before what the module has of itself."""
    values = {"deny": "3", "fail_interval": "900", "unlock_time": "600"}
    for text in joined(tuple(conf)):
        name, _equals, value = (part.strip() for part in text.partition("="))
        if name in _LOCKOUT:
            values[name] = value
    for word in shown.split()[1:]:
        name, _equals, value = word.partition("=")
        if name in _LOCKOUT:
            values[name] = value
    if "even_deny_root" not in values:
        values.pop("root_unlock_time", None)
    return values
